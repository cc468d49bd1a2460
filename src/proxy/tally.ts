/** What became of the exchanges since the start, for `/metrics`. Bounded by the outcomes and failures there are. */
import { Distribution, type DistributionCounts } from "../distribution.ts";
import type { ExchangeOutcome } from "../exchange.ts";
import { type Failure, failures } from "./failure.ts";
import type { Journey } from "./journey.ts";

/** Milliseconds; those of MCP's semantic conventions, and three below them. */
const spanBuckets = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000],
];
const overheadBuckets = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1_000];

export interface TallyCounts {
  readonly exchanges: Readonly<Record<ExchangeOutcome, number>>;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Answers and breaks of our own making, by `Failure.reason`. */
  readonly failures: Readonly<Record<string, number>>;
  /** Connections that were made for an exchange. */
  readonly connectionsMade: number;
  /** Of exchanges that went to an upstream; but for the first, streams included that clients listen to. */
  readonly spans: {
    /** From the request's head to the end, whatever that was. */
    readonly duration: DistributionCounts;
    /** From the request's head to the first byte of the upstream's answer. */
    readonly firstByte: DistributionCounts;
    /** What the proxy added. */
    readonly overhead: DistributionCounts;
  };
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
  #connectionsMade = 0;
  readonly #duration = new Distribution(spanBuckets);
  readonly #firstByte = new Distribution(spanBuckets);
  readonly #overhead = new Distribution(overheadBuckets);

  count(outcome: ExchangeOutcome, failure: Failure | undefined): void {
    this.#exchanges[outcome] += 1;
    if (failure) this.#failures[failure.reason] = (this.#failures[failure.reason] ?? 0) + 1;
  }

  /** Once for each exchange, when its end is certain. */
  add({ requestBytes, responseBytes, journey }: Ended, nowMs: number): void {
    this.#requestBytes += requestBytes;
    this.#responseBytes += responseBytes;
    if (!journey.departed) return;
    const { openedMs, receivingMs } = journey;
    if (journey.connected) this.#connectionsMade += 1;
    if (!journey.isListening) this.#duration.add(nowMs - openedMs);
    if (receivingMs === undefined) return;
    this.#firstByte.add(receivingMs - openedMs);
    this.#overhead.add(journey.overheadMs);
  }

  counts(): TallyCounts {
    return {
      exchanges: { ...this.#exchanges },
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      failures: { ...this.#failures },
      connectionsMade: this.#connectionsMade,
      spans: {
        duration: this.#duration.read(),
        firstByte: this.#firstByte.read(),
        overhead: this.#overhead.read(),
      },
    };
  }
}

interface Ended {
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly journey: Journey;
}
