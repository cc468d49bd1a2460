/**
 * Memory that records are appended to until there is enough to hand over.
 *
 * In: records, from the taps of open exchanges. Out: slabs, full or at most `flushMs` old.
 * Guarantees: a slab holds whole records; a fault while writing one leaves none of it behind.
 * Bounds: one slab at a time here; what was handed over is counted until it is acknowledged, and
 * the writer of records decides by `backlogBytes` what still goes in.
 */
import type { Clock } from "../clock.ts";
import type { UpstreamTimes } from "../exchange.ts";
import { BacklogShares } from "./backlog-shares.ts";
import { type RecordType, recordHeaderBytes, upstreamNumbers } from "./slab-record.ts";
import type { SlabTurn } from "./slab-turn.ts";

/** Takes ownership of the slab's buffer, which may so be transferred to another thread. */
export type Deliver = (slab: Uint8Array<ArrayBuffer>) => void;

/** A split chunk leaves pieces of at least this size, unless it ends sooner. */
const pieceMinBytes = 512;

export class SlabBuffer implements Disposable {
  readonly #deliver: Deliver;
  readonly #clock: Clock;
  readonly #slabBytes: number;
  readonly #timer: NodeJS.Timeout;
  /** Of what was written and not yet acknowledged. */
  readonly shares = new BacklogShares();
  #bytes: Buffer<ArrayBuffer>;
  #view: DataView;
  #used = 0;
  readonly #turn: SlabTurn | undefined;
  #unacknowledgedBytes = 0;
  #slabsDelivered = 0;
  #slabsLost = 0;

  /** `turn`: for whoever reads the slabs of several threads. */
  constructor(
    deliver: Deliver,
    clock: Clock,
    limits: { slabBytes: number; flushMs: number },
    turn?: SlabTurn,
  ) {
    this.#deliver = deliver;
    this.#turn = turn;
    this.#clock = clock;
    this.#slabBytes = limits.slabBytes;
    this.#bytes = Buffer.from(new ArrayBuffer(limits.slabBytes));
    this.#view = new DataView(this.#bytes.buffer);
    this.#timer = setTimeout(() => this.flush(), limits.flushMs).unref();
  }

  /** Bytes written and not yet acknowledged as read. */
  get backlogBytes(): number {
    return this.#unacknowledgedBytes + this.#used;
  }

  get slabsDelivered(): number {
    return this.#slabsDelivered;
  }

  get slabsLost(): number {
    return this.#slabsLost;
  }

  acknowledge(bytes: number): void {
    this.#unacknowledgedBytes = Math.max(0, this.#unacknowledgedBytes - bytes);
    this.shares.acknowledge(bytes);
  }

  /** A chunk becomes one record, or several where it does not fit into the room that is left. */
  writeBytes(
    type: RecordType,
    exchange: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    for (let from = start; from < end; ) {
      const wanted = end - from;
      this.#makeRoom(recordHeaderBytes + Math.min(wanted, pieceMinBytes));
      const atMs = this.#clock.monotonicMs();
      const room = this.#slabBytes - this.#used - recordHeaderBytes;
      const length = Math.min(wanted, room);
      const piece = length === bytes.length ? bytes : bytes.subarray(from, from + length);
      this.#bytes.set(piece, this.#used + recordHeaderBytes);
      this.#writeHeader(type, exchange, atMs, length);
      from += length;
    }
  }

  /** False when the text is larger than a slab; nothing is written then. */
  writeText(type: RecordType, exchange: number, text: string): boolean {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    let most = text.length * 3;
    if (recordHeaderBytes + most > this.#slabBytes) {
      most = Buffer.byteLength(text);
      if (recordHeaderBytes + most > this.#slabBytes) return false;
    }
    this.#makeRoom(recordHeaderBytes + most);
    const length = this.#bytes.write(text, this.#used + recordHeaderBytes);
    this.#writeHeader(type, exchange, this.#clock.monotonicMs(), length);
    return true;
  }

  writeCount(type: RecordType, exchange: number, count: number): void {
    this.#makeRoom(recordHeaderBytes + 8);
    this.#view.setFloat64(this.#used + recordHeaderBytes, count, true);
    this.#writeHeader(type, exchange, this.#clock.monotonicMs(), 8);
  }

  writeTimes(type: RecordType, exchange: number, times: UpstreamTimes): void {
    this.#makeRoom(recordHeaderBytes + upstreamNumbers * 8);
    const view = this.#view;
    const at = this.#used + recordHeaderBytes;
    view.setFloat64(at, times.resolvingMs ?? Number.NaN, true);
    view.setFloat64(at + 8, times.connectingMs ?? Number.NaN, true);
    view.setFloat64(at + 16, times.securingMs ?? Number.NaN, true);
    view.setFloat64(at + 24, times.sendingMs ?? Number.NaN, true);
    view.setFloat64(at + 32, times.waitingMs ?? Number.NaN, true);
    view.setFloat64(at + 40, times.receivingMs ?? Number.NaN, true);
    view.setFloat64(at + 48, times.overheadMs, true);
    this.#writeHeader(type, exchange, this.#clock.monotonicMs(), upstreamNumbers * 8);
  }

  writeMark(type: RecordType, exchange: number): void {
    this.#makeRoom(recordHeaderBytes);
    this.#writeHeader(type, exchange, this.#clock.monotonicMs(), 0);
  }

  flush(): void {
    const used = this.#used;
    if (used === 0) return;
    this.#used = 0;
    let slab: Uint8Array<ArrayBuffer>;
    if (used * 2 < this.#slabBytes) {
      // A quiet host would otherwise hand over a large buffer for a few bytes every few milliseconds.
      slab = new Uint8Array(used);
      slab.set(this.#bytes.subarray(0, used));
    } else {
      slab = new Uint8Array(this.#bytes.buffer, 0, used);
      this.#bytes = Buffer.from(new ArrayBuffer(this.#slabBytes));
      this.#view = new DataView(this.#bytes.buffer);
    }
    // Counted first: who delivers may acknowledge at once.
    this.#unacknowledgedBytes += used;
    this.shares.deliver(used);
    try {
      this.#deliver(slab);
      this.#slabsDelivered += 1;
    } catch {
      this.acknowledge(used);
      // Nobody there to take it, as at the very end of a shutdown: counted, for nothing may be harmed.
      this.#slabsLost += 1;
    }
    this.#turn?.end();
  }

  [Symbol.dispose](): void {
    this.flush();
    clearTimeout(this.#timer);
  }

  #makeRoom(bytes: number): void {
    if (this.#used + bytes > this.#slabBytes) this.flush();
    if (this.#used > 0) return;
    // Before the clock is read for the record.
    this.#turn?.begin();
    this.#timer.refresh();
  }

  #writeHeader(type: RecordType, exchange: number, atMs: number, length: number): void {
    const view = this.#view;
    const at = this.#used;
    view.setUint8(at, type);
    view.setUint32(at + 1, exchange, true);
    view.setFloat64(at + 5, atMs, true);
    view.setUint32(at + 13, length, true);
    this.#used = at + recordHeaderBytes + length;
  }
}
