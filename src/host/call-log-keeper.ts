/**
 * Keeps a call log that may be trusted: one that has failed is closed and opened anew before it is used again.
 *
 * A connection whose write or fsync has failed may believe in pages that no disk holds. Opening
 * anew makes the engine read its own journal; then the batch acknowledged last is sent once more, which
 * changes nothing (`append` is idempotent) unless the log has lost it.
 */
import { free } from "../free.ts";
import { type Portion, toCalls } from "../ingest/parcel.ts";
import { Problem } from "../problem.ts";
import type { Appended, CallLog } from "../store/call-log.ts";
import type { Log } from "../telemetry.ts";

export class CallLogKeeper implements AsyncDisposable {
  readonly #open: () => CallLog;
  readonly #log: Log;
  #calls: CallLog | undefined;
  #acknowledged: readonly Portion[] = [];

  /** @throws Problem — whatever `open` throws. */
  constructor(open: () => CallLog, log: Log) {
    this.#open = open;
    this.#log = log;
    this.#calls = open();
  }

  get isOpen(): boolean {
    return this.#calls !== undefined;
  }

  /** @throws Problem `unavailable` — it failed, and nothing was appended since. */
  get calls(): CallLog {
    if (this.#calls) return this.#calls;
    throw new Problem("unavailable", "the call log has failed and is not open yet; try again");
  }

  /** For removals: what is removed must not come back by being sent once more. @throws as `calls`. */
  get removing(): CallLog {
    this.#forget();
    return this.calls;
  }

  /** @throws Problem `unavailable` — the log is away; it is opened anew with the next attempt. */
  async append(batch: readonly Portion[]): Promise<Appended> {
    const calls = this.#calls ?? (await this.#reopen());
    try {
      const appended = await calls.append(toCalls(batch));
      this.#forget();
      this.#acknowledged = batch;
      return appended;
    } catch (cause) {
      if (cause instanceof Problem && cause.code === "unavailable") await this.#close(calls);
      throw cause;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#calls) await this.#calls[Symbol.asyncDispose]();
    this.#calls = undefined;
  }

  /** The batch before is not needed again. */
  #forget(): void {
    for (const portion of this.#acknowledged) if (portion instanceof Uint8Array) free(portion);
    this.#acknowledged = [];
  }

  async #reopen(): Promise<CallLog> {
    const calls = this.#open();
    try {
      const { stored } = await calls.append(toCalls(this.#acknowledged));
      const what = "the call log had lost calls that it had acknowledged; they are stored again";
      if (stored > 0) this.#log.error({ calls: stored }, what);
    } catch (cause) {
      await this.#close(calls);
      throw cause;
    }
    this.#log.info({}, "the call log is open again");
    this.#calls = calls;
    return calls;
  }

  async #close(calls: CallLog): Promise<void> {
    this.#calls = undefined;
    try {
      await calls[Symbol.asyncDispose]();
    } catch (cause) {
      this.#log.warn({ err: cause }, "the call log that has failed could not be closed");
    }
  }
}
