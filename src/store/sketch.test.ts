import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketOf, middleOf, Sketch } from "./sketch.ts";

test("durations below 128 ms rest exactly", () => {
  for (let durationMs = 0; durationMs < 128; durationMs++) {
    expect(middleOf(bucketOf(durationMs))).toBe(durationMs);
  }
});

test("the middle of a bucket is within 1 % of every duration in it", () => {
  fc.assert(
    fc.property(fc.integer({ min: 128, max: 2 ** 31 - 1 }), (durationMs) => {
      const error = Math.abs(middleOf(bucketOf(durationMs)) - durationMs);
      expect(error).toBeLessThanOrEqual(durationMs * 0.01);
    }),
  );
});

test("buckets follow each other without a gap, to the last of 1,664", () => {
  for (let shift = 7; shift < 31; shift++) {
    expect(bucketOf(2 ** shift)).toBe(bucketOf(2 ** shift - 1) + 1);
  }
  expect(bucketOf(2 ** 31 - 1)).toBe(1_663);
  expect(bucketOf(Number.MAX_SAFE_INTEGER)).toBe(1_663);
  expect(bucketOf(-1)).toBe(0);
});

test("percentiles are the nearest rank, within 1 % of the exact one", () => {
  const durations = fc.array(fc.integer({ min: 0, max: 10_000_000 }), { minLength: 1 });
  const fractions = fc.constantFrom(0.5, 0.9, 0.95, 0.99, 1);
  fc.assert(
    fc.property(durations, fractions, (all, fraction) => {
      const sketch = new Sketch();
      for (const durationMs of all) sketch.add(durationMs);
      const rank = Math.ceil((Math.round(fraction * 100) * all.length) / 100);
      const exact = all.toSorted((a, b) => a - b)[rank - 1] ?? Number.NaN;
      const error = Math.abs((sketch.percentile(fraction) ?? Number.NaN) - exact);
      expect(error).toBeLessThanOrEqual(exact * 0.01);
    }),
  );
});

test("the sketch of a union is the union of sketches", () => {
  const durations = fc.array(fc.integer({ min: 0, max: 10_000_000 }));
  fc.assert(
    fc.property(durations, durations, (left, right) => {
      const [merged, other, whole] = [new Sketch(), new Sketch(), new Sketch()];
      for (const durationMs of left) merged.add(durationMs);
      for (const durationMs of right) other.add(durationMs);
      for (const durationMs of [...left, ...right]) whole.add(durationMs);
      const { buckets, bucketCounts } = other.counts();
      merged.addCounts(buckets, bucketCounts);
      for (const fraction of [0.01, 0.5, 0.95, 0.99, 1]) {
        expect(merged.percentile(fraction)).toBe(whole.percentile(fraction));
      }
    }),
  );
});

test("no duration has no percentile", () => {
  expect(new Sketch().percentile(0.5)).toBeNull();
});

test("one that is made of the memory of another begins empty", () => {
  const released = new Sketch();
  for (const durationMs of [0, 200, 100_000, 2 ** 31]) released.add(durationMs);
  released.release();
  expect(released.counts().buckets).toHaveLength(0);
  const next = new Sketch();
  next.add(3_000_000);
  expect([...next.counts().buckets]).toEqual([bucketOf(3_000_000)]);
  expect([...next.counts().bucketCounts]).toEqual([1]);
  expect(released.percentile(1)).toBeNull();
});
