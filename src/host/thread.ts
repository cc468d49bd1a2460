/**
 * A worker thread with methods, kept alive: one that dies by a bug is replaced, because the log
 * must never take the proxy down with it. Each death is logged and counted.
 */
import { type ResourceLimits, type Transferable, Worker } from "node:worker_threads";
import { systemClock } from "../clock.ts";
import { Problem } from "../problem.ts";
import type { Log } from "../telemetry.ts";
import { isReply, RemoteMethods } from "./remote.ts";

/** Wait before a dead thread is replaced; doubles with each death, but for one that had lived for a minute. */
const restartMinMs = 200;
const restartMaxMs = 60_000;
const soundLifeMs = 60_000;

export interface ThreadOptions {
  readonly name: string;
  readonly entry: URL;
  /** Structured clone; the entry reads it as `workerData`. */
  readonly data: unknown;
  readonly heapMaxMiB: number;
  /** Of the heap's young part, which V8 lets grow to 48 MiB. */
  readonly youngMaxMiB?: number;
  /** For one call; what takes longer ends as `unavailable` for its caller. */
  readonly answerMaxMs: number;
  readonly log: Log;
  /** Messages that are neither replies nor log lines. */
  readonly onMessage?: (message: unknown) => void;
  /** The thread, or its replacement, has opened. */
  readonly onStart?: () => void;
  /** The thread has died and everything posted to it that was not acknowledged is lost. */
  readonly onDeath?: () => void;
}

export class Thread implements AsyncDisposable {
  readonly #options: ThreadOptions;
  #worker: Worker | undefined;
  #methods: RemoteMethods | undefined;
  #starting: Promise<void> | undefined;
  #startedAtMs = 0;
  #restart: NodeJS.Timeout | undefined;
  #restartMs = restartMinMs;
  #closing = false;
  #deaths = 0;

  private constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** @throws Problem — whatever kept the thread from opening what it serves. */
  static async open(options: ThreadOptions): Promise<Thread> {
    const thread = new Thread(options);
    await thread.#begin();
    return thread;
  }

  get deaths(): number {
    return this.#deaths;
  }

  /** How long the present one's event loop was not idle; 0 while there is none. */
  get busyMs(): number {
    return this.alive ? (this.#worker?.performance.eventLoopUtilization().active ?? 0) : 0;
  }

  get alive(): boolean {
    return this.#methods !== undefined;
  }

  /** @throws Problem `unavailable` — the thread is being replaced. */
  call<T>(method: string, ...args: readonly unknown[]): Promise<T> {
    if (!this.#methods) return Promise.reject(this.#absence());
    return this.#methods.call<T>(method, ...args);
  }

  /** False when there is nobody to post to. */
  post(message: unknown, transfer: readonly Transferable[]): boolean {
    if (!this.#methods || !this.#worker) return false;
    this.#worker.postMessage(message, transfer);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#restart);
    this.#methods = undefined;
    // A replacement that is on its way must not outlive this; how its start ends was logged.
    await this.#starting?.catch(() => undefined);
    await this.#worker?.terminate();
  }

  async #begin(): Promise<void> {
    this.#starting = this.#start();
    await this.#starting;
    this.#starting = undefined;
  }

  async #start(): Promise<void> {
    const { name, entry, data, answerMaxMs, log, onMessage } = this.#options;
    const worker = new Worker(entry, {
      name,
      workerData: data,
      resourceLimits: limitsOf(this.#options),
    });
    const methods = new RemoteMethods(worker, answerMaxMs);
    worker.on("message", (message: unknown) => {
      if (isLogLine(message)) log[message.log](message.fields, message.message);
      else if (!isReply(message)) onMessage?.(message);
    });
    worker.on("error", (cause) =>
      log.error({ err: cause, thread: name }, "a thread died of an error"),
    );
    worker.on("exit", () => this.#died(methods));
    try {
      await methods.call("open");
    } catch (error) {
      await worker.terminate();
      throw error;
    }
    this.#worker = worker;
    this.#startedAtMs = systemClock.monotonicMs();
    if (this.#closing) return;
    this.#methods = methods;
    this.#options.onStart?.();
  }

  #died(methods: RemoteMethods): void {
    methods.fail(this.#absence());
    if (methods !== this.#methods) return;
    this.#methods = undefined;
    this.#deaths += 1;
    const livedMs = systemClock.monotonicMs() - this.#startedAtMs;
    if (livedMs > soundLifeMs) this.#restartMs = restartMinMs;
    this.#options.onDeath?.();
    this.#replaceLater();
  }

  #replaceLater(): void {
    const { name, log } = this.#options;
    this.#restart = setTimeout(() => {
      this.#begin().catch((cause: unknown) => {
        log.error({ err: cause, thread: name }, "a thread could not be replaced yet");
        if (!this.#closing) this.#replaceLater();
      });
    }, this.#restartMs);
    this.#restartMs = Math.min(this.#restartMs * 2, restartMaxMs);
  }

  #absence(): Problem {
    return new Problem(
      "unavailable",
      `the ${this.#options.name} is not running; try again in a moment`,
    );
  }
}

function limitsOf({ heapMaxMiB, youngMaxMiB }: ThreadOptions): ResourceLimits {
  const old = { maxOldGenerationSizeMb: heapMaxMiB };
  return youngMaxMiB === undefined ? old : { ...old, maxYoungGenerationSizeMb: youngMaxMiB };
}

interface LogLine {
  readonly log: "debug" | "info" | "warn" | "error";
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

function isLogLine(message: unknown): message is LogLine {
  return typeof message === "object" && message !== null && "log" in message;
}
