/**
 * Calls into durable batches: group commit with bounded memory.
 *
 * In:  `Call`s from capture, one by one, at any pace. Out: batches to the call log.
 * `offer` never waits and never throws. A batch that the store cannot take is sent again, the same
 * calls with the same ids, until it can; meanwhile the queue fills, bodies are shed, then calls
 * dropped, each counted (`accounting.ts`).
 */
import type { Call } from "../call.ts";
import { Problem } from "../problem.ts";
import type { Log } from "../telemetry.ts";
import { type Account, Accounting, type DropReason } from "./accounting.ts";
import { CallQueue, type Waiting } from "./queue.ts";

export interface IngestOptions {
  /** Calls that may wait. */
  readonly callsMax: number;
  /** Bytes of calls that may wait, bodies mostly. */
  readonly bytesMax: number;
  /** Calls of one batch, one transaction. */
  readonly batchCallsMax: number;
  /** How long the first call of a batch waits for company: what a commit costs is shared by the batch. */
  readonly lingerMs: number;
  /** Wait before a refused batch is sent again; doubles up to `retryMaxMs`. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly log: Log;
}

/** What the store says of a batch; see `store/call-log.ts`. */
export interface Taken {
  readonly stored: number;
  readonly known: number;
  readonly discarded: number;
}

export const ingestDefaults = {
  callsMax: 20_000,
  bytesMax: 67_108_864,
  batchCallsMax: 500,
  lingerMs: 20,
  retryMinMs: 100,
  retryMaxMs: 5_000,
};

export class Ingest implements AsyncDisposable {
  readonly #append: (calls: readonly Call[]) => Promise<Taken>;
  readonly #options: IngestOptions;
  readonly #queue: CallQueue;
  readonly #accounting = new Accounting();
  #working: Promise<void> | undefined;
  #linger: { timer: NodeJS.Timeout; over: () => void } | undefined;
  #closing = false;

  constructor(append: (calls: readonly Call[]) => Promise<Taken>, options: IngestOptions) {
    this.#append = append;
    this.#options = options;
    this.#queue = new CallQueue(options);
  }

  offer(call: Call): void {
    this.#accounting.accepted += 1;
    if (this.#closing) this.#drop("shutdown", 1);
    else if (this.#queue.offer(call) === "refused") this.#drop("queue_full", 1);
    else this.#working ??= this.#work();
    if (this.#queue.size >= this.#options.batchCallsMax) this.#linger?.over();
  }

  /** Resolves when everything accepted so far is stored, discarded or counted as lost. */
  async flush(): Promise<void> {
    for (let working = this.#working; working; working = this.#working) {
      this.#linger?.over();
      await working;
    }
  }

  account(): Account {
    return this.#accounting.snapshot();
  }

  /** Stores what is waiting; what the store refuses even now is counted as dropped. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    await this.flush();
  }

  /** One batch after the other until the queue is empty; never rejects. */
  async #work(): Promise<void> {
    do {
      if (this.#queue.size < this.#options.batchCallsMax)
        await this.#lingering(this.#options.lingerMs);
      const batch = this.#queue.take(this.#options.batchCallsMax);
      for (let retryMs = this.#options.retryMinMs; !(await this.#deliver(batch)); retryMs *= 2) {
        if (this.#closing) this.#drop("shutdown", batch.splice(0).length);
        else await this.#lingering(Math.min(retryMs, this.#options.retryMaxMs));
      }
    } while (this.#queue.size > 0);
    this.#working = undefined;
  }

  async #lingering(durationMs: number): Promise<void> {
    if (this.#closing) return;
    await new Promise<void>((resolve) => {
      const over = () => {
        clearTimeout(this.#linger?.timer);
        this.#linger = undefined;
        resolve();
      };
      this.#linger = { timer: setTimeout(over, durationMs), over };
    });
  }

  /** False when the store is away and the whole batch has to be sent again. */
  async #deliver(batch: readonly Waiting[]): Promise<boolean> {
    if (batch.length === 0) return true;
    try {
      this.#credit(batch, await this.#append(batch.map(({ call }) => call)));
      return true;
    } catch (cause) {
      this.#accounting.storeFailures += 1;
      const away = cause instanceof Problem && cause.code === "unavailable";
      this.#options.log.error(
        { err: cause, calls: batch.length, away },
        "the call log did not take a batch",
      );
      if (away) return false;
    }
    // One call that cannot be stored must not hold up the others for ever: find it, and lose it alone.
    if (batch.length === 1) this.#drop("rejected", 1);
    else for (const waiting of batch) await this.#deliverAlone(waiting);
    return true;
  }

  async #deliverAlone(waiting: Waiting): Promise<void> {
    while (!(await this.#deliver([waiting]))) {
      if (this.#closing) {
        this.#drop("shutdown", 1);
        break;
      }
      await this.#lingering(this.#options.retryMaxMs);
    }
  }

  /** A known call is a stored call: its first delivery succeeded and the reply was lost. */
  #credit(batch: readonly Waiting[], taken: Taken): void {
    const shed = batch.filter((waiting) => waiting.shed).length;
    const kept = taken.stored + taken.known;
    this.#accounting.bodiesShed += Math.min(shed, kept);
    this.#accounting.stored += kept - Math.min(shed, kept);
    this.#accounting.discarded += taken.discarded;
  }

  #drop(reason: DropReason, calls: number): void {
    this.#accounting.dropped[reason] += calls;
  }
}
