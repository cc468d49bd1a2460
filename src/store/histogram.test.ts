import { expect, test } from "vitest";
import { CallHistogram } from "./histogram.ts";

const histogram = (sinceMs: number, untilMs: number, bucketMs = 10) =>
  new CallHistogram({ filter: { window: { sinceMs, untilMs } }, bucketMs });

test("calls are counted by their status in the bucket in which they started", () => {
  const calls = histogram(-5, 25);
  calls.add(-5, "success", 1);
  calls.add(-1, "success", 2);
  calls.add(0, "error", 3);
  calls.add(9, "error", 4);
  calls.add(24, "timeout", 5);
  expect(calls.buckets()).toEqual([
    { startMs: -10, successCount: 3, errorCount: 0, timeoutCount: 0 },
    { startMs: 0, successCount: 0, errorCount: 7, timeoutCount: 0 },
    { startMs: 10, successCount: 0, errorCount: 0, timeoutCount: 0 },
    { startMs: 20, successCount: 0, errorCount: 0, timeoutCount: 5 },
  ]);
});

test("without calls every bucket is there, empty", () => {
  expect(histogram(0, 100_000).buckets()).toHaveLength(10_000);
  expect(histogram(7, 7).buckets()).toEqual([]);
});

test("numbers of calls beyond 2^32 are exact", () => {
  const calls = histogram(0, 1);
  calls.add(0, "success", 2 ** 40);
  calls.add(0, "success", 1);
  expect(calls.buckets()[0]?.successCount).toBe(2 ** 40 + 1);
});

test("more than 10,000 buckets are refused", () => {
  expect(() => histogram(0, 100_001)).toThrow(
    expect.objectContaining({ code: "validation_error" }),
  );
});
