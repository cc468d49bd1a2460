/**
 * The slabs of several threads, read as if one had written them: record by record in order of time.
 *
 * What belongs together may have come through different threads (a server's question and its client's answer, a request
 * and its cancellation), so a record is read once no older one can come: every thread has delivered a slab since, or
 * has none under way (`SlabTurn`). In: slabs, of each thread in its order. Out: the parts of slabs that may be read,
 * and what waits behind them. Bounds: a thread that stands still is waited for `waitMaxMs`; what the threads may have
 * on their way. With one thread nobody needs this.
 */
import type { SlabSpan } from "./slab-reader.ts";
import { timeAt } from "./slab-reader.ts";
import type { SlabTurn } from "./slab-turn.ts";

const waitMaxMs = 1_000;

export interface SlabOrderOptions {
  /** Monotonic. */
  now(): number;
  /** Reads a part; where it stopped. */
  see(writer: number, slab: Uint8Array<ArrayBuffer>, span: SlabSpan): number;
  /** The slab has been read to its end. */
  done(writer: number, slab: Uint8Array<ArrayBuffer>): void;
}

/** A slab as it is delivered. */
export interface NumberedSlab {
  readonly slab: Uint8Array<ArrayBuffer>;
  /** See `SlabTurn`. */
  readonly number: number;
  /** When it was delivered: what its thread writes after it is younger. */
  readonly deliveredMs: number;
}

interface Entry {
  readonly slab: Uint8Array<ArrayBuffer>;
  from: number;
  /** Of the record there. */
  atMs: number;
}

interface Writer {
  /** Absent of one that is gone. */
  turn: SlabTurn | undefined;
  number: number;
  deliveredMs: number;
  readonly entries: (Entry | (() => void))[];
}

export class SlabOrder {
  readonly #options: SlabOrderOptions;
  readonly #writers = new Map<number, Writer>();

  constructor(options: SlabOrderOptions) {
    this.#options = options;
  }

  /** From now on there is that writer, too; its slabs may be among those that come next. */
  join(writer: number, turn: SlabTurn): void {
    if (this.#writers.has(writer)) return;
    const deliveredMs = this.#options.now();
    this.#writers.set(writer, { turn, number: turn.latest, deliveredMs, entries: [] });
  }

  /** Nothing comes from it any more; `then` is called when all has been read that came. */
  leave(writer: number, then: () => void): void {
    const known = this.#writers.get(writer);
    if (!known) return;
    known.turn = undefined;
    known.entries.push(() => {
      this.#writers.delete(writer);
      then();
    });
    this.advance();
  }

  add(writer: number, { slab, number, deliveredMs }: NumberedSlab): void {
    const known = this.#writers.get(writer);
    if (known) {
      known.number = number;
      known.deliveredMs = deliveredMs;
      const atMs = timeAt(slab, 0) ?? deliveredMs;
      known.entries.push({ slab, from: 0, atMs });
    }
    this.advance();
  }

  /** `then` is called when all has been read that came from the writer before. */
  mark(writer: number, then: () => void): void {
    const known = this.#writers.get(writer);
    if (known) known.entries.push(then);
    else then();
    this.advance();
  }

  /** Reads what may be read; to be called about once a second, too, for threads that stand still. */
  advance(): void {
    const untilMs = this.#untilMs();
    for (;;) {
      const next = this.#next();
      if (!next || next.atMs > untilMs) return;
      const { writer, entry } = next;
      const span = { from: entry.from, untilMs: Math.min(untilMs, next.othersMs) };
      entry.from = this.#options.see(writer, entry.slab, span);
      const atMs = timeAt(entry.slab, entry.from);
      if (atMs !== undefined) entry.atMs = atMs;
      else {
        this.#writers.get(writer)?.entries.shift();
        this.#options.done(writer, entry.slab);
      }
    }
  }

  /** Reads everything there is. */
  finish(): void {
    for (const known of this.#writers.values()) known.turn = undefined;
    this.advance();
  }

  /** Nothing older than this can come. */
  #untilMs(): number {
    // Before the turns: whoever has none after this writes younger records.
    const nowMs = this.#options.now();
    let untilMs = Number.POSITIVE_INFINITY;
    for (const { turn, number, deliveredMs } of this.#writers.values()) {
      if (turn) untilMs = Math.min(untilMs, turn.isOverAfter(number) ? nowMs : deliveredMs);
    }
    return Math.max(untilMs, nowMs - waitMaxMs);
  }

  /** The writer of the oldest record, and the time of the oldest one of all others. Calls the marks that are due. */
  #next(): { writer: number; entry: Entry; atMs: number; othersMs: number } | undefined {
    let first: { writer: number; entry: Entry } | undefined;
    let othersMs = Number.POSITIVE_INFINITY;
    for (const [writer, known] of this.#writers) {
      let entry = known.entries[0];
      for (; typeof entry === "function"; entry = known.entries[0]) {
        known.entries.shift();
        entry();
      }
      if (!entry) continue;
      if (!first || entry.atMs < first.entry.atMs) {
        if (first) othersMs = Math.min(othersMs, first.entry.atMs);
        first = { writer, entry };
      } else othersMs = Math.min(othersMs, entry.atMs);
    }
    return first && { ...first, atMs: first.entry.atMs, othersMs };
  }
}
