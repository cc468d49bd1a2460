import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { call, startMs, teamId } from "../../test/store/builders.ts";
import type { CallLog } from "../store/call-log.ts";
import { MemoryCallLog } from "../store/memory/call-log.ts";
import { type Log, silentLog } from "../telemetry.ts";
import { Retention, type RetentionAges } from "./retention.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const clock = { nowMs: () => Date.now(), monotonicMs: () => 0 };

beforeEach(() => void vi.useFakeTimers({ now: startMs }));
afterEach(() => void vi.useRealTimers());

const aged = (label: string, days: number) =>
  call(label, { startedAtMs: startMs - days * dayMs, requestBody: label });

/** What is left of calls of 0, 2, 5 and 9 days: their bodies by id. */
async function leftAfter(ages: RetentionAges, runsMs: number): Promise<Record<string, string>> {
  await using log = new MemoryCallLog();
  const all = [aged("today", 0), aged("two", 2), aged("five", 5), aged("nine", 9)];
  await log.append(all);
  using _retention = new Retention(log, ages, clock, silentLog);
  await vi.advanceTimersByTimeAsync(runsMs);
  const { calls } = await log.page(teamId, { limit: 10 });
  const labels = new Map(all.map((each) => [each.id, each.requestBody]));
  return Object.fromEntries(calls.map((each) => [labels.get(each.id), each.requestBody]));
}

const whole = { today: "today", two: "two", five: "five", nine: "nine" };

test.for([
  { retentionDays: 0, bodyRetentionDays: 0, left: whole },
  { retentionDays: 4, bodyRetentionDays: 0, left: { today: "today", two: "two" } },
  { retentionDays: 0, bodyRetentionDays: 4, left: { ...whole, five: "", nine: "" } },
  { retentionDays: 8, bodyRetentionDays: 1, left: { today: "today", two: "", five: "" } },
  { retentionDays: 4, bodyRetentionDays: 4, left: { today: "today", two: "two" } },
])(
  "calls are kept $retentionDays days and their bodies $bodyRetentionDays, 0 meaning all",
  async ({ left, ...ages }) => {
    expect(await leftAfter(ages, 10_000)).toEqual(left);
  },
);

test("nothing is removed within the first seconds, for a start that is undone at once", async () => {
  expect(await leftAfter({ retentionDays: 1, bodyRetentionDays: 1 }, 9_999)).toEqual(whole);
});

test("what comes of age later goes within the hour", async () => {
  await using log = new MemoryCallLog();
  using _retention = new Retention(
    log,
    { retentionDays: 2, bodyRetentionDays: 1 },
    clock,
    silentLog,
  );
  await log.append([aged("a", 0)]);
  await vi.advanceTimersByTimeAsync(dayMs - hourMs);
  expect(await log.count(teamId, { text: "a" })).toBe(1);
  await vi.advanceTimersByTimeAsync(2 * hourMs);
  expect(await log.count(teamId, { text: "a" })).toBe(0);
  expect(await log.count(teamId, {})).toBe(1);
  await vi.advanceTimersByTimeAsync(dayMs);
  expect(await log.count(teamId, {})).toBe(0);
});

test("a run that fails is told, keeps nothing else from being removed, and is tried again", async () => {
  const told: string[] = [];
  const log: Log = { ...silentLog, error: (_fields, message) => void told.push(message) };
  const asked: string[] = [];
  const calls: Pick<CallLog, "prune" | "pruneBodies"> = {
    prune: async () => {
      asked.push("calls");
      throw new Error("away");
    },
    pruneBodies: async () => {
      asked.push("bodies");
      return 0;
    },
  };
  using _retention = new Retention(calls, { retentionDays: 2, bodyRetentionDays: 1 }, clock, log);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(asked).toEqual(["calls", "bodies"]);
  expect(told).toEqual(["calls past their age could not be removed; the next run tries again"]);
  await vi.advanceTimersByTimeAsync(hourMs);
  expect(asked).toEqual(["calls", "bodies", "calls", "bodies"]);
});

test("when it is disposed no run begins, and the one under way ends after its step", async () => {
  const { promise, resolve } = Promise.withResolvers<number>();
  const asked: string[] = [];
  const calls: Pick<CallLog, "prune" | "pruneBodies"> = {
    prune: () => {
      asked.push("calls");
      return promise;
    },
    pruneBodies: async () => {
      asked.push("bodies");
      return 0;
    },
  };
  const ages = { retentionDays: 2, bodyRetentionDays: 1 };
  const retention = new Retention(calls, ages, clock, silentLog);
  await vi.advanceTimersByTimeAsync(10_000);
  retention[Symbol.dispose]();
  resolve(1);
  await vi.advanceTimersByTimeAsync(10 * hourMs);
  expect(asked).toEqual(["calls"]);
  expect(vi.getTimerCount()).toBe(0);
});
