/** Memory and the spill take turns, as long as that spares memory's calls the way over the disk. */
import { expect, test } from "vitest";
import { BatchTurns } from "./batch-turns.ts";

const mebibyte = 1_048_576;
const limits = { batchCallsMax: 1_000, batchBytesMax: 4 * mebibyte };
const batch = (bytes: number) => [{ bytes: bytes / 2 }, { bytes: bytes / 2 }];
const nextFour = (turns: BatchTurns) =>
  Array.from({ length: 4 }, () => (turns.isForSpill(true, true) ? "spill" : "memory"));

test("where calls wait on both sides, they take turns, the spill by a mebibyte", () => {
  const turns = new BatchTurns(limits);
  expect(nextFour(turns)).toEqual(["spill", "memory", "spill", "memory"]);
  expect(turns.spillLimits(true)).toEqual({ callsMax: 4_000, bytesMax: mebibyte });
  expect(turns.spillLimits(false).bytesMax).toBe(4 * mebibyte);
});

test("where calls wait on one side, it is its turn", () => {
  const turns = new BatchTurns(limits);
  expect([turns.isForSpill(true, false), turns.isForSpill(true, false)]).toEqual([true, true]);
  expect([turns.isForSpill(false, true), turns.isForSpill(false, true)]).toEqual([false, false]);
});

test.for([
  { ms: 61, bytes: 10_000, what: "61 ms for a small batch" },
  { ms: 241, bytes: 4 * mebibyte, what: "241 ms for 4 MiB" },
])("a store that takes $what is sent what is in the spill, in large batches", ({ ms, bytes }) => {
  const turns = new BatchTurns(limits);
  turns.took(ms, batch(bytes));
  expect(nextFour(turns)).toEqual(["spill", "spill", "spill", "spill"]);
  expect(turns.spillLimits(true).bytesMax).toBe(4 * mebibyte);
});

test("a store that was slow is tried with turns again after six batches that were not", () => {
  const turns = new BatchTurns(limits);
  turns.took(5_000, batch(4 * mebibyte));
  for (let sent = 0; sent < 6; sent += 1) {
    expect(turns.isForSpill(true, true)).toBe(true);
    turns.took(240, batch(4 * mebibyte));
  }
  expect(nextFour(turns)).toEqual(["memory", "spill", "memory", "spill"]);
});

test("a store that takes as long for little as for much loses few turns to memory", () => {
  const turns = new BatchTurns(limits);
  let fromMemory = 0;
  for (let sent = 0; sent < 80; sent += 1) {
    if (!turns.isForSpill(true, true)) fromMemory += 1;
    turns.took(200, batch(turns.spillLimits(true).bytesMax));
  }
  expect(fromMemory).toBeLessThan(80 / 6);
});
