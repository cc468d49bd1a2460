import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketsOf } from "./buckets.ts";

test.for([
  { sinceMs: 0, untilMs: 10, bucketMs: 10, first: 0, length: 1 },
  { sinceMs: 0, untilMs: 11, bucketMs: 10, first: 0, length: 2 },
  { sinceMs: 9, untilMs: 10, bucketMs: 10, first: 0, length: 1 },
  { sinceMs: 9, untilMs: 11, bucketMs: 10, first: 0, length: 2 },
  { sinceMs: 10, untilMs: 20, bucketMs: 10, first: 1, length: 1 },
  { sinceMs: -1, untilMs: 1, bucketMs: 10, first: -1, length: 2 },
  { sinceMs: -10, untilMs: 0, bucketMs: 10, first: -1, length: 1 },
  { sinceMs: -11, untilMs: -10, bucketMs: 10, first: -2, length: 1 },
  { sinceMs: 5, untilMs: 5, bucketMs: 10, first: 0, length: 0 },
  { sinceMs: 6, untilMs: 5, bucketMs: 10, first: 0, length: 0 },
  { sinceMs: 25, untilMs: 0, bucketMs: 10, first: 2, length: 0 },
])("from $sinceMs to $untilMs there are $length buckets of $bucketMs ms", (row) => {
  const { sinceMs, untilMs, bucketMs, ...buckets } = row;
  expect(bucketsOf({ sinceMs, untilMs }, bucketMs)).toEqual(buckets);
});

test("each moment of a window lies in exactly one of its buckets, and the first and the last hold one", () => {
  const window = fc.record({
    sinceMs: fc.integer({ min: -100_000, max: 100_000 }),
    spanMs: fc.integer({ min: 1, max: 9_000 }),
    bucketMs: fc.integer({ min: 1, max: 5_000 }),
  });
  fc.assert(
    fc.property(window, fc.nat(), ({ sinceMs, spanMs, bucketMs }, at) => {
      const untilMs = sinceMs + spanMs;
      const { first, length } = bucketsOf({ sinceMs, untilMs }, bucketMs);
      const bucket = (ms: number) => Math.floor(ms / bucketMs) - first;
      expect(bucket(sinceMs)).toBe(0);
      expect(bucket(untilMs - 1)).toBe(length - 1);
      expect(bucket(sinceMs + (at % spanMs))).toBeGreaterThanOrEqual(0);
      expect(bucket(sinceMs + (at % spanMs))).toBeLessThan(length);
    }),
  );
});

test("ten thousand buckets are the most, refused by the name of the window", () => {
  expect(bucketsOf({ sinceMs: 5, untilMs: 10_005 }, 1).length).toBe(10_000);
  expect(() => bucketsOf({ sinceMs: 5, untilMs: 10_006 }, 1)).toThrow(
    expect.objectContaining({
      code: "validation_error",
      details: [{ field: "window", message: "asks for 10001 buckets, the limit is 10000" }],
    }),
  );
  expect(() => bucketsOf({ sinceMs: -8.64e15, untilMs: 8.64e15 }, 1)).toThrow("the limit is 10000");
});
