/**
 * SQLite does what the memory driver does, whatever happens in whatever order.
 *
 * 1,000 histories; `HOOKWATCH_TEST_HISTORIES=100 npm run store -- model` runs as many as it says, and
 * `HOOKWATCH_TEST_SEED` repeats those of a seed, which a failure prints with the shortest history that fails.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { Clock } from "../../src/clock.ts";
import type { CallLog } from "../../src/store/call-log.ts";
import { MemoryCallLog } from "../../src/store/memory/call-log.ts";
import { SqliteCallLog } from "../../src/store/sqlite/call-log.ts";
import { sequence } from "./call-log/samples.ts";
import { endOf } from "./call-log/walks.ts";
import { type Bookmarks, everything, history, type Step, take, teams } from "./history.ts";

const histories = Number(process.env.HOOKWATCH_TEST_HISTORIES ?? 1_000);
const seed = process.env.HOOKWATCH_TEST_SEED;
/** Many times what it takes, for machines that have other work. */
const timeLimitMs = Math.max(180_000, histories * 400);

// In memory where there is such a place: what a sync costs is not the question here.
const root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "hookwatch-model-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;

/**
 * Where the log under test rests: with this process, in a file, or in a file that is read by a connection of its
 * own. The hurried one believes that time flies: its steps end at the first occasion, or soon after.
 */
const places = ["memory", "hurried", "file", "file and reader"] as const;
type Place = (typeof places)[number];

test("random histories have the same answers from SQLite and from memory", {
  timeout: timeLimitMs + 30_000,
}, async () => {
  const place = fc.constantFrom(...places);
  await fc.assert(
    fc.asyncProperty(place, history, async (where, steps) => compare(where, steps)),
    {
      numRuns: histories,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
      // Ends a long shrinking with what it has found, so that seed and history are told.
      interruptAfterTimeLimit: timeLimitMs,
      markInterruptAsFailure: true,
    },
  );
});

async function compare(where: Place, steps: readonly Step[]): Promise<void> {
  await using memory = new MemoryCallLog();
  await using sqlite = openPlace(where);
  const [ours, theirs] = [await bookmarks(memory), await bookmarks(sqlite.reading())];
  for (const [index, step] of [...steps, ...everything()].entries()) {
    if (step.kind === "reopen") await sqlite.reopen();
    const reads = "query" in step || step.kind === "find" || step.kind === "count";
    const expected = await take(memory, step, ours);
    const found = await take(reads ? sqlite.reading() : sqlite.writing(), step, theirs);
    if (!isDeepStrictEqual(found, expected)) expectAlike(found, expected, `step ${index}`);
  }
}

async function bookmarks(log: CallLog): Promise<Bookmarks> {
  const positions = new Map<string, string[]>();
  for (const team of teams) positions.set(team, [await endOf(log, team)]);
  return { cursor: undefined, positions };
}

function openPlace(where: Place) {
  const onDisk = where === "file" || where === "file and reader";
  const path = onDisk ? join(root, `${files++}`, "calls.db") : ":memory:";
  const open = () => {
    const writer = SqliteCallLog.open(path, {
      mode: "write",
      ...(where === "hurried" ? { clock: hurriedClock(), searchMaxMs: 1e12 } : {}),
    });
    const reader =
      where === "file and reader" ? SqliteCallLog.open(path, { mode: "read" }) : undefined;
    return { writer, reader };
  };
  let logs = open();
  const close = async () => {
    await logs.reader?.[Symbol.asyncDispose]();
    await logs.writer[Symbol.asyncDispose]();
  };
  return {
    writing: (): CallLog => logs.writer,
    reading: (): CallLog => logs.reader ?? logs.writer,
    reopen: async () => {
      if (!onDisk) return;
      await close();
      logs = open();
    },
    [Symbol.asyncDispose]: async () => {
      await close();
      if (onDisk) rmSync(join(path, ".."), { recursive: true, force: true });
    },
  };
}

function hurriedClock(): Clock {
  const random = sequence(7);
  let nowMs = 0;
  return { nowMs: () => 0, monotonicMs: () => (nowMs += random() < 0.5 ? 1_000 : 1) };
}

/** Equal but for percentiles, which two drivers may each be 2 % from the exact ones. */
function expectAlike(found: unknown, expected: unknown, what: string): void {
  const percentiles = (answer: unknown) => {
    const values: (number | null)[] = [];
    const rest: unknown = JSON.parse(
      JSON.stringify(answer ?? null, (key, value: unknown) => {
        if (!/^p\d+DurationMs$/.test(key)) return value;
        values.push(value as number | null);
        return undefined;
      }),
    );
    return { values, rest };
  };
  const [theirs, ours] = [percentiles(found), percentiles(expected)];
  expect(theirs.rest, what).toEqual(ours.rest);
  for (const [index, value] of ours.values.entries()) {
    const other = theirs.values[index];
    if (value === null || other === null) expect(other, what).toBe(value);
    else
      expect(Math.abs((other ?? Number.NaN) - value)).toBeLessThanOrEqual(
        Math.max(2, value * 0.04),
      );
  }
}
