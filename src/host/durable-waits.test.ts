import { expect, test } from "vitest";
import { DurableWaits } from "./durable-waits.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("waits of one turn share a barrier, and end when it is passed", async () => {
  const sent: number[] = [];
  using waits = new DurableWaits((barrier) => sent.push(barrier) > 0);
  const first = [waits.wait(), waits.wait()];
  await turn();
  const second = waits.wait();
  await turn();
  expect(sent).toEqual([1, 2]);
  waits.passed(1);
  await Promise.all(first);
  let over = false;
  void second.then(() => {
    over = true;
  });
  await turn();
  expect(over).toBe(false);
  waits.passed(2);
  await second;
  expect(waits.givenUp).toBe(0);
});

test("a barrier that is never passed is given up after its time, each answer counted once", async () => {
  using waits = new DurableWaits(() => true, 20);
  const startedMs = performance.now();
  await Promise.all([waits.wait(), waits.wait()]);
  expect(performance.now() - startedMs).toBeGreaterThan(15);
  expect(waits.givenUp).toBe(2);
  waits.passed(1);
  expect(waits.givenUp).toBe(2);
});

test("without a recorder nothing is waited for, and nothing more once it has died", async () => {
  let alive = false;
  using waits = new DurableWaits(() => alive);
  await waits.wait();
  expect(waits.givenUp).toBe(1);
  alive = true;
  const wait = waits.wait();
  await turn();
  waits.giveUp();
  await wait;
  expect(waits.givenUp).toBe(2);
});
