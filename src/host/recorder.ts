/**
 * The main thread's side of the recorder: a `Watch` for the data plane, slabs to the thread.
 *
 * What the thread cannot take is lost and counted; the exchange never notices.
 */
import type { CaptureStats } from "../capture/capture.ts";
import { SlabWriter, type SlabWriterStats } from "../capture/slab.ts";
import { systemClock } from "../clock.ts";
import type { Watch } from "../exchange.ts";
import type { Account } from "../ingest/accounting.ts";
import type { Log } from "../telemetry.ts";
import type { RecorderData } from "./recorder-thread.ts";
import { Thread } from "./thread.ts";

const heapMaxMiB = 512;

export class Recorder implements AsyncDisposable {
  readonly thread: Thread;
  readonly #slabs: SlabWriter;
  readonly #log: Log;

  private constructor(thread: Thread, slabs: SlabWriter, log: Log) {
    this.thread = thread;
    this.#slabs = slabs;
    this.#log = log;
  }

  /** @throws Problem — the call log cannot be opened. */
  static async open(data: RecorderData, log: Log): Promise<Recorder> {
    let unacknowledgedBytes = 0;
    const thread = await Thread.open({
      name: "recorder",
      entry: new URL("./recorder-thread.ts", import.meta.url),
      data,
      heapMaxMiB,
      log,
      onMessage: (message) => acknowledge((message as { consumed: number }).consumed),
      onDeath: () => acknowledge(unacknowledgedBytes),
    });
    const slabs = new SlabWriter(
      (slab) => {
        const bytes = slab.byteLength;
        unacknowledgedBytes += bytes;
        if (!thread.post({ slab }, [slab.buffer])) acknowledge(bytes);
      },
      { clock: systemClock },
    );
    function acknowledge(bytes: number): void {
      unacknowledgedBytes -= bytes;
      slabs.consumed(bytes);
    }
    return new Recorder(thread, slabs, log);
  }

  get watch(): Watch {
    return this.#slabs.watch;
  }

  async statistics(): Promise<RecorderStatistics> {
    const { capture, ingest } =
      await this.thread.call<Pick<RecorderStatistics, "capture" | "ingest">>("statistics");
    return { slabs: this.#slabs.stats(), capture, ingest, deaths: this.thread.deaths };
  }

  /** Everything seen so far is stored, or counted as lost, when it resolves. */
  async flush(): Promise<void> {
    this.#slabs.flush();
    await this.thread.call("flush");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#slabs[Symbol.dispose]();
    const account = await this.thread.call<Account>("close", "hookwatch is shutting down");
    this.#log.info({ ...account }, "the call log is closed");
    await this.thread[Symbol.asyncDispose]();
  }
}

export interface RecorderStatistics {
  readonly slabs: SlabWriterStats;
  readonly capture: CaptureStats;
  readonly ingest: Account;
  readonly deaths: number;
}
