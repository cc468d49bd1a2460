import { describe, expect, test } from "vitest";
import {
  byteSize,
  clockTime,
  duration,
  fineDuration,
  fullTime,
  percent,
  relativeTime,
  shortCount,
} from "./time.ts";

const atMs = Date.UTC(2026, 10, 21, 9, 5, 3, 7);

describe("figures for people", () => {
  test.for([
    [0, "0 ms"],
    [999.4, "999 ms"],
    [1_000, "1.00 s"],
    [12_345, "12.3 s"],
    [60_000, "1 min"],
    [125_000, "2 min 5 s"],
    [3_720_000, "1 h 2 min"],
    [90_000_000, "1 d 1 h"],
  ] as const)("%d ms are %s", ([ms, text]) => {
    expect(duration(ms)).toBe(text);
  });

  test.for([
    [0, "0 ms"],
    [0.314, "0.31 ms"],
    [4, "4 ms"],
    [9.94, "9.9 ms"],
    [9.96, "10 ms"],
    [1_000, "1.00 s"],
  ] as const)("%d ms, finely, are %s", ([ms, text]) => {
    expect(fineDuration(ms)).toBe(text);
  });

  test.for([
    [0, "0 B"],
    [1_023, "1023 B"],
    [1_024, "1.00 KiB"],
    [10_240, "10.0 KiB"],
    [1_048_576, "1.00 MiB"],
    [5e14, "455 TiB"],
  ] as const)("%d bytes are %s", ([bytes, text]) => {
    expect(byteSize(bytes)).toBe(text);
  });

  test.for([
    [atMs, "just now"],
    [atMs - 12_000, "12 s ago"],
    [atMs - 3 * 60_000, "3 min ago"],
    [atMs - 26 * 3_600_000, "1 d ago"],
    [atMs + 2 * 3_600_000, "in 2 h"],
  ] as const)("%d is %s", ([then, text]) => {
    expect(relativeTime(then, atMs)).toBe(text);
  });

  test("the clock has milliseconds, and says its zone when it is not the local one", () => {
    expect(clockTime(atMs, "utc")).toBe("09:05:03.007");
    expect(fullTime(atMs, "utc")).toBe("21 Nov 2026, 09:05:03.007 UTC");
  });

  test("rates without calls are a dash, small ones keep a digit", () => {
    expect([percent(null), percent(0), percent(0.003), percent(0.5), percent(1)]).toEqual([
      "–",
      "0 %",
      "0.3 %",
      "50 %",
      "100 %",
    ]);
  });

  test("large counts are short", () => {
    expect([shortCount(9_999), shortCount(12_300), shortCount(1_200_000)]).toEqual([
      "9,999",
      "12.3K",
      "1.2M",
    ]);
  });
});
