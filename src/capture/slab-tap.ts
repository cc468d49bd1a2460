/**
 * Sees one exchange and copies what it sees into slabs; see `SlabWriter`.
 *
 * In: its events. Out: records. Bounds: those of the tally that it shares with all others.
 */
import type { ExchangeEnd, ExchangeOpening, ExchangeWitness, UpstreamTimes } from "../exchange.ts";
import type { LossKind } from "../loss.ts";
import { isPlainEventStream } from "./fields.ts";
import type { SlabBuffer } from "./slab-buffer.ts";
import { recordTypes } from "./slab-record.ts";

/** What is kept of an opening while its exchange runs. */
export type Whose = Pick<ExchangeOpening, "teamId" | "serverId" | "startedAtMs">;

export interface ExchangesDropped {
  capture_backlog: number;
  capture_fault: number;
}

export type OnLoss = (whose: Whose, kind: LossKind, reason: keyof ExchangesDropped) => void;

/** What all taps of one writer have in common. */
export interface Tally {
  readonly backlogMaxBytes: number;
  readonly waitingMaxBytes: number;
  readonly waitingBytes: () => number;
  readonly bodyScanMaxBytes: number;
  /** Numbers of ended exchanges; as many as were ever open at once. */
  readonly released: number[];
  nextNumber: number;
  callsNotCaptured: number;
  exchangesSeen: number;
  readonly exchangesDropped: ExchangesDropped;
  readonly onLoss: OnLoss;
  readonly bodyBytesSkipped: { capture_backlog: number; body_scan_limit: number };
  faults: number;
}

/** One direction of an exchange. */
interface Side {
  readonly bytesType: typeof recordTypes.request | typeof recordTypes.response;
  readonly skippedType: typeof recordTypes.requestSkipped | typeof recordTypes.responseSkipped;
  copiedBytes: number;
  /** Passed since the last record of this side, and not written yet as a record of its own. */
  skippedBytes: number;
  /** Once a body has a gap, what follows is of no use, unless it is an event stream. */
  gapped: boolean;
}

export class SlabTap implements ExchangeWitness {
  readonly #slabs: SlabBuffer;
  readonly #tally: Tally;
  readonly #exchange: number;
  readonly #whose: Whose;
  #bodiesLost = false;
  readonly #request: Side = {
    bytesType: recordTypes.request,
    skippedType: recordTypes.requestSkipped,
    copiedBytes: 0,
    skippedBytes: 0,
    gapped: false,
  };
  readonly #response: Side = {
    bytesType: recordTypes.response,
    skippedType: recordTypes.responseSkipped,
    copiedBytes: 0,
    skippedBytes: 0,
    gapped: false,
  };
  #streams = false;
  #ended = false;

  constructor(slabs: SlabBuffer, tally: Tally, exchange: number, whose: Whose) {
    this.#slabs = slabs;
    this.#tally = tally;
    this.#exchange = exchange;
    this.#whose = whose;
  }

  request(chunk: Uint8Array): void {
    this.#copy(this.#request, chunk, false);
  }

  requestEnd(): void {
    if (this.#ended) return;
    try {
      this.#writeSkipped(this.#request);
      this.#slabs.writeMark(recordTypes.requestEnd, this.#exchange);
    } catch {
      this.#tally.faults += 1;
    }
  }

  upstream(times: UpstreamTimes): void {
    if (this.#ended) return;
    try {
      this.#slabs.writeTimes(recordTypes.upstream, this.#exchange, times);
    } catch {
      this.#tally.faults += 1;
    }
  }

  head(statusCode: number, rawHeaders: readonly string[]): void {
    if (this.#ended) return;
    try {
      this.#streams = isPlainEventStream(rawHeaders);
      const { head } = recordTypes;
      if (!this.#slabs.writeText(head, this.#exchange, joinHead(`${statusCode}`, rawHeaders))) {
        this.#slabs.writeText(head, this.#exchange, `${statusCode}`);
      }
    } catch {
      this.#tally.faults += 1;
    }
  }

  response(chunk: Uint8Array): void {
    this.#copy(this.#response, chunk, this.#streams);
  }

  end({ outcome, reason }: ExchangeEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#writeSkipped(this.#request);
      this.#writeSkipped(this.#response);
      this.#slabs.writeText(
        recordTypes.end,
        this.#exchange,
        `${outcome}\0${reason.slice(0, 2_000)}`,
      );
    } catch {
      this.#tally.faults += 1;
    }
    this.#tally.released.push(this.#exchange);
  }

  #copy(side: Side, chunk: Uint8Array, streams: boolean): void {
    if (this.#ended) return;
    const { bodyBytesSkipped, bodyScanMaxBytes } = this.#tally;
    try {
      const { shares } = this.#slabs;
      const { teamId } = this.#whose;
      if ((side.gapped && !streams) || shares.isOver(teamId, roomBytes(this.#slabs, this.#tally))) {
        side.skippedBytes += chunk.length;
        side.gapped = true;
        bodyBytesSkipped.capture_backlog += chunk.length;
        if (!this.#bodiesLost) this.#tally.onLoss(this.#whose, "bodies", "capture_backlog");
        this.#bodiesLost = true;
        return;
      }
      const room = streams ? chunk.length : bodyScanMaxBytes - side.copiedBytes;
      const length = Math.min(chunk.length, room);
      if (length > 0) {
        if (side.skippedBytes > 0) this.#writeSkipped(side);
        this.#slabs.writeBytes(side.bytesType, this.#exchange, chunk, 0, length);
        shares.add(teamId, length);
        side.copiedBytes += length;
      }
      side.skippedBytes += chunk.length - length;
      bodyBytesSkipped.body_scan_limit += chunk.length - length;
    } catch {
      this.#tally.faults += 1;
      side.skippedBytes += chunk.length;
      side.gapped = true;
    }
  }

  #writeSkipped(side: Side): void {
    if (side.skippedBytes === 0) return;
    this.#slabs.writeCount(side.skippedType, this.#exchange, side.skippedBytes);
    side.skippedBytes = 0;
  }
}

/**
 * For bodies, here and among the calls that wait behind the recorder, as far as it has told: what is let in is better not left
 * out there, where it has been read for nothing.
 */
export function roomBytes(
  { backlogBytes }: SlabBuffer,
  { backlogMaxBytes, waitingMaxBytes, waitingBytes }: Tally,
): number {
  return Math.min(backlogMaxBytes, waitingMaxBytes - waitingBytes()) - backlogBytes;
}

/** No text of HTTP holds a NUL (RFC 9110 section 5.5); joining costs a fifth of writing JSON. */
export function joinHead(first: string, rawHeaders: readonly string[]): string {
  return rawHeaders.length === 0 ? first : `${first}\0${rawHeaders.join("\0")}`;
}
