/**
 * Latency sketches: how many durations fell into each bucket, so that percentiles of any union of
 * groups come from counts alone.
 *
 * Below 128 ms each millisecond has a bucket of its own; above, each doubling is cut into 64 equal
 * ones, so the middle of a bucket is within 0.8 % of every duration in it. `bucketOf` is shifts of
 * integers only, hence the same in SQL of any engine. At most 1,664 buckets, 6.5 KiB.
 */

const exactBelowMs = 128;
/** 24 days; longer durations count as this long. */
const durationMaxMs = 2 ** 31 - 1;

/** The bucket of a duration in whole milliseconds. Grows with it. */
export function bucketOf(durationMs: number): number {
  if (durationMs < exactBelowMs) return Math.max(0, durationMs);
  const clamped = Math.min(durationMs, durationMaxMs);
  const shift = 25 - Math.clz32(clamped);
  return (shift << 6) + (clamped >>> shift);
}

/** The middle of a bucket, milliseconds, possibly half of one. */
export function middleOf(bucket: number): number {
  if (bucket < exactBelowMs) return bucket;
  const shift = (bucket >> 6) - 1;
  const width = 2 ** shift;
  return (bucket - (shift << 6)) * width + (width - 1) / 2;
}

const none = new Uint32Array(0);
/** Up to half a second. Further steps in between would be garbage, of hundreds of sketches at once. */
const smallLength = 256;
/** Every bucket is below. */
export const bucketsMax = bucketOf(durationMaxMs) + 1;
/** Counts of `bucketsMax`, all 0, of sketches that were released, for those to come; at most 6.5 MiB. */
const spare: Uint32Array[] = [];
const spareMax = 1_024;

export class Sketch {
  #counts: Uint32Array = none;
  #total = 0;

  add(durationMs: number): void {
    this.#count(bucketOf(durationMs));
  }

  addBucket(bucket: number): void {
    this.#count(bucket);
  }

  /** Adds what `counts` of another sketch returned, or a part of it. */
  addCounts(
    buckets: ArrayLike<number>,
    bucketCounts: ArrayLike<number>,
    from = 0,
    to = buckets.length,
  ): void {
    let counts = this.#counts;
    let total = 0;
    for (let index = from; index < to; index++) {
      const bucket = buckets[index] as number;
      const times = bucketCounts[index] as number;
      if (bucket >= counts.length) counts = this.#grow(bucket);
      counts[bucket] = (counts[bucket] as number) + times;
      total += times;
    }
    this.#total += total;
  }

  /** The buckets that hold durations, ascending, and how many each holds. */
  counts(): { buckets: Uint16Array; bucketCounts: Uint32Array } {
    let used = 0;
    for (const count of this.#counts) if (count > 0) used++;
    const buckets = new Uint16Array(used);
    const bucketCounts = new Uint32Array(used);
    for (let bucket = this.#counts.length - 1; used > 0; bucket--) {
      const count = this.#counts[bucket] ?? 0;
      if (count === 0) continue;
      used--;
      buckets[used] = bucket;
      bucketCounts[used] = count;
    }
    return { buckets, bucketCounts };
  }

  /**
   * The smallest duration that at least this fraction of them does not exceed (nearest rank), in
   * milliseconds, within 1 %; null when there is none. `fraction` is above 0 and at most 1.
   */
  percentile(fraction: number): number | null {
    // Without the allowance 0.95 × 20 in floating point could ask for the twentieth of twenty.
    const rank = Math.ceil(fraction * this.#total - 1e-9);
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      const count = this.#counts[bucket] ?? 0;
      seen += count;
      if (count > 0 && seen >= rank) return middleOf(bucket);
    }
    return null;
  }

  /** Empties it, and gives its memory to others. */
  release(): void {
    if (this.#counts.length === bucketsMax && spare.length < spareMax) {
      this.#counts.fill(0);
      spare.push(this.#counts);
    }
    this.#counts = none;
    this.#total = 0;
  }

  #count(bucket: number): void {
    const counts = bucket < this.#counts.length ? this.#counts : this.#grow(bucket);
    counts[bucket] = (counts[bucket] as number) + 1;
    this.#total++;
  }

  /** Makes room for a bucket. */
  #grow(bucket: number): Uint32Array {
    const grown = emptyCounts(bucket);
    grown.set(this.#counts);
    this.#counts = grown;
    return grown;
  }
}

function emptyCounts(bucket: number): Uint32Array {
  if (bucket < smallLength) return new Uint32Array(smallLength);
  return spare.pop() ?? new Uint32Array(bucketsMax);
}
