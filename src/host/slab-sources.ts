/**
 * The data planes beside the main thread, as the recorder's slabs come from them: by way of the main thread, which
 * knows what becomes of them.
 *
 * In: slabs and barriers of each. Out: the same to the recorder thread, and to each plane what became of its own.
 * Bounds: those of each plane's `SlabWriter`. Without other planes it does nothing.
 */
import type { Transferable } from "node:worker_threads";
import type { NumberedSlab } from "../capture/slab-order.ts";
import type { SlabTurn } from "../capture/slab-turn.ts";

export interface SlabReceipts {
  /** So many bytes of its slabs have been read, or are lost. */
  consumed(bytes: number): void;
  /** What it sent before the barrier is durable, or lost and counted. */
  passed(barrier: number): void;
}

/** Of one plane, from its start to its end. */
export interface SlabSource {
  /** `exchangesSeen`: by the plane, up to this slab. */
  take(slab: NumberedSlab, exchangesSeen: number): void;
  /** False when there is no recorder. */
  bar(barrier: number): boolean;
  /** Nothing comes from it any more. */
  leave(): void;
}

interface Known {
  readonly turn: SlabTurn;
  readonly receipts: SlabReceipts;
  unreadBytes: number;
  exchangesSeen: number;
}

export type PostToRecorder = (message: unknown, transfer: readonly Transferable[]) => boolean;

export class SlabSources {
  readonly #post: PostToRecorder;
  readonly #onLost: (bytes: number) => void;
  readonly #known = new Map<number, Known>();
  #exchangesOfGone = 0;
  /** 0 is the main thread. */
  #last = 0;

  constructor(post: PostToRecorder, onLost: (bytes: number) => void) {
    this.#post = post;
    this.#onLost = onLost;
  }

  /** Of all planes but the main thread. */
  get exchangesSeen(): number {
    let seen = this.#exchangesOfGone;
    for (const { exchangesSeen } of this.#known.values()) seen += exchangesSeen;
    return seen;
  }

  get unreadBytes(): number {
    let bytes = 0;
    for (const { unreadBytes } of this.#known.values()) bytes += unreadBytes;
    return bytes;
  }

  join(turn: SlabTurn, receipts: SlabReceipts): SlabSource {
    this.#last += 1;
    const writer = this.#last;
    const known: Known = { turn, receipts, unreadBytes: 0, exchangesSeen: 0 };
    this.#known.set(writer, known);
    this.#introduce(writer, turn);
    return {
      take: ({ slab, number, deliveredMs }, exchangesSeen) => {
        const bytes = slab.byteLength;
        known.exchangesSeen = exchangesSeen;
        known.unreadBytes += bytes;
        const message = { slab, of: { writer, number, deliveredMs } };
        if (!this.#post(message, [slab.buffer])) this.#lose(known, bytes);
      },
      bar: (barrier) => this.#post({ barrier, writer }, []),
      leave: () => {
        this.#post({ leave: writer }, []);
        this.#exchangesOfGone += known.exchangesSeen;
        this.#known.delete(writer);
      },
    };
  }

  /** To a recorder that has just started. */
  introduceAll(): void {
    for (const [writer, { turn }] of this.#known) this.#introduce(writer, turn);
  }

  consumed(writer: number, bytes: number): void {
    const known = this.#known.get(writer);
    if (known) this.#give(known, bytes);
  }

  passed(writer: number, barrier: number): void {
    this.#known.get(writer)?.receipts.passed(barrier);
  }

  /** The recorder is gone, and with it what it had not read. */
  loseAll(): void {
    for (const known of this.#known.values()) this.#lose(known, known.unreadBytes);
  }

  #introduce(writer: number, { memory }: SlabTurn): void {
    this.#post({ join: { writer, memory } }, []);
  }

  #lose(known: Known, bytes: number): void {
    this.#onLost(bytes);
    this.#give(known, bytes);
  }

  #give(known: Known, bytes: number): void {
    known.unreadBytes -= bytes;
    known.receipts.consumed(bytes);
  }
}
