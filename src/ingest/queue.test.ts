import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { call } from "../../test/store/builders.ts";
import type { Call } from "../call.ts";
import { newId } from "../id.ts";
import { unpackCall } from "./packed-call.ts";
import { toCalls } from "./parcel.ts";
import { CallQueue } from "./queue.ts";
import { toPortions } from "./waiting.ts";

test("batches that are put back are in their old order again, whichever came back first", () => {
  const queue = new CallQueue({ callsMax: 10, bytesMax: 1_000_000, parcelCallsMax: 50 });
  for (const sinceMs of [1, 2, 3]) queue.offer(call(newId()), sinceMs);
  const [first, second] = [queue.take(1, 1_000_000), queue.take(1, 1_000_000)];
  queue.putBack(first);
  queue.putBack(second);
  expect(queue.oldestMs).toBe(1);
  expect(queue.take(10, 1_000_000).map(({ sinceMs }) => sinceMs)).toEqual([1, 2, 3]);
});

test("there is room for as much as would be kept whole, until what was taken is released", () => {
  const queue = new CallQueue({ callsMax: 3, bytesMax: 1_000_000, parcelCallsMax: 50 });
  const { bytes } = queue.room;
  queue.offer(call(newId(), { requestBody: "x".repeat(100_000) }), 1);
  expect(queue.room.calls).toBe(2);
  expect(bytes - queue.room.bytes).toBeGreaterThanOrEqual(200_000);
  queue.release(queue.take(1, 1_000_000));
  expect(queue.room).toEqual({ calls: 3, bytes });
});

describe("many calls at once", () => {
  const many = (count: number, changes: Partial<Call> = {}) =>
    Array.from({ length: count }, (_, n) => call(newId(), { rpcId: `${n}`, ...changes }));
  const fill = (calls: readonly Call[]) => {
    const queue = new CallQueue({ callsMax: 10_000, bytesMax: 1_000_000_000, parcelCallsMax: 50 });
    for (const [sinceMs, one] of calls.entries()) queue.offer(one, sinceMs);
    return queue;
  };

  test("go to the store as bytes, the same calls in the same order", () => {
    const calls = [
      ...many(60, { errorMessage: "half a pair \ud83d, 日本語" }),
      call("one", {
        timings: {
          ...{ blockedMs: 0.01, dnsMs: null, connectMs: null, tlsMs: null },
          ...{ sendMs: 0.02, waitMs: 3.1, receiveMs: 0.2, overheadMs: 0.3 },
        },
        messages: [{ atMs: 1, offsetMs: 2, direction: "server", body: "progress" }],
      }),
      ...many(139),
    ];
    const portions = toPortions(fill(calls).take(1_000, 1_000_000_000));
    expect(portions.length).toBe(4);
    expect(portions.every((portion) => portion instanceof Uint8Array)).toBe(true);
    expect([...toCalls(portions)]).toEqual(calls);
  });

  test("can each be read by itself, whatever was written in them", () => {
    const texts = ["plain", "日本語 é", "\ud83d", "\u{1f600}", '"],[{', ""];
    const calls = many(50).map((one, n) => ({ ...one, requestBody: texts[n % 6] ?? "" }));
    for (const { parcel, place = 0, call: own } of fill(calls).take(50, 1_000_000_000)) {
      expect(parcel).toBeDefined();
      expect(unpackCall(parcel?.packed(place) ?? new Uint8Array())).toEqual(own);
      expect(own).toEqual(calls[place]);
    }
  });

  test("wait outside the heap", () => {
    const body = () => JSON.stringify({ text: `${Math.random()} `.repeat(100) });
    const queue = new CallQueue({ callsMax: 10_000, bytesMax: 1_000_000_000, parcelCallsMax: 50 });
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 5_000; n += 1) queue.offer(call(newId(), { requestBody: body() }), n);
    setFlagsFromString("--expose-gc");
    (runInNewContext("gc") as () => void)();
    // A body alone has 1,900.
    expect((process.memoryUsage().heapUsed - before) / queue.size).toBeLessThan(500);
  });

  test("come in batches that end where parcels do, and none is left behind", () => {
    const calls = many(230);
    const queue = fill(calls);
    const batches: number[] = [];
    const taken: Call[] = [];
    while (queue.size > 0) {
      const batch = queue.take(120, 1_000_000_000);
      batches.push(batch.length);
      taken.push(...toCalls(toPortions(batch)));
      queue.release(batch);
    }
    expect(batches).toEqual([100, 120, 10]);
    expect(taken).toEqual(calls);
  });

  test("can be taken in batches smaller than a parcel, and each call asked for", () => {
    const calls = many(100);
    const queue = fill(calls);
    const first = queue.take(7, 1_000_000_000);
    expect(first.map((one) => one.call)).toEqual(calls.slice(0, 7));
    expect([...toCalls(toPortions(first))]).toEqual(calls.slice(0, 7));
    queue.release(first);
    const rest = queue.take(1_000, 1_000_000_000);
    expect([...toCalls(toPortions(rest))]).toEqual(calls.slice(7));
  });

  test("are the same after they were put back", () => {
    const calls = many(120);
    const queue = fill(calls);
    const [first, second] = [queue.take(50, 1_000_000_000), queue.take(50, 1_000_000_000)];
    queue.putBack(second);
    queue.putBack(first);
    expect([...toCalls(toPortions(queue.take(1_000, 1_000_000_000)))]).toEqual(calls);
  });

  test("are packed with those that come next, not with those that were taken", () => {
    const calls = many(80);
    const queue = fill(calls.slice(0, 30));
    expect(toPortions(queue.take(1_000, 1_000_000_000)).length).toBe(30);
    for (const one of calls.slice(30)) queue.offer(one, 100);
    expect(toPortions(queue.take(1_000, 1_000_000_000)).length).toBe(1);
  });

  test.for([
    { name: "three bytes a character", changes: { requestBody: "語".repeat(5_000) } },
    {
      name: "what JSON escapes",
      changes: {
        messages: [
          { atMs: 0, offsetMs: 0, direction: "server" as const, body: "\u0001".repeat(5_000) },
        ],
      },
    },
  ])("take no more memory than they count for: $name", ({ changes }) => {
    const calls = many(50, changes);
    const waiting = fill(calls).take(50, 1_000_000_000);
    expect(waiting.some(({ parcel }) => parcel)).toBe(false);
    expect(toPortions(waiting)).toEqual(calls);
  });

  test("count for what they take once they wait as bytes, and for nothing once released", () => {
    const calls = many(200, { requestBody: "x".repeat(1_000) });
    const queue = fill(calls);
    const waiting = queue.take(200, 1_000_000_000);
    const parcels = new Set(waiting.map(({ parcel }) => parcel));
    const taken = [...parcels].reduce((sum, parcel) => sum + (parcel?.bytes.byteLength ?? 0), 0);
    expect(taken).toBeGreaterThan(200_000);
    expect(queue.heldBytes).toBeGreaterThan(taken);
    expect(queue.heldBytes).toBeLessThan(taken * 1.2);
    queue.release(waiting);
    expect(queue.heldBytes).toBe(0);
  });

  test("that are large are not copied", () => {
    const calls = many(3, { requestBody: "x".repeat(200_000) });
    expect(toPortions(fill(calls).take(1_000, 1_000_000_000))).toEqual(calls);
  });

  test("that are neither large nor small are packed a few together", () => {
    const calls = many(20, { requestBody: "x".repeat(30_000) });
    const portions = toPortions(fill(calls).take(1_000, 1_000_000_000));
    expect(portions.length).toBe(4);
    expect([...toCalls(portions)]).toEqual(calls);
  });
});
