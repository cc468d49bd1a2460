/**
 * How long things took, counted in buckets: cheap to add to, read when somebody asks.
 *
 * In: spans in milliseconds. Out: counts since the start. Bounds: as many numbers as there are buckets.
 */

export interface DistributionCounts {
  /** Upper ends of the buckets, inclusive, milliseconds, ascending. */
  readonly untilMs: readonly number[];
  /** Of each bucket by itself, and last of what is longer than all of them. */
  readonly counts: readonly number[];
  readonly sumMs: number;
}

export class Distribution {
  readonly #untilMs: readonly number[];
  readonly #counts: Float64Array;
  #sumMs = 0;

  /** Ascending. */
  constructor(untilMs: readonly number[]) {
    this.#untilMs = untilMs;
    this.#counts = new Float64Array(untilMs.length + 1);
  }

  add(ms: number): void {
    const untilMs = this.#untilMs;
    let bucket = 0;
    while (bucket < untilMs.length && ms > (untilMs[bucket] as number)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sumMs += ms;
  }

  read(): DistributionCounts {
    return { untilMs: this.#untilMs, counts: [...this.#counts], sumMs: this.#sumMs };
  }
}
