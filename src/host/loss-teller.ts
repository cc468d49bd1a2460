/** Tells the call log of losses: every second what is new, until disposed, then once more. */
import type { LossTally } from "../ingest/loss-tally.ts";
import type { Loss } from "../loss.ts";
import type { Log } from "../telemetry.ts";

const everyMs = 1_000;
/** A log that is away is told every second, and people every minute. */
const complainAgainMs = 60_000;

export class LossTeller implements AsyncDisposable {
  readonly #tally: LossTally;
  readonly #tell: (losses: readonly Loss[]) => Promise<void>;
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #telling: Promise<void> | undefined;
  #complainedAtMs = Number.NEGATIVE_INFINITY;

  /** `tell` rejects while the log is away. */
  constructor(tally: LossTally, tell: (losses: readonly Loss[]) => Promise<void>, log: Log) {
    this.#tally = tally;
    this.#tell = tell;
    this.#log = log;
    this.#timer = setInterval(() => void this.tell(), everyMs);
  }

  /** Never rejects. */
  async tell(): Promise<void> {
    this.#telling ??= this.#run();
    await this.#telling;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#telling;
    await this.tell();
  }

  async #run(): Promise<void> {
    // Not before its promise is known.
    await undefined;
    const losses = this.#tally.untoldLosses();
    try {
      if (losses.length > 0) await this.#tell(losses);
      this.#tally.told(losses, Date.now());
    } catch (cause) {
      const now = performance.now();
      if (now - this.#complainedAtMs > complainAgainMs) {
        this.#complainedAtMs = now;
        this.#log.warn({ err: cause }, "the call log could not be told of losses yet");
      }
    }
    this.#telling = undefined;
  }
}
