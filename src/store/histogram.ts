/** Counts calls by start and status, the same for every driver. Bounds: 10,000 buckets. */
import { type CallStatus, callStatuses } from "../call.ts";
import { type Buckets, bucketsOf } from "./buckets.ts";
import type { HistogramBucket, HistogramQuery } from "./call-log.ts";

export class CallHistogram {
  readonly #bucketMs: number;
  readonly #buckets: Buckets;
  readonly #counts: Readonly<Record<CallStatus, Float64Array>>;

  /** @throws Problem `validation_error` — more than 10,000 buckets. */
  constructor({ filter, bucketMs }: HistogramQuery) {
    this.#bucketMs = bucketMs;
    this.#buckets = bucketsOf(filter.window, bucketMs);
    const { length } = this.#buckets;
    const counts = callStatuses.map((status) => [status, new Float64Array(length)]);
    this.#counts = Object.fromEntries(counts) as Record<CallStatus, Float64Array>;
  }

  /** So many calls of one status that started at one time, within the window. */
  add(startedAtMs: number, status: CallStatus, calls: number): void {
    const bucket = Math.floor(startedAtMs / this.#bucketMs) - this.#buckets.first;
    const counts = this.#counts[status];
    counts[bucket] = (counts[bucket] ?? 0) + calls;
  }

  buckets(): readonly HistogramBucket[] {
    return Array.from({ length: this.#buckets.length }, (_, index) => ({
      startMs: (this.#buckets.first + index) * this.#bucketMs,
      successCount: this.#counts.success[index] ?? 0,
      errorCount: this.#counts.error[index] ?? 0,
      timeoutCount: this.#counts.timeout[index] ?? 0,
    }));
  }
}
