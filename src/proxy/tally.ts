/** What became of the exchanges since the start, for `/metrics`. Bounded by the outcomes and failures there are. */
import type { ExchangeOutcome } from "../exchange.ts";
import { type Failure, failures } from "./failure.ts";

export interface TallyCounts {
  readonly exchanges: Readonly<Record<ExchangeOutcome, number>>;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Answers and breaks of our own making, by `Failure.reason`. */
  readonly failures: Readonly<Record<string, number>>;
}

export class Tally {
  readonly #exchanges: Record<ExchangeOutcome, number> = {
    complete: 0,
    client_left: 0,
    upstream_failed: 0,
    timeout: 0,
    refused: 0,
  };
  readonly #failures: Record<string, number> = Object.fromEntries(
    Object.values(failures).map(({ reason }) => [reason, 0]),
  );
  #requestBytes = 0;
  #responseBytes = 0;

  count(outcome: ExchangeOutcome, failure: Failure | undefined): void {
    this.#exchanges[outcome] += 1;
    if (failure) this.#failures[failure.reason] = (this.#failures[failure.reason] ?? 0) + 1;
  }

  add({ requestBytes, responseBytes }: { requestBytes: number; responseBytes: number }): void {
    this.#requestBytes += requestBytes;
    this.#responseBytes += responseBytes;
  }

  counts(): TallyCounts {
    return {
      exchanges: { ...this.#exchanges },
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      failures: { ...this.#failures },
    };
  }
}
