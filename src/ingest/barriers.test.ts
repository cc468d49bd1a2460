/** When what was offered counts as durable: in the store after its commit, in the spill after its sync, not before. */
import { readdirSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { id, call as sample } from "../../test/store/builders.ts";
import type { Call } from "../call.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import { silentLog } from "../telemetry.ts";
import type { Taken } from "./accounting.ts";
import { Barriers } from "./barriers.ts";
import { Ingest, type IngestOptions, ingestDefaults } from "./ingest.ts";
import { toCalls } from "./parcel.ts";
import { Spill } from "./spill.ts";

let folder = "";
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "hookwatch-barriers-")), "spill");
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

const manyLarge = () =>
  Array.from({ length: 500 }, () => ({ ...call(), requestBody: "x".repeat(3_000) }));
const turn = () => new Promise((resolve) => setImmediate(resolve));
const call = (): Call => ({ ...sample(newId()), id: newId() });

/** A store whose commits end when the test says so. */
class Store {
  readonly commits: { readonly calls: readonly Call[]; end(error?: Error): void }[] = [];

  readonly append = (calls: readonly Call[]): Promise<Taken> =>
    new Promise((resolve, reject) => {
      const end = (error?: Error) =>
        error ? reject(error) : resolve({ stored: calls.length, known: 0, discarded: 0 });
      this.commits.push({ calls, end });
    });

  commit(count: number): Promise<void> {
    return vi.waitFor(() => expect(this.commits).toHaveLength(count));
  }
}

const settings = {
  ...ingestDefaults,
  lingerMs: 3_600_000,
  retryMinMs: 1,
  retryMaxMs: 2,
  closeMaxMs: 1,
};
const open = (store: Store, more: Partial<IngestOptions> = {}) =>
  new Ingest((batch) => store.append([...toCalls(batch)]), {
    ...settings,
    log: silentLog,
    ...more,
  });
const spill = () =>
  new Spill({ folder, log: silentLog, life: id("life"), maxBytes: 1e8, freeShareMin: 0 });

/** Whether it has resolved by now, all microtasks done. */
async function isOver(promise: Promise<void>): Promise<boolean> {
  const turn = new Promise<boolean>((resolve) => setImmediate(resolve, false));
  return Promise.race([promise.then(() => true), turn]);
}

test("nothing offered is durable at once", async () => {
  await using ingest = open(new Store());
  expect(await isOver(ingest.durable())).toBe(true);
});

test("a call is durable when its commit has ended, and its batch waits for no company", async () => {
  const store = new Store();
  await using ingest = open(store);
  ingest.offer(call());
  const durable = ingest.durable();
  await store.commit(1);
  expect(await isOver(durable)).toBe(false);
  store.commits[0]?.end();
  await durable;
});

test("what comes during a commit shares the next one, and is not durable with the first", async () => {
  const store = new Store();
  await using ingest = open(store);
  ingest.offer(call());
  const first = ingest.durable();
  await store.commit(1);
  await new Promise((resolve) => setTimeout(resolve, 2));
  for (const one of [call(), call(), call()]) ingest.offer(one);
  const later = [ingest.durable(), ingest.durable()];
  store.commits[0]?.end();
  await first;
  await store.commit(2);
  expect(store.commits[1]?.calls).toHaveLength(3);
  expect(await Promise.all(later.map(isOver))).toEqual([false, false]);
  store.commits[1]?.end();
  await Promise.all(later);
});

test("a commit that failed has made nothing durable", async () => {
  const store = new Store();
  await using ingest = open(store);
  ingest.offer(call());
  const durable = ingest.durable();
  await store.commit(1);
  store.commits[0]?.end(new Problem("unavailable", "the disk is full"));
  await store.commit(2);
  expect(await isOver(durable)).toBe(false);
  store.commits[1]?.end();
  await durable;
});

test("while the store hangs, a call is durable once the spill has it", async () => {
  const store = new Store();
  await using ingest = open(store, { spill: spill() });
  ingest.offer(call());
  const underWay = ingest.durable();
  await store.commit(1);
  ingest.offer(call());
  await Promise.all([underWay, ingest.durable()]);
  expect((await readdir(folder)).length).toBeGreaterThan(0);
  expect(ingest.account().stored).toBe(0);
});

test("a call is not durable because its commit is under way", async () => {
  const store = new Store();
  await using ingest = open(store, { lingerMs: 1 });
  ingest.offer(call());
  await store.commit(1);
  const durable = ingest.durable();
  expect(await isOver(durable)).toBe(false);
  store.commits[0]?.end();
  await durable;
});

test("calls are not durable because older ones have reached the spill", async () => {
  const store = new Store();
  await using ingest = open(store, { lingerMs: 1, callsMax: 900, spill: spill() });
  ingest.offer(call());
  await store.commit(1);
  // Memory is half full then: all go to disk at once, and these take longer.
  for (const one of manyLarge()) ingest.offer(one);
  await ingest.durable();
  expect(ingest.account().pendingSpill).toBe(manyLarge().length);
});

test("calls are not durable because the store has refused them while they are copied", async () => {
  const store = new Store();
  await using ingest = open(store, { lingerMs: 1, spill: spill() });
  for (const one of manyLarge()) ingest.offer(one);
  await store.commit(1);
  await vi.waitFor(() => expect(readdirSync(folder)).toHaveLength(1), { interval: 1 });
  store.commits[0]?.end(new Problem("unavailable", "the disk is full"));
  await turn();
  await ingest.durable();
  await turn();
  expect(ingest.account().pendingSpill).toBe(manyLarge().length);
});

test("a spill that fails makes nothing durable", async () => {
  const store = new Store();
  await using ingest = open(store, { spill: spill() });
  await rm(folder, { recursive: true });
  ingest.offer(call());
  const durable = ingest.durable();
  await store.commit(1);
  await vi.waitFor(() => expect(ingest.account().spillFailures).toBeGreaterThan(0), 3_000);
  expect(await isOver(durable)).toBe(false);
  store.commits[0]?.end();
  await durable;
});

test("calls that are lost hold nobody up", async () => {
  const store = new Store();
  await using ingest = open(store);
  ingest.offer(call());
  const durable = ingest.durable();
  await store.commit(1);
  store.commits[0]?.end(new Error("it cannot be stored"));
  await durable;
  expect(ingest.account().dropped.rejected).toBe(1);
});

test("the end of ingest ends every wait", async () => {
  const ingest = open(new Store());
  ingest.offer(call());
  const durable = ingest.durable();
  await ingest[Symbol.asyncDispose]();
  await durable;
  await ingest.durable();
});

test("a barrier is passed by what came before it alone", async () => {
  const barriers = new Barriers();
  const [first, second] = [barriers.wait(10), barriers.wait(20)];
  barriers.pass(10);
  expect(await Promise.all([first, second].map(isOver))).toEqual([false, false]);
  barriers.pass(11);
  expect(await Promise.all([first, second].map(isOver))).toEqual([true, false]);
  barriers.pass(undefined);
  expect(await isOver(second)).toBe(true);
});
