import { describe, expect, test } from "vitest";
import { parseTime, parseWindow, writeTime } from "./range-text.ts";

const nowMs = Date.UTC(2026, 10, 21, 9, 30);
const minuteMs = 60_000;

describe("times as people type them", () => {
  test.for([
    { text: "15m", fromMs: nowMs - 15 * minuteMs },
    { text: "2 h", fromMs: nowMs - 120 * minuteMs },
    { text: "3 days", fromMs: nowMs - 3 * 1_440 * minuteMs },
    { text: "90min", fromMs: nowMs - 90 * minuteMs },
    { text: "today", fromMs: Date.UTC(2026, 10, 21) },
    { text: "yesterday", fromMs: Date.UTC(2026, 10, 20), toMs: Date.UTC(2026, 10, 21) },
    { text: "2026-11-21", fromMs: Date.UTC(2026, 10, 21) },
    {
      text: "2026-11-20 08:00 to 2026-11-20 09:15",
      fromMs: Date.UTC(2026, 10, 20, 8),
      toMs: Date.UTC(2026, 10, 20, 9, 15),
    },
  ])("$text", ({ text, fromMs, toMs }) => {
    expect(parseWindow(text, nowMs, "utc")).toEqual({ fromMs, toMs });
  });

  test.for([
    "",
    "soon",
    "15",
    "15 parsecs",
    "5 constructor",
    "2026-13-01",
    "2026-11-21 09:00 to 2026-11-21 08:00",
    "1h to 2h to 3h",
  ])("is no time: '%s'", (text) => {
    expect(parseWindow(text, nowMs, "utc")).toBeUndefined();
  });

  test("an offset of its own overrules the zone", () => {
    expect(parseTime("2026-11-21 09:30+02:00", "utc")).toBe(Date.UTC(2026, 10, 21, 7, 30));
    expect(parseTime("2026-11-21T09:30Z", "local")).toBe(nowMs);
  });

  test.for(["utc", "local"] as const)("what is written in %s is read back", (zone) => {
    expect(parseTime(writeTime(nowMs, zone), zone)).toBe(nowMs);
  });
});
