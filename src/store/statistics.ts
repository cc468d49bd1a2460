/**
 * Metrics from calls, the same for every driver: what is an average, a percentile, a bucket of a
 * series and the order of groups is decided here alone.
 *
 * In: calls of one team that match a metrics query, in any order. Out: `CallMetrics`.
 * Bounds: 10,000 names per kind of group (calls of further names count in the totals and in the
 * series), of which the 1,000 largest are listed; 10,000 buckets of a series.
 */
import type { CallStatus } from "../call.ts";
import { bucketsOf } from "./buckets.ts";
import type { CallMetrics, CallStatistics, MetricsQuery, NamedStatistics } from "./call-log.ts";
import { bucketOf, Sketch } from "./sketch.ts";

export const namesMax = 10_000;
const listedMax = 1_000;

/** What calls are grouped by. */
export const tallyKinds = ["server", "tool", "method", "client"] as const;
export type TallyKind = (typeof tallyKinds)[number];

/** What metrics need of a call. */
export interface TalliedCall {
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly status: CallStatus;
  readonly server: string;
  readonly tool: string;
  readonly method: string;
  readonly client: string;
}

/** To be disposed of once its metrics were asked: the next one is made of its memory. */
export class CallTally implements Disposable {
  readonly total = new Tally();
  readonly #bucketMs: number;
  readonly #firstBucket: number;
  readonly #series: (Tally | undefined)[];
  readonly #groups: Readonly<Record<TallyKind, Map<string, Tally>>> = {
    server: new Map(),
    tool: new Map(),
    method: new Map(),
    client: new Map(),
  };

  /** @throws Problem `validation_error` — the series would have more than 10,000 buckets. */
  constructor(query: Pick<MetricsQuery, "window" | "bucketMs">) {
    const { first, length } = bucketsOf(query.window, query.bucketMs);
    this.#bucketMs = query.bucketMs;
    this.#firstBucket = first;
    this.#series = new Array<Tally | undefined>(length).fill(undefined);
  }

  /** The call lies within the query's window. */
  add(call: TalliedCall): void {
    const { status, durationMs } = call;
    this.total.add(status, durationMs);
    for (const kind of tallyKinds) this.group(kind, call[kind])?.add(status, durationMs);
    this.bucket(call.startedAtMs).add(status, durationMs);
  }

  /** `undefined` for no tool, and when there are too many already. */
  group(kind: TallyKind, name: string): Tally | undefined {
    if (kind === "tool" && name === "") return undefined;
    const groups = this.#groups[kind];
    let group = groups.get(name);
    if (!group && groups.size < namesMax) {
      group = new Tally();
      groups.set(name, group);
    }
    return group;
  }

  /** That of the series which a time within the window lies in. */
  bucket(startedAtMs: number): Tally {
    const index = Math.floor(startedAtMs / this.#bucketMs) - this.#firstBucket;
    const tally = this.#series[index] ?? new Tally();
    this.#series[index] = tally;
    return tally;
  }

  [Symbol.dispose](): void {
    this.total.release();
    for (const kind of tallyKinds) for (const group of this.#groups[kind].values()) group.release();
    for (const bucket of this.#series) bucket?.release();
  }

  metrics(): CallMetrics {
    return {
      total: this.total.statistics(),
      byTool: named(this.#groups.tool),
      byMethod: named(this.#groups.method),
      byServer: named(this.#groups.server),
      byClient: named(this.#groups.client),
      series: this.#series.map((group, index) => ({
        startMs: (this.#firstBucket + index) * this.#bucketMs,
        ...(group ?? new Tally()).statistics(),
      })),
    };
  }
}

/** Sums of the calls of one group, to be added to those of others. */
export interface TallyPart {
  readonly successCount: number;
  readonly errorCount: number;
  readonly timeoutCount: number;
  readonly sumMs: number;
  readonly maxMs: number;
  /** Buckets of `Sketch`, and how many calls fell into each. */
  readonly buckets: ArrayLike<number>;
  readonly bucketCounts: ArrayLike<number>;
}

export class Tally {
  #success = 0;
  #error = 0;
  #timeout = 0;
  #sumMs = 0;
  #maxMs = 0;
  readonly #sketch = new Sketch();

  get calls(): number {
    return this.#success + this.#error + this.#timeout;
  }

  add(status: CallStatus, durationMs: number): void {
    this.addBucketed(status, durationMs, bucketOf(durationMs));
  }

  /** For many calls in several groups: the bucket of a duration (`bucketOf`) is the same in all of them. */
  addBucketed(status: CallStatus, durationMs: number, bucket: number): void {
    if (status === "success") this.#success++;
    else if (status === "error") this.#error++;
    else this.#timeout++;
    this.#sumMs += durationMs;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
    this.#sketch.addBucket(bucket);
  }

  /** `from` and `to`: which of the part's buckets it is about. */
  addPart(part: TallyPart, from = 0, to = part.buckets.length): void {
    this.#success += part.successCount;
    this.#error += part.errorCount;
    this.#timeout += part.timeoutCount;
    this.#sumMs += part.sumMs;
    if (part.maxMs > this.#maxMs) this.#maxMs = part.maxMs;
    this.#sketch.addCounts(part.buckets, part.bucketCounts, from, to);
  }

  part(): TallyPart {
    const [successCount, errorCount, timeoutCount] = [this.#success, this.#error, this.#timeout];
    const sums = { successCount, errorCount, timeoutCount, sumMs: this.#sumMs, maxMs: this.#maxMs };
    return { ...sums, ...this.#sketch.counts() };
  }

  /** Nothing may be asked of it any more. */
  release(): void {
    this.#sketch.release();
  }

  statistics(): CallStatistics {
    const calls = this.calls;
    return {
      totalCalls: calls,
      successCount: this.#success,
      errorCount: this.#error,
      timeoutCount: this.#timeout,
      avgDurationMs: calls === 0 ? null : Math.round(this.#sumMs / calls),
      p50DurationMs: this.#percentile(0.5),
      p95DurationMs: this.#percentile(0.95),
      p99DurationMs: this.#percentile(0.99),
      maxDurationMs: calls === 0 ? null : this.#maxMs,
    };
  }

  #percentile(fraction: number): number | null {
    const durationMs = this.#sketch.percentile(fraction);
    // The middle of the last bucket may lie above every duration in it.
    return durationMs === null ? null : Math.min(Math.round(durationMs), this.#maxMs);
  }
}

function named(groups: ReadonlyMap<string, Tally>): NamedStatistics[] {
  return [...groups]
    .sort(([nameA, a], [nameB, b]) => b.calls - a.calls || (nameA < nameB ? -1 : 1))
    .slice(0, listedMax)
    .map(([name, group]) => ({ name, ...group.statistics() }));
}
