/**
 * The main thread's side of the recorder: a `Watch` for the data plane, slabs to the thread.
 *
 * What the thread cannot take, and what dies with it, is lost and counted; the exchange never notices.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CaptureStats } from "../capture/capture.ts";
import { SlabWriter, type SlabWriterStats } from "../capture/slab.ts";
import { systemClock } from "../clock.ts";
import type { Watch } from "../exchange.ts";
import { type Account, addAccounts, closeAccount, emptyAccount } from "../ingest/accounting.ts";
import type { Log } from "../telemetry.ts";
import type { Consumed, RecorderData } from "./recorder-thread.ts";
import { Thread } from "./thread.ts";

const heapMaxMiB = 512;
const statisticsMaxMs = 500;
/** Retention goes through the whole log at its leisure. */
const answerMaxMs = 3_600_000;

/** Counts since the start of the host, over all recorder threads there were. */
export interface RecorderStatistics {
  readonly slabs: SlabWriterStats;
  /** Of the present thread; absent while there is none. */
  readonly capture?: CaptureStats;
  readonly account: Account;
  /** Bytes of slabs that no thread has read. */
  readonly lostBytes: number;
  /** Exchanges that a thread took with it: those not read yet, and those it had not seen to their end. */
  readonly lostExchanges: number;
  readonly deaths: number;
}

export class Recorder implements AsyncDisposable {
  readonly #log: Log;
  readonly #slabs: SlabWriter;
  #thread: Thread | undefined;
  /** Of the threads that died. */
  #closed = emptyAccount;
  /** What the present thread told last. */
  #latest = emptyAccount;
  /** Exchanges that every thread so far has seen to their end, or lost. */
  #closedExchanges = 0;
  #latestExchanges = 0;
  #lostExchanges = 0;
  #unreadBytes = 0;
  #lostBytes = 0;

  private constructor(log: Log) {
    this.#log = log;
    this.#slabs = new SlabWriter((slab) => this.#post(slab), { clock: systemClock });
  }

  /** @throws Problem — the call log cannot be opened. */
  static async open(data: RecorderData, log: Log): Promise<Recorder> {
    const recorder = new Recorder(log);
    recorder.#thread = await Thread.open({
      name: "recorder",
      entry: new URL("./recorder-thread.ts", import.meta.url),
      data,
      heapMaxMiB,
      answerMaxMs,
      log,
      onMessage: (message) => recorder.#onConsumed(message as Consumed),
      onDeath: () => recorder.#onDeath(),
    });
    return recorder;
  }

  get watch(): Watch {
    return this.#slabs.watch;
  }

  get thread(): Thread {
    if (!this.#thread) throw new Error("a recorder is made by Recorder.open");
    return this.#thread;
  }

  /** The thread's own figures as it told them last, if it is too busy to tell them now. */
  async statistics(): Promise<RecorderStatistics> {
    const present = await Promise.race([
      this.#present().catch(() => ({})),
      sleep(statisticsMaxMs, {}, { ref: false }),
    ]);
    return {
      slabs: this.#slabs.stats(),
      ...present,
      account: addAccounts(this.#closed, this.#latest),
      lostBytes: this.#lostBytes,
      lostExchanges: this.#lostExchanges,
      deaths: this.thread.deaths,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#slabs[Symbol.dispose]();
    try {
      // A thread that is dead was accounted for when it died.
      if (this.thread.alive)
        this.#latest = await this.thread.call<Account>("close", "hookwatch is shutting down");
    } finally {
      await this.thread[Symbol.asyncDispose]();
    }
    const account = addAccounts(this.#closed, this.#latest);
    if (account.accepted > 0) this.#log.info({ ...account }, "the call log is closed");
  }

  async #present(): Promise<{ capture?: CaptureStats }> {
    if (!this.thread.alive) return {};
    const { capture, account } = await this.thread.call<{
      capture: CaptureStats;
      account: Account;
    }>("statistics");
    this.#latest = account;
    return { capture };
  }

  #post(slab: Uint8Array<ArrayBuffer>): void {
    const bytes = slab.byteLength;
    this.#unreadBytes += bytes;
    if (!this.thread.post({ slab }, [slab.buffer])) this.#onLost(bytes);
  }

  #onConsumed({ consumedBytes, account, exchangesEnded }: Consumed): void {
    this.#latest = account;
    this.#latestExchanges = exchangesEnded;
    this.#onRead(consumedBytes);
  }

  #onDeath(): void {
    this.#closed = addAccounts(this.#closed, closeAccount(this.#latest));
    this.#latest = emptyAccount;
    // Those still open are lost, too: the next thread has not seen how they began.
    const { exchangesSeen } = this.#slabs.stats();
    this.#lostExchanges += exchangesSeen - this.#closedExchanges - this.#latestExchanges;
    this.#closedExchanges = exchangesSeen;
    this.#latestExchanges = 0;
    this.#onLost(this.#unreadBytes);
  }

  #onLost(bytes: number): void {
    this.#lostBytes += bytes;
    this.#onRead(bytes);
  }

  #onRead(bytes: number): void {
    this.#unreadBytes -= bytes;
    this.#slabs.consumed(bytes);
  }
}
