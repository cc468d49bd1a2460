import { expect, test, vi } from "vitest";
import { call as sample } from "../../test/store/builders.ts";
import type { Call } from "../call.ts";
import { newId } from "../id.ts";
import { Problem } from "../problem.ts";
import { silentLog } from "../telemetry.ts";
import type { Taken } from "./accounting.ts";
import { Ingest, type IngestOptions, ingestDefaults } from "./ingest.ts";
import { LossTally } from "./loss-tally.ts";
import { toCalls } from "./parcel.ts";

const call = (body = ""): Call => ({
  ...sample(newId()),
  id: newId(),
  requestBody: body,
  responseBody: "",
  requestBytes: body.length,
  responseBytes: 0,
});

const away = () => new Problem("unavailable", "the disk is full");

/** A store that keeps batches, and refuses while `refusal` is set. */
class Store {
  readonly batches: Call[][] = [];
  refusal: ((calls: readonly Call[]) => Error | undefined) | undefined;

  readonly append = async (calls: readonly Call[]): Promise<Taken> => {
    const error = this.refusal?.(calls);
    if (error) throw error;
    this.batches.push([...calls]);
    return { stored: calls.length, known: 0, discarded: 0 };
  };
}

const open = (store: Store, options: Partial<IngestOptions> = {}) =>
  new Ingest((batch) => store.append([...toCalls(batch)]), {
    ...ingestDefaults,
    retryMinMs: 1,
    retryMaxMs: 2,
    log: silentLog,
    ...options,
  });

test("calls offered together are stored in one batch, in order", async () => {
  const store = new Store();
  await using ingest = open(store);
  const calls = [call(), call(), call()];
  for (const one of calls) ingest.offer(one);
  await ingest.flush();
  expect(store.batches).toEqual([calls]);
});

test("a full batch does not wait for company", async () => {
  const store = new Store();
  await using ingest = open(store, { batchCallsMax: 2, lingerMs: 3_600_000 });
  ingest.offer(call());
  ingest.offer(call());
  await vi.waitFor(() => expect(store.batches).toHaveLength(1));
});

test("a batch that the store could not take is sent again, the same calls", async () => {
  const store = new Store();
  let refusals = 3;
  store.refusal = () => (refusals-- > 0 ? away() : undefined);
  await using ingest = open(store);
  const one = call();
  ingest.offer(one);
  await ingest.flush();
  expect(store.batches).toEqual([[one]]);
  expect(ingest.account()).toMatchObject({
    accepted: 1,
    stored: 1,
    pendingMemory: 0,
    storeFailures: 3,
  });
});

test("what was stored makes room for others", async () => {
  const store = new Store();
  await using ingest = open(store, { callsMax: 10 });
  for (let round = 0; round < 5; round += 1) {
    for (let n = 0; n < 10; n += 1) ingest.offer(call());
    await ingest.flush();
  }
  expect(ingest.account()).toMatchObject({ accepted: 50, stored: 50 });
});

test("a call that can never be stored is lost alone, and counted", async () => {
  const store = new Store();
  const poison = call();
  store.refusal = (calls) => (calls.includes(poison) ? new TypeError("cannot bind") : undefined);
  await using ingest = open(store);
  const others = [call(), call()];
  for (const one of [others[0], poison, others[1]]) ingest.offer(one as Call);
  await ingest.flush();
  expect(store.batches.flat()).toEqual(others);
  expect(ingest.account()).toMatchObject({ stored: 2, dropped: { rejected: 1 } });
});

test("of many calls one that can never be stored is lost alone, too, and told of", async () => {
  const store = new Store();
  store.refusal = (calls) =>
    calls.some(({ requestBody }) => requestBody === "cursed")
      ? new Error("cannot bind")
      : undefined;
  const losses = new LossTally();
  await using ingest = open(store, { losses });
  const calls = Array.from({ length: 120 }, (_, n) => call(n === 70 ? "cursed" : `${n}`));
  for (const one of calls) ingest.offer(one);
  await ingest.flush();
  expect(store.batches.flat()).toEqual(calls.filter(({ requestBody }) => requestBody !== "cursed"));
  expect(ingest.account()).toMatchObject({ stored: 119, dropped: { rejected: 1 } });
  expect(Object.values(losses.byServer)).toEqual([1]);
});

test("many calls that a closing log refuses to the end are all counted", async () => {
  const store = new Store();
  store.refusal = away;
  const ingest = open(store, { closeMaxMs: 50 });
  for (let n = 0; n < 1_120; n += 1) ingest.offer(call(`${n}`));
  await ingest[Symbol.asyncDispose]();
  expect(ingest.account()).toMatchObject({
    accepted: 1_120,
    stored: 0,
    dropped: { shutdown: 1_120 },
  });
});

test("while the store is away bodies go before calls, and the account is exact", async () => {
  const store = new Store();
  store.refusal = away;
  const losses = new LossTally();
  await using ingest = open(store, { callsMax: 5, bytesMax: 16_000, losses });
  ingest.offer(call());
  await vi.waitFor(() => expect(ingest.account().storeFailures).toBeGreaterThan(0));
  for (let n = 0; n < 6; n += 1) ingest.offer(call("x".repeat(1_500)));
  expect(ingest.account()).toMatchObject({
    accepted: 7,
    pendingMemory: 5,
    dropped: { queue_full: 2 },
  });
  store.refusal = undefined;
  await ingest.flush();
  const account = ingest.account();
  expect(account).toMatchObject({ pendingMemory: 0, dropped: { queue_full: 2 } });
  expect(account.bodiesShed).toBeGreaterThan(0);
  expect(account.stored + account.bodiesShed).toBe(5);
  const shed = store.batches.flat().filter((one) => one.requestTruncated);
  expect(shed).toHaveLength(account.bodiesShed);
  expect(shed.every((one) => one.requestBody === "" && one.requestBytes === 1_500)).toBe(true);
  expect(losses.untoldLosses()).toMatchObject([
    { kind: "call", reason: "queue_full", calls: 2 },
    { kind: "bodies", reason: "queue_full", calls: account.bodiesShed },
  ]);
});

test("closing stores what waits, and counts what the store refuses even then", async () => {
  const store = new Store();
  const ingest = open(store);
  ingest.offer(call());
  await ingest[Symbol.asyncDispose]();
  expect(ingest.account()).toMatchObject({ stored: 1, pendingMemory: 0 });

  store.refusal = away;
  const refused = open(store);
  refused.offer(call());
  await refused[Symbol.asyncDispose]();
  refused.offer(call());
  expect(refused.account()).toMatchObject({
    accepted: 2,
    pendingMemory: 0,
    dropped: { shutdown: 2 },
  });
});

test("large header fields count like bodies, and cannot be shed", async () => {
  const store = new Store();
  store.refusal = away;
  await using ingest = open(store, { bytesMax: 1_000_000, batchCallsMax: 1 });
  for (let n = 0; n < 100; n += 1)
    ingest.offer({ ...call(), headers: { "x-large": "h".repeat(50_000) } });
  const { pendingMemory, dropped } = ingest.account();
  expect(pendingMemory * 50_000).toBeLessThan(1_000_000);
  expect(dropped.queue_full).toBe(100 - pendingMemory);
});

test("flushing and closing wait neither for company nor for the next retry", async () => {
  const store = new Store();
  const ingest = open(store, { lingerMs: 3_600_000, retryMinMs: 3_600_000, retryMaxMs: 3_600_000 });
  ingest.offer(call());
  await ingest.flush();
  expect(ingest.account().stored).toBe(1);
  store.refusal = away;
  ingest.offer(call());
  await ingest[Symbol.asyncDispose]();
  expect(ingest.account()).toMatchObject({ stored: 1, dropped: { shutdown: 1 } });
});

test("calls of a removed server are discarded, not lost", async () => {
  await using ingest = new Ingest(
    async (calls) => ({ stored: calls.length - 1, known: 0, discarded: 1 }),
    { ...ingestDefaults, log: silentLog },
  );
  ingest.offer(call());
  ingest.offer(call());
  await ingest.flush();
  expect(ingest.account()).toMatchObject({
    accepted: 2,
    stored: 1,
    discarded: 1,
    pendingMemory: 0,
  });
});
