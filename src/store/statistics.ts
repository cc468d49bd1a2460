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
import { Sketch } from "./sketch.ts";

const namesMax = 10_000;
const listedMax = 1_000;

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

export class CallTally {
  readonly #bucketMs: number;
  readonly #firstBucket: number;
  readonly #series: (Group | undefined)[];
  readonly #total = new Group();
  readonly #byTool = new Map<string, Group>();
  readonly #byMethod = new Map<string, Group>();
  readonly #byServer = new Map<string, Group>();
  readonly #byClient = new Map<string, Group>();

  /** @throws Problem `validation_error` — the series would have more than 10,000 buckets. */
  constructor(query: Pick<MetricsQuery, "window" | "bucketMs">) {
    const { first, length } = bucketsOf(query.window, query.bucketMs);
    this.#bucketMs = query.bucketMs;
    this.#firstBucket = first;
    this.#series = new Array<Group | undefined>(length).fill(undefined);
  }

  /** The call lies within the query's window. */
  add(call: TalliedCall): void {
    this.#total.add(call);
    if (call.tool !== "") groupOf(this.#byTool, call.tool)?.add(call);
    groupOf(this.#byMethod, call.method)?.add(call);
    groupOf(this.#byServer, call.server)?.add(call);
    groupOf(this.#byClient, call.client)?.add(call);
    const bucket = Math.floor(call.startedAtMs / this.#bucketMs) - this.#firstBucket;
    const group = this.#series[bucket] ?? new Group();
    group.add(call);
    this.#series[bucket] = group;
  }

  metrics(): CallMetrics {
    return {
      total: this.#total.statistics(),
      byTool: named(this.#byTool),
      byMethod: named(this.#byMethod),
      byServer: named(this.#byServer),
      byClient: named(this.#byClient),
      series: this.#series.map((group, index) => ({
        startMs: (this.#firstBucket + index) * this.#bucketMs,
        ...(group ?? new Group()).statistics(),
      })),
    };
  }
}

class Group {
  #success = 0;
  #error = 0;
  #timeout = 0;
  #sumMs = 0;
  #maxMs = 0;
  readonly #sketch = new Sketch();

  get calls(): number {
    return this.#success + this.#error + this.#timeout;
  }

  add({ status, durationMs }: Pick<TalliedCall, "status" | "durationMs">): void {
    if (status === "success") this.#success++;
    else if (status === "error") this.#error++;
    else this.#timeout++;
    this.#sumMs += durationMs;
    if (durationMs > this.#maxMs) this.#maxMs = durationMs;
    this.#sketch.add(durationMs);
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

function groupOf(groups: Map<string, Group>, name: string): Group | undefined {
  const known = groups.get(name);
  if (known || groups.size >= namesMax) return known;
  const group = new Group();
  groups.set(name, group);
  return group;
}

function named(groups: ReadonlyMap<string, Group>): NamedStatistics[] {
  return [...groups]
    .sort(([nameA, a], [nameB, b]) => b.calls - a.calls || (nameA < nameB ? -1 : 1))
    .slice(0, listedMax)
    .map(([name, group]) => ({ name, ...group.statistics() }));
}
