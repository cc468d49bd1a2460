/** Removes calls past their age: soon after the start, then every hour, until disposed. */
import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry.ts";

const firstRunMs = 10_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

export class Retention implements Disposable {
  readonly #prune: (beforeMs: number) => Promise<number>;
  readonly #days: number;
  readonly #clock: Clock;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;

  /** `days` 0 keeps all. */
  constructor(prune: (beforeMs: number) => Promise<number>, days: number, clock: Clock, log: Log) {
    this.#prune = prune;
    this.#days = days;
    this.#clock = clock;
    this.#log = log;
    if (days > 0) this.#schedule(firstRunMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#run(), delayMs);
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    const beforeMs = this.#clock.nowMs() - this.#days * dayMs;
    try {
      const removed = await this.#prune(beforeMs);
      if (removed > 0)
        this.#log.info({ removed, days: this.#days }, "calls past their age were removed");
    } catch (cause) {
      this.#log.error(
        { err: cause },
        "calls past their age could not be removed; the next run tries again",
      );
    }
    if (this.#timer) this.#schedule(hourMs);
  }
}
