/** What is remembered of bundles of calls: asked again, only what changed is looked at, and the answers are the same. */
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import type { CallFilter } from "../../src/store/call-filter.ts";
import { bundleBefore, bundleSeqs, shelfSeqs } from "../../src/store/sqlite/bundles.ts";
import { CallFile } from "../../src/store/sqlite/call-file.ts";
import { callMetrics } from "../../src/store/sqlite/call-metrics.ts";
import { CallRemoval } from "../../src/store/sqlite/call-removal.ts";
import { type Question, scan } from "../../src/store/sqlite/call-scan.ts";
import { CallTotals } from "../../src/store/sqlite/call-totals.ts";
import { appendCalls } from "../../src/store/sqlite/call-writer.ts";
import { Residue } from "../../src/store/sqlite/residue.ts";
import { call, id, startMs, teamId } from "./builders.ts";

const limits = { clock: systemClock, searchMaxMs: 1_000 };
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** The next call will be the first of a bundle, or so many before it. */
function leap(file: CallFile, before = 0, seqs = bundleSeqs): void {
  const seq = Number(file.db.prepare("SELECT next_seq FROM arrivals").get()?.next_seq);
  const next = (Math.floor(seq / seqs) + 1) * seqs - before;
  if (next > seq) file.db.prepare("UPDATE arrivals SET next_seq = ?").run(next);
}

test("a question that is asked again looks at the bundles that changed, and at no other", async () => {
  using file = new CallFile(":memory:", "write");
  for (let at = 0; at < 3; at++) {
    appendCalls(file, [call(`a ${at}`)]);
    appendCalls(file, [call(`b ${at}`, { startedAtMs: startMs + hourMs })]);
    leap(file);
  }
  const ask = asking(file);
  expect(await ask()).toEqual({ looked: 6, calls: 6 });
  expect(await ask()).toEqual({ looked: 0, calls: 6 });
  expect(await ask({ statuses: ["error"] })).toEqual({ looked: 6, calls: 0 });
  // A window that all of their calls lie in asks the same of them; one that cuts them, something else.
  expect(await ask({ window: { sinceMs: startMs } })).toEqual({ looked: 0, calls: 6 });
  expect(await ask({ window: { sinceMs: startMs + 1 } })).toEqual({ looked: 3, calls: 3 });
  expect(await ask({ window: { untilMs: startMs } })).toEqual({ looked: 0, calls: 0 });
  appendCalls(file, [call("another")]);
  expect(await ask()).toEqual({ looked: 1, calls: 7 });
  await new CallRemoval(file, new Residue(file)).removeCall(teamId, call("b 1").id);
  expect(await ask()).toEqual({ looked: 1, calls: 6 });
  // Its segment goes with it, and the newest of its bundle stays.
  await new CallRemoval(file, new Residue(file)).removeCall(teamId, call("a 2").id);
  expect(await ask()).toEqual({ looked: 1, calls: 5 });
});

test("bundles of a shelf that is asked again are one answer, until one of them changes", async () => {
  using file = new CallFile(":memory:", "write");
  const remembered = vi.spyOn(file.answers, "to");
  for (let at = 0; at < 20; at++) {
    appendCalls(file, [call(`${at}`)]);
    leap(file);
  }
  const ask = asking(file);
  expect(await ask()).toEqual({ looked: 20, calls: 20 });
  for (let time = 0; time < 3; time++) expect(await ask()).toEqual({ looked: 0, calls: 20 });
  const answers = remembered.mock.results.at(-1)?.value;
  const seq = Number.MAX_SAFE_INTEGER;
  const latest = bundleBefore(file.statements, seq, shelfSeqs);
  const shelf = bundleBefore(file.statements, 2 * shelfSeqs, shelfSeqs);
  if (!latest || !shelf) throw new Error("there are three shelves");
  expect(answers.recall(shelf)).toBe(8);
  // The next call would make it another, and what its other bundles answered would be forgotten.
  expect(answers.recall(latest)).toBeUndefined();
  await new CallRemoval(file, new Residue(file)).removeCall(teamId, call("9").id);
  expect(await ask()).toEqual({ looked: 7, calls: 19 });
  expect(await ask({ window: { sinceMs: startMs, untilMs: startMs + 1 } })).toEqual({
    looked: 0,
    calls: 19,
  });
});

/** How many segments were looked at for a count, and what it is. */
function asking(
  file: CallFile,
): (filter?: CallFilter) => Promise<{ looked: number; calls: number }> {
  let [looked, calls] = [0, 0];
  const question: Question<number> = {
    name: "looks",
    begin: () => {
      let found = 0;
      return {
        visit: (segment, selection, span) => {
          looked++;
          found += selection.count(segment, span);
        },
        absorb: (others) => {
          found += others;
        },
        end: () => ({ answer: found, bytes: 8 }),
      };
    },
    add: (found) => {
      calls += found;
    },
  };
  return async (filter = {}) => {
    [looked, calls] = [0, 0];
    await scan(file, { teamId, filter, clock: systemClock, signal: undefined }, question);
    return { looked, calls };
  };
}

test("calls that move to an earlier bundle while a question is between two steps are counted once, then and later", async () => {
  using file = new CallFile(":memory:", "write");
  for (let at = 0; at < 20; at++) appendCalls(file, [call(`early ${at}`)]);
  leap(file);
  for (let at = 0; at < 11; at++) appendCalls(file, [call(`late ${at}`)]);
  let nowMs = 0;
  const hurried = { nowMs: () => 0, monotonicMs: () => (nowMs += 100) };
  const totals = new CallTotals(file, { clock: hurried, searchMaxMs: 1_000 });
  const asked = totals.count(teamId, {});
  // The 32nd small segment makes one of all.
  appendCalls(file, [call("last")]);
  expect(await asked).toBe(31);
  expect(await totals.count(teamId, {})).toBe(32);
});

type Step =
  | { readonly kind: "append"; readonly calls: number; readonly sizes: number }
  | { readonly kind: "leap"; readonly before: number; readonly seqs: number }
  | { readonly kind: "remove" | "hide"; readonly which: number }
  | { readonly kind: "sweep" }
  | { readonly kind: "ask"; readonly from: number; readonly to: number; readonly server: number };

const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("append" as const),
      calls: fc.integer({ min: 1, max: 80 }),
      sizes: fc.integer({ min: 1, max: 80 }),
    }),
    fc.record({
      kind: fc.constant("leap" as const),
      before: fc.nat(40),
      seqs: fc.constantFrom(bundleSeqs, bundleSeqs, shelfSeqs),
    }),
    fc.record({ kind: fc.constantFrom("remove" as const, "hide" as const), which: fc.nat() }),
    fc.record({ kind: fc.constant("sweep" as const) }),
    fc.record({
      kind: fc.constant("ask" as const),
      from: fc.constantFrom(-1, -1, 0, 4, 10),
      to: fc.constantFrom(14, 14, 5, 12),
      server: fc.integer({ min: -1, max: 3 }),
    }),
  ),
  { minLength: 5, maxLength: 25 },
);

test("whatever was appended, removed, hidden and asked before, answers are those of a log that remembers nothing", async () => {
  const random = fc.asyncProperty(steps, async (history) => {
    using file = new CallFile(":memory:", "write");
    const removal = new CallRemoval(file, new Residue(file));
    let appended = 0;
    for (const step of [...history, { kind: "ask", from: -1, to: 14, server: -1 } satisfies Step]) {
      if (step.kind === "append") appended = append(file, step, appended);
      else if (step.kind === "leap") leap(file, step.before, step.seqs);
      else if (step.kind === "hide") removal.hideServer(teamId, id(`server ${step.which % 4}`));
      else if (step.kind === "sweep") await removal.sweep();
      else if (step.kind === "ask") {
        // Shelves are filled by the second time, and asked by the third.
        const remembered = [];
        for (let time = 0; time < 3; time++) remembered.push(await everything(file, step));
        file.answers.forget();
        const known = await everything(file, step);
        expect(remembered).toEqual([known, known, known]);
      } else if (appended > 0)
        await removal.removeCall(teamId, call(`${step.which % appended}`).id);
    }
  });
  await fc.assert(random, { numRuns: 100 });
});

function append(
  file: CallFile,
  { calls, sizes }: { calls: number; sizes: number },
  appended: number,
): number {
  const batch = Array.from({ length: calls }, (_, index) => {
    const number = appended + index;
    return call(`${number}`, {
      startedAtMs: startMs + ((number * 7) % 13) * hourMs + (number % 59) * minuteMs,
      durationMs: (number * 37) % 5_000,
      serverId: id(`server ${number % 4}`),
      toolName: `tool ${number % 3}`,
      status: number % 5 === 0 ? "error" : "success",
    });
  });
  for (let at = 0; at < calls; at += sizes) appendCalls(file, batch.slice(at, at + sizes));
  return appended + calls;
}

async function everything(
  file: CallFile,
  { from, to, server }: { from: number; to: number; server: number },
): Promise<unknown> {
  const totals = new CallTotals(file, limits);
  const servers = server < 0 ? {} : { serverIds: [id(`server ${server}`)] };
  const window = { sinceMs: startMs + from * hourMs, untilMs: startMs + to * hourMs };
  const filter = { ...servers, window };
  const metrics = (bucketMs: number) =>
    callMetrics(file, systemClock, teamId, { ...filter, bucketMs }, undefined);
  return {
    count: await totals.count(teamId, filter),
    slow: await totals.count(teamId, { ...filter, minDurationMs: 2_000 }),
    all: await totals.count(teamId, servers),
    facets: await totals.facets(teamId, {
      filter,
      fields: ["serverId", "toolName", "status", "errorKind"],
      valuesMax: 10,
    }),
    histogram: await totals.histogram(teamId, { filter, bucketMs: 30 * minuteMs }),
    byHour: await metrics(hourMs),
    byMinutes: await metrics(20 * minuteMs),
  };
}
