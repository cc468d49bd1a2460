/**
 * The call log in one SQLite file: the default engine, nothing to set up.
 *
 * One connection writes, in a thread of its own; others read, each in theirs, and neither waits for
 * the other (WAL). Guarantees: `append` returns when the batch survives the death of the machine
 * (`synchronous=FULL`; ingest groups commits, so an fsync is shared by many calls).
 * Bounds: see call-reader.ts, call-writer.ts, call-removal.ts.
 */
import type { Call } from "../../call.ts";
import { type Clock, systemClock } from "../../clock.ts";
import { isUuid } from "../../id.ts";
import type {
  Appended,
  CallFilter,
  CallLog,
  CallMetrics,
  CallPage,
  MetricsQuery,
  PageQuery,
} from "../call-log.ts";
import { CallFile } from "./call-file.ts";
import { CallReader } from "./call-reader.ts";
import { CallRemoval } from "./call-removal.ts";
import { appendCalls } from "./call-writer.ts";
import type { DatabaseMode } from "./database.ts";

export interface SqliteCallLogOptions {
  /** `write` answers everything and makes the file where there is none; `read` demands it and changes nothing. */
  readonly mode: DatabaseMode;
  readonly clock?: Clock;
  /** How long one text search may look; 2,000 ms read some 400,000 calls. */
  readonly searchMaxMs?: number;
}

export class SqliteCallLog implements CallLog {
  readonly #file: CallFile;
  readonly #reader: CallReader;
  readonly #removal: CallRemoval;

  private constructor(file: CallFile, options: SqliteCallLogOptions) {
    const { clock = systemClock, searchMaxMs = 2_000 } = options;
    this.#file = file;
    this.#reader = new CallReader(file, { clock, searchMaxMs });
    this.#removal = new CallRemoval(file);
  }

  /** @throws Problem `unavailable` — no permission, no database, a newer schema; for `read`, none or an older one. */
  static open(path: string, options: SqliteCallLogOptions): SqliteCallLog {
    return new SqliteCallLog(new CallFile(path, options.mode), options);
  }

  async append(calls: readonly Call[]): Promise<Appended> {
    const appended = appendCalls(this.#file, calls);
    this.#removal.scrubIfDue();
    return appended;
  }

  async page(teamId: string, query: PageQuery): Promise<CallPage> {
    return this.#reader.page(teamId, query);
  }

  async find(teamId: string, id: string): Promise<Call | undefined> {
    return this.#reader.find(teamId, id);
  }

  async count(teamId: string, filter: CallFilter): Promise<number> {
    return this.#reader.count(teamId, filter);
  }

  async metrics(teamId: string, query: MetricsQuery): Promise<CallMetrics> {
    return this.#reader.metrics(teamId, query);
  }

  async remove(teamId: string, id: string): Promise<boolean> {
    return isUuid(id) && this.#removal.removeCall(teamId, id);
  }

  /** Hides the server's calls at once and erases 2,048 of them; `sweep` erases the rest. */
  async removeServer(teamId: string, serverId: string): Promise<number> {
    return this.#removal.removeServer(teamId, serverId);
  }

  async sweep(): Promise<void> {
    await this.#removal.sweep();
  }

  async prune(beforeMs: number): Promise<number> {
    return this.#removal.prune(beforeMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#removal.stop();
    this.#file[Symbol.dispose]();
  }
}
