/** Removes sessions and sign-in links that are over, soon after the start and then every hour, until disposed. */
import type { Clock } from "../clock.ts";
import type { Registry } from "../store/registry.ts";
import type { Log } from "../telemetry.ts";

const firstRunMs = 15_000;
const hourMs = 3_600_000;

export class SessionPruning implements Disposable {
  readonly #registry: Pick<Registry, "pruneSessions">;
  readonly #clock: Clock;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    registry: Pick<Registry, "pruneSessions">,
    clock: Clock,
    log: Log,
    delayMs = firstRunMs,
  ) {
    this.#registry = registry;
    this.#clock = clock;
    this.#log = log;
    this.#schedule(delayMs);
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
    try {
      const ended = await this.#registry.pruneSessions(this.#clock.nowMs());
      this.#log.debug({ ended }, "removed sessions that are over");
    } catch (error) {
      this.#log.warn({ err: error }, "sessions that are over could not be removed");
    }
    if (this.#timer) this.#schedule(hourMs);
  }
}
