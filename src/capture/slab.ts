/**
 * Sees exchanges on the data-plane thread and copies what it sees into slabs.
 *
 * In: the events of each exchange, from the proxy. Out: slabs, to the thread that makes calls of them.
 * Guarantees: never throws, waits or keeps a chunk; the end of each exchange it began to see is
 * written, and the sizes of both bodies are exact, whatever was left out of them.
 * Bounds: a body is copied as far as `bodyScanMaxBytes`, unless it is an event stream; body bytes of a team that has
 * more on their way than there is room left, in `backlogMaxBytes` and behind it in `waitingMaxBytes`, are left out; above
 * `backlogMaxBytes` new exchanges are not seen at all.
 */
import type { Clock } from "../clock.ts";
import type { ExchangeOpening, ExchangeWitness, Watch } from "../exchange.ts";
import { levelOf } from "./capture-level.ts";
import { type Deliver, SlabBuffer } from "./slab-buffer.ts";
import { recordTypes } from "./slab-record.ts";
import {
  type ExchangesDropped,
  joinHead,
  type OnLoss,
  roomBytes,
  SlabTap,
  type Tally,
} from "./slab-tap.ts";
import type { SlabTurn } from "./slab-turn.ts";

export interface SlabWriterOptions {
  readonly clock: Clock;
  /** Size of one slab; also the most that the head of one exchange may take. */
  readonly slabBytes?: number;
  /** How old a record may grow before its slab is delivered. */
  readonly flushMs?: number;
  /** Delivered bytes that were not yet acknowledged by `consumed`. */
  readonly backlogMaxBytes?: number;
  /** Memory of what was made of delivered bytes and waits for the log; absent: not bounded here. */
  readonly waitingBytes?: () => number;
  /** What that may grow to: bodies are left out that would not fit in any more once they get there. */
  readonly waitingMaxBytes?: number;
  /** How much of one body is delivered, event streams excepted. */
  readonly bodyScanMaxBytes?: number;
  /** Told of each exchange that is not seen, and once of each whose bodies are not. MUST NOT throw. */
  readonly onLoss?: OnLoss;
  /** Where several threads write slabs: what their reader sees of this one. */
  readonly turn?: SlabTurn;
}

/** Counts since the start, but for `backlogBytes`, which is now. */
export interface SlabWriterStats {
  /** Exchanges of which nothing is to be kept, each of them counted as one call. */
  readonly callsNotCaptured: number;
  readonly exchangesSeen: number;
  readonly exchangesDropped: Readonly<ExchangesDropped>;
  readonly bodyBytesSkipped: { readonly capture_backlog: number; readonly body_scan_limit: number };
  readonly slabsDelivered: number;
  /** Slabs that `deliver` refused. */
  readonly slabsLost: number;
  /** Bugs met while writing; each ended the looking at a chunk, none the exchange. */
  readonly faults: number;
  readonly backlogBytes: number;
}

export class SlabWriter implements Disposable {
  /** Bound, so that it can be handed around alone. */
  readonly watch: Watch;
  readonly #slabs: SlabBuffer;
  readonly #tally: Tally;

  constructor(deliver: Deliver, options: SlabWriterOptions) {
    const { slabBytes = 256 * 1024, flushMs = 5 } = options;
    this.#slabs = new SlabBuffer(deliver, options.clock, { slabBytes, flushMs }, options.turn);
    this.#tally = {
      backlogMaxBytes: options.backlogMaxBytes ?? 64 * 1024 * 1024,
      waitingMaxBytes: options.waitingMaxBytes ?? Number.POSITIVE_INFINITY,
      waitingBytes: options.waitingBytes ?? (() => 0),
      bodyScanMaxBytes: options.bodyScanMaxBytes ?? 16 * 1024 * 1024,
      released: [],
      nextNumber: 1,
      callsNotCaptured: 0,
      exchangesSeen: 0,
      exchangesDropped: { capture_backlog: 0, capture_fault: 0 },
      bodyBytesSkipped: { capture_backlog: 0, body_scan_limit: 0 },
      faults: 0,
      onLoss: options.onLoss ?? (() => undefined),
    };
    this.watch = (opening) => open(this.#slabs, this.#tally, opening);
  }

  /** True when bodies are left out, and soon exchanges. */
  get crowded(): boolean {
    return this.#slabs.backlogBytes > roomBytes(this.#slabs, this.#tally);
  }

  /** The recorder has read so many bytes of slabs. */
  consumed(bytes: number): void {
    this.#slabs.acknowledge(bytes);
  }

  /** Delivers what there is without waiting for more. */
  flush(): void {
    this.#slabs.flush();
  }

  stats(): SlabWriterStats {
    const { callsNotCaptured, exchangesSeen, exchangesDropped, bodyBytesSkipped, faults } =
      this.#tally;
    const { slabsDelivered, slabsLost, backlogBytes } = this.#slabs;
    return {
      callsNotCaptured,
      exchangesSeen,
      exchangesDropped: { ...exchangesDropped },
      bodyBytesSkipped: { ...bodyBytesSkipped },
      slabsDelivered,
      slabsLost,
      faults,
      backlogBytes,
    };
  }

  [Symbol.dispose](): void {
    this.#slabs[Symbol.dispose]();
  }
}

const blind: ExchangeWitness = {
  request() {},
  requestEnd() {},
  upstream() {},
  head() {},
  response() {},
  end() {},
};

function open(slabs: SlabBuffer, tally: Tally, opening: ExchangeOpening): ExchangeWitness {
  const level = levelOf(opening.captureLevel, opening.rawHeaders);
  if (level === "off") {
    tally.callsNotCaptured += 1;
    return blind;
  }
  if (slabs.backlogBytes > tally.backlogMaxBytes) {
    tally.exchangesDropped.capture_backlog += 1;
    tally.onLoss(opening, "call", "capture_backlog");
    return blind;
  }
  try {
    const { serverId, teamId, startedAtMs, method, path, sourceIp, rawHeaders } = opening;
    const exchange = tally.released.pop() ?? tally.nextNumber++;
    const head = `${startedAtMs}\0${serverId}\0${teamId}\0${sourceIp}\0${method}\0${level}\0`;
    const written =
      slabs.writeText(recordTypes.opening, exchange, head + joinHead(path, rawHeaders)) ||
      // A head as large as a slab is beyond what the edge lets in: the exchange is seen without it.
      slabs.writeText(recordTypes.opening, exchange, head);
    if (!written) tally.faults += 1;
    const { own } = opening;
    if (own) slabs.writeText(recordTypes.own, exchange, `${own.callId}\0${own.replayOf}`);
    tally.exchangesSeen += 1;
    return new SlabTap(slabs, tally, exchange, { serverId, teamId, startedAtMs });
  } catch {
    tally.exchangesDropped.capture_fault += 1;
    tally.onLoss(opening, "call", "capture_fault");
    return blind;
  }
}
