/**
 * The main thread's side of the writer of the call log, which outlives no failure of its engine but is replaced
 * after each. Who sends it batches gets a new port to it after each start.
 */
import { MessageChannel } from "node:worker_threads";
import { within } from "../ingest/rest.ts";
import type { Log } from "../telemetry.ts";
import { Thread } from "./thread.ts";
import type { WriterData } from "./writer-thread.ts";

const heapMaxMiB = 512;
/** As the recorder's. */
const youngMaxMiB = 12;
/** Retention goes through the whole log at its leisure. */
const answerMaxMs = 3_600_000;
/** A commit that hangs keeps its thread; everything it was given is in the spill. */
const closeMaxMs = 5_000;

export class Writer implements AsyncDisposable {
  readonly thread: Thread;
  readonly #log: Log;
  #onStart: () => void = () => undefined;

  private constructor(thread: Thread, log: Log) {
    this.thread = thread;
    this.#log = log;
  }

  /** @throws Problem — the call log cannot be opened. */
  static async open(data: WriterData, log: Log): Promise<Writer> {
    let writer: Writer | undefined;
    const thread = await Thread.open({
      name: "writer",
      entry: new URL("./writer-thread.ts", import.meta.url),
      data,
      heapMaxMiB,
      youngMaxMiB,
      answerMaxMs,
      log,
      onStart: () => {
        if (writer) writer.#onStart();
      },
    });
    writer = new Writer(thread, log);
    return writer;
  }

  /** Joins the recorder to it, now and whenever it was replaced. */
  serve(connect: () => void): void {
    this.#onStart = connect;
    connect();
  }

  /** Gives the recorder a port to the present thread, if both are there. */
  connect(recorder: Thread): void {
    if (!recorder.alive || !this.thread.alive) return;
    const { port1, port2 } = new MessageChannel();
    this.thread.post({ recorder: port1 }, [port1]);
    recorder.post({ writer: port2 }, [port2]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.thread.alive) await within(closeMaxMs, this.#close());
    await this.thread[Symbol.asyncDispose]();
  }

  async #close(): Promise<void> {
    try {
      await this.thread.call("close");
    } catch (cause) {
      this.#log.warn({ err: cause }, "the call log could not be closed in good order");
    }
  }
}
