/**
 * One data plane beside the main thread, as the main thread sees it: its thread, and what is told to it and by it.
 *
 * A thread that dies is replaced and accepts again when it knows every server. What it had open is lost with it: its
 * connections, and of its exchanges what the recorder had not seen.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { SlabTurn } from "../capture/slab-turn.ts";
import type { Carried } from "../edge/carrying.ts";
import type { Log } from "../telemetry.ts";
import type {
  FromPlane,
  PlaneNews,
  PlaneStart,
  PlaneStats,
  ServerNews,
  ToPlane,
} from "./plane-messages.ts";
import { addStats, withoutPresent } from "./plane-stats.ts";
import type { Recorder } from "./recorder.ts";
import type { SlabSource } from "./slab-sources.ts";
import { Thread } from "./thread.ts";

const heapMaxMiB = 1_024;
/** As the main thread has it (bin/hookwatch.cjs). */
const youngMaxMiB = 12;
/** Beyond the time that it is given to drain. */
const answerMarginMs = 60_000;
const statsMaxMs = 500;

export interface PlaneKeeperOptions {
  readonly start: PlaneStart;
  readonly recorder: Pick<Recorder, "join">;
  readonly carried: Carried;
  /** All servers there are. */
  readonly servers: () => Iterable<ServerNews>;
  readonly onNews: (news: PlaneNews) => void;
  readonly onDeath: () => void;
  readonly log: Log;
}

export class PlaneKeeper implements AsyncDisposable {
  readonly #options: PlaneKeeperOptions;
  #thread: Thread | undefined;
  #source: SlabSource | undefined;
  #servers: MessagePort | undefined;
  /** Of the present thread, as told last. */
  #latest: PlaneStats | undefined;
  /** Of those before it. */
  #gone: PlaneStats | undefined;

  constructor(options: PlaneKeeperOptions) {
    this.#options = options;
  }

  /** @throws Problem — it cannot listen. */
  async open(): Promise<void> {
    const { start, log } = this.#options;
    this.#thread = await Thread.open({
      name: `data plane ${start.row + 1}`,
      entry: new URL("./plane-thread.ts", import.meta.url),
      data: start,
      heapMaxMiB,
      youngMaxMiB,
      answerMaxMs: start.config.drainMs + answerMarginMs,
      log,
      onMessage: (message) => this.#onMessage(message as FromPlane),
      onStart: () => {
        if (!this.#thread) return;
        this.#begin();
        this.#tell({ serve: true });
      },
      onDeath: () => this.#onDeath(),
    });
    this.#begin();
    await this.thread.call("serve");
  }

  get thread(): Thread {
    if (!this.#thread) throw new Error("a plane has no thread before `open`");
    return this.#thread;
  }

  learn(news: ServerNews): void {
    this.#servers?.postMessage(news);
  }

  tell(message: Pick<ToPlane, "refusals">): void {
    this.#tell(message);
  }

  /** As told last, if it is too busy to tell them now. */
  async stats(): Promise<PlaneStats | undefined> {
    if (this.#thread?.alive) {
      const told = this.thread.call<PlaneStats>("stats").catch(() => undefined);
      const late = sleep(statsMaxMs, undefined, { ref: false });
      this.#latest = (await Promise.race([told, late])) ?? this.#latest;
    }
    if (this.#gone && this.#latest) return addStats(this.#gone, this.#latest);
    return this.#latest ?? this.#gone;
  }

  async retire(): Promise<void> {
    await this.#call("retire");
  }

  /** Resolves when it has no connection and no exchange open. */
  async close(graceMs: number): Promise<void> {
    await this.#call("close", graceMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#thread) return;
    await this.#call("finish");
    await this.thread[Symbol.asyncDispose]();
    this.#leave();
  }

  /** One that dies meanwhile has nothing open either. */
  async #call(method: string, ...args: readonly unknown[]): Promise<void> {
    if (!this.#thread?.alive) return;
    await this.thread.call(method, ...args).catch((cause: unknown) => {
      const plane = this.#options.start.row + 1;
      this.#options.log.warn({ err: cause, plane, method }, "a data plane did not answer");
    });
  }

  #begin(): void {
    const turn = new SlabTurn();
    this.#source = this.#options.recorder.join(turn, {
      consumed: (bytes) => this.#tell({ consumed: bytes }),
      passed: (barrier) => this.#tell({ passed: barrier }),
    });
    const { port1, port2 } = new MessageChannel();
    this.#servers = port1;
    port1.unref();
    const begin = { servers: port2, turn: turn.memory };
    this.thread.post({ begin } satisfies ToPlane, [port2]);
    for (const news of this.#options.servers()) port1.postMessage(news);
  }

  #tell(message: ToPlane): void {
    this.#thread?.post(message, []);
  }

  #onMessage({ slab, exchangesSeen = 0, barrier, news, far, address }: FromPlane): void {
    if (slab) this.#source?.take(slab, exchangesSeen);
    // There is no recorder: the wait is over.
    if (barrier !== undefined && this.#source?.bar(barrier) !== true)
      this.#tell({ passed: barrier });
    if (far) this.#options.carried.take(far, address);
    if (!news) return;
    this.#latest = news.stats;
    this.#options.onNews(news);
  }

  #onDeath(): void {
    this.#leave();
    const { row } = this.#options.start;
    this.#options.log.warn({ plane: row + 1 }, "a data plane has died; it is being replaced");
    if (this.#latest) {
      const latest = withoutPresent(this.#latest);
      this.#gone = this.#gone ? addStats(this.#gone, latest) : latest;
    }
    this.#latest = undefined;
    this.#options.onDeath();
  }

  #leave(): void {
    this.#source?.leave();
    this.#source = undefined;
    this.#servers?.close();
    this.#servers = undefined;
  }
}
