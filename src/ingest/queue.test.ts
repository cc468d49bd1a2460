import { expect, test } from "vitest";
import { call } from "../../test/store/builders.ts";
import { newId } from "../id.ts";
import { CallQueue } from "./queue.ts";

test("batches that are put back are in their old order again, whichever came back first", () => {
  const queue = new CallQueue({ callsMax: 10, bytesMax: 1_000_000 });
  for (const sinceMs of [1, 2, 3]) queue.offer(call(newId()), sinceMs);
  const [first, second] = [queue.take(1, 1_000_000), queue.take(1, 1_000_000)];
  queue.putBack(first);
  queue.putBack(second);
  expect(queue.oldestMs).toBe(1);
  expect(queue.take(10, 1_000_000).map(({ sinceMs }) => sinceMs)).toEqual([1, 2, 3]);
});

test("there is room for as much as would be kept whole, until what was taken is released", () => {
  const queue = new CallQueue({ callsMax: 3, bytesMax: 1_000_000 });
  const { bytes } = queue.room;
  queue.offer(call(newId(), { requestBody: "x".repeat(100_000) }), 1);
  expect(queue.room.calls).toBe(2);
  expect(bytes - queue.room.bytes).toBeGreaterThanOrEqual(200_000);
  queue.release(queue.take(1, 1_000_000));
  expect(queue.room).toEqual({ calls: 3, bytes });
});
