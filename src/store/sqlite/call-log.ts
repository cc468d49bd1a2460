/**
 * The call log in one SQLite file: the default engine, nothing to set up.
 *
 * One connection writes, in a thread of its own; others read, each in theirs, and neither waits for
 * the other (WAL). Guarantees: `append` returns when the batch survives the death of the machine
 * (`synchronous=FULL`; ingest groups commits, so an fsync is shared by many calls).
 * Bounds: see call-reader.ts, call-totals.ts, call-writer.ts, call-removal.ts, call-pruning.ts.
 */
import type { Call } from "../../call.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { isUuid } from "../../id.ts";
import type { Loss } from "../../loss.ts";
import type { CallFilter } from "../call-filter.ts";
import type {
  Appended,
  ArrivalsQuery,
  CallArrivals,
  CallFacets,
  CallLog,
  CallMetrics,
  CallPage,
  FacetsQuery,
  HistogramBucket,
  HistogramQuery,
  LossQuery,
  MetricsQuery,
  PageQuery,
} from "../call-log.ts";
import { BlockMerging } from "./block-merging.ts";
import { CallFile } from "./call-file.ts";
import { addLosses, readLosses } from "./call-losses.ts";
import { callMetrics } from "./call-metrics.ts";
import { CallPruning } from "./call-pruning.ts";
import { CallReader } from "./call-reader.ts";
import { CallRemoval } from "./call-removal.ts";
import { CallTotals } from "./call-totals.ts";
import { findDamage } from "./call-verification.ts";
import { appendCalls } from "./call-writer.ts";
import type { DatabaseMode } from "./database.ts";
import { Residue } from "./residue.ts";

export interface SqliteCallLogOptions {
  /** `write` answers everything and makes the file where there is none; `read` demands it and changes nothing. */
  readonly mode: DatabaseMode;
  readonly clock?: Clock;
  /** How long one text search may look. */
  readonly searchMaxMs?: number;
}

export class SqliteCallLog implements CallLog {
  readonly #file: CallFile;
  readonly #clock: Clock;
  readonly #reader: CallReader;
  readonly #totals: CallTotals;
  readonly #residue: Residue;
  readonly #removal: CallRemoval;
  readonly #pruning: CallPruning;
  readonly #merging: BlockMerging;

  private constructor(file: CallFile, options: SqliteCallLogOptions) {
    const { clock = systemClock, searchMaxMs = 2_000 } = options;
    this.#file = file;
    this.#clock = clock;
    this.#reader = new CallReader(file, { clock, searchMaxMs });
    this.#totals = new CallTotals(file, { clock, searchMaxMs });
    this.#residue = new Residue(file);
    this.#removal = new CallRemoval(file, this.#residue, clock);
    this.#pruning = new CallPruning(file, this.#residue);
    this.#merging = new BlockMerging(file);
  }

  /** @throws Problem `unavailable` — no permission, no database, a newer schema; for `read`, none or an older one. */
  static open(path: string, options: SqliteCallLogOptions): SqliteCallLog {
    return new SqliteCallLog(new CallFile(path, options.mode), options);
  }

  async append(calls: Iterable<Call>): Promise<Appended> {
    const appended = appendCalls(this.#file, calls);
    this.#residue.scrubIfDue();
    return appended;
  }

  async page(teamId: string, query: PageQuery, signal?: AbortSignal): Promise<CallPage> {
    return this.#reader.page(teamId, query, signal);
  }

  async arrivals(
    teamId: string,
    query: ArrivalsQuery,
    signal?: AbortSignal,
  ): Promise<CallArrivals> {
    return this.#reader.arrivals(teamId, query, signal);
  }

  async find(teamId: string, id: string): Promise<Call | undefined> {
    return this.#reader.find(teamId, id);
  }

  async count(teamId: string, filter: CallFilter, signal?: AbortSignal): Promise<number> {
    return this.#totals.count(teamId, filter, signal);
  }

  async facets(teamId: string, query: FacetsQuery, signal?: AbortSignal): Promise<CallFacets> {
    return this.#totals.facets(teamId, query, signal);
  }

  async histogram(
    teamId: string,
    query: HistogramQuery,
    signal?: AbortSignal,
  ): Promise<readonly HistogramBucket[]> {
    return this.#totals.histogram(teamId, query, signal);
  }

  async metrics(teamId: string, query: MetricsQuery, signal?: AbortSignal): Promise<CallMetrics> {
    return callMetrics(this.#file, this.#clock, teamId, query, signal);
  }

  async remove(teamId: string, id: string): Promise<boolean> {
    return isUuid(id) && (await this.#removal.removeCall(teamId, id));
  }

  /** Hides the server's calls at once; `sweep` erases them. */
  async removeServer(teamId: string, serverId: string): Promise<number> {
    const calls = await this.#totals.count(teamId, { serverIds: [serverId] });
    return this.#removal.hideServer(teamId, serverId) ? calls : 0;
  }

  async sweep(): Promise<void> {
    const swept = await this.#removal.sweep();
    await this.#merging.merge(swept);
  }

  async prune(beforeMs: number, teamIds?: readonly string[]): Promise<number> {
    await this.#removal.sweep();
    return this.#pruning.prune(beforeMs, teamIds);
  }

  async pruneBodies(beforeMs: number): Promise<number> {
    await this.#removal.sweep();
    return this.#pruning.pruneBodies(beforeMs);
  }

  async addLosses(losses: readonly Loss[]): Promise<void> {
    addLosses(this.#file, losses);
  }

  async losses(teamId: string, query: LossQuery): Promise<readonly Loss[]> {
    return readLosses(this.#file, teamId, query);
  }

  /** What is wrong with the file, in sentences, at most 100; reads all of it, in short steps. */
  async verify(): Promise<readonly string[]> {
    return findDamage(this.#file);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#removal.stop();
    this.#pruning.stop();
    this.#merging.stop();
    this.#file[Symbol.dispose]();
  }
}
