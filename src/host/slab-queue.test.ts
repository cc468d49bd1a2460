import { stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { SlabQueue } from "./slab-queue.ts";

/** One on whose clock each slab takes a second. */
function slowQueue(read: (bytes: number) => void): SlabQueue {
  let now = 0;
  const clock = { nowMs: () => now, monotonicMs: () => now };
  return new SlabQueue(({ byteLength }) => {
    now += 1_000;
    read(byteLength);
  }, clock);
}

const slab = (bytes: number) => new Uint8Array(bytes);

test("slabs are read in order, and who waits for some of them does not wait for those behind them", async () => {
  const read: number[] = [];
  const queue = slowQueue((bytes) => read.push(bytes));
  queue.put(slab(1));
  queue.put(slab(2));
  const settled = queue.settled().then(() => [...read]);
  queue.put(slab(3));
  expect(read).toEqual([]);
  expect(await settled).toEqual([1, 2]);
  await queue.settled();
  expect(read).toEqual([1, 2, 3]);
  await queue.settled();
});

test("what a disk answers is heard although slabs never cease to come", async () => {
  const readsMax = 10_000_000;
  let reads = 0;
  let heard = false;
  const queue = slowQueue(() => {
    reads += 1;
    if (!heard && reads < readsMax) queue.put(slab(1));
  });
  queue.put(slab(1));
  await stat(new URL(import.meta.url));
  heard = true;
  expect(reads).toBeLessThan(readsMax);
});
