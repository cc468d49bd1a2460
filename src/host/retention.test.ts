import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
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

describe("teams", () => {
  const other = "01990000-0000-7000-8000-00000000000b";

  /** Ages in days of the calls that each of two teams has left, of those of 0, 2, 5 and 9 days. */
  async function daysLeft(ages: Omit<RetentionAges, "bodyRetentionDays">) {
    await using log = new MemoryCallLog();
    const days = [0, 2, 5, 9];
    const of = (whose: string) =>
      days.map((age) => ({ ...aged(`${whose} ${age}`, age), teamId: whose }));
    await log.append([...of(teamId), ...of(other)]);
    using _retention = new Retention(log, { ...ages, bodyRetentionDays: 0 }, clock, silentLog);
    await vi.advanceTimersByTimeAsync(10_000);
    const left = async (whose: string) =>
      (await log.page(whose, { limit: 10 })).calls.map(
        ({ startedAtMs }) => (startMs - startedAtMs) / dayMs,
      );
    return { ours: await left(teamId), theirs: await left(other) };
  }

  test.for([
    { all: 0, ours: 4, theirs: 0, left: { ours: [0, 2], theirs: [0, 2, 5, 9] } },
    { all: 0, ours: 4, theirs: 4, left: { ours: [0, 2], theirs: [0, 2] } },
    { all: 8, ours: 4, theirs: 1, left: { ours: [0, 2], theirs: [0] } },
    { all: 4, ours: 30, theirs: 0, left: { ours: [0, 2], theirs: [0, 2] } },
  ])(
    "of $ours and $theirs days keep their calls for so long, but no longer than all, $all days",
    async ({ all, ours, theirs, left }) => {
      const teams = async () => [
        { teamId, retentionDays: ours },
        { teamId: other, retentionDays: theirs },
      ];
      expect(await daysLeft({ retentionDays: all, teams })).toEqual(left);
    },
  );

  test.for([0, 8])(
    "of one age are pruned together, a thousand at a time, where all have %i days",
    async (all) => {
      const asked: [number, number][] = [];
      const calls: Pick<CallLog, "prune" | "pruneBodies"> = {
        prune: async (beforeMs, teamIds = []) => {
          asked.push([(startMs + 10_000 - beforeMs) / dayMs, teamIds.length]);
          return 0;
        },
        pruneBodies: async () => 0,
      };
      const teams = async () =>
        Array.from({ length: 2_300 }, (_, n) => ({
          teamId: `${n}`,
          retentionDays: n % 23 === 0 ? 3 : 7,
        })).concat({ teamId: "as long as all", retentionDays: all });
      const ages = { retentionDays: all, bodyRetentionDays: 0, teams };
      using _retention = new Retention(calls, ages, clock, silentLog);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(asked).toEqual([
        ...(all === 0 ? [] : [[all, 0]]),
        [3, 100],
        [7, 1_000],
        [7, 1_000],
        [7, 200],
      ]);
    },
  );

  test("that cannot be listed keep nothing else from being removed, and are asked for again", async () => {
    const told: string[] = [];
    const log: Log = { ...silentLog, error: (_fields, message) => void told.push(message) };
    await using calls = new MemoryCallLog();
    await calls.append([aged("old", 9), aged("older", 5)]);
    let asked = 0;
    const teams = async () => {
      asked += 1;
      if (asked === 1) throw new Error("away");
      return [{ teamId, retentionDays: 4 }];
    };
    const ages = { retentionDays: 8, bodyRetentionDays: 1, teams };
    using _retention = new Retention(calls, ages, clock, log);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told).toEqual([
      "what age calls of each team may reach is not known; the next run asks again",
    ]);
    const { calls: left } = await calls.page(teamId, { limit: 9 });
    expect(left.map(({ requestBody }) => requestBody)).toEqual([""]);
    await vi.advanceTimersByTimeAsync(hourMs);
    expect(await calls.count(teamId, {})).toBe(0);
  });
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
