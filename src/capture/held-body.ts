/**
 * The bytes of one body, or of one event, held until it can be read as a whole.
 *
 * In: chunks, copied; the first only once its slab has been read, for most bodies are one chunk and are taken out before
 * that. Out: the whole, or its beginning when it was larger than may be held.
 * Bounds: `maxBytes` here and the budget all of them share; past either the rest is only counted. Memory is at
 * most twice what is held, however small the chunks are, and given back when it is read.
 */

import { free } from "../free.ts";
import type { Room } from "./budget.ts";

const nothing = Buffer.alloc(0);
const blockMinBytes = 2_048;
const blockMaxBytes = 65_536;

/** The bodies that still share the memory of the slab that is being read. */
export class Loans {
  #bodies: HeldBody[] = [];

  add(body: HeldBody): void {
    this.#bodies.push(body);
  }

  /** To be called before the slab is given up: every body has its own memory afterwards. */
  end(): void {
    for (const body of this.#bodies) body.settle();
    this.#bodies = [];
  }
}

export class HeldBody {
  readonly #budget: Room;
  readonly #loans: Loans | undefined;
  /** All that is held: a view of a slab. */
  #lent: Uint8Array | undefined;
  #maxBytes: number;
  #blocks: Buffer<ArrayBuffer>[] = [];
  /** Bytes at the end of the last block that are free. */
  #room = 0;
  #heldBytes = 0;
  #sizeBytes = 0;

  /** Without loans every chunk is copied at once. */
  constructor(budget: Room, maxBytes: number, loans?: Loans) {
    this.#budget = budget;
    this.#maxBytes = maxBytes;
    this.#loans = loans;
  }

  /** All that passed, held or not. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get isWhole(): boolean {
    return this.#sizeBytes === this.#heldBytes;
  }

  /** Lowers how much may be held; before the first byte. */
  limit(maxBytes: number): void {
    this.#maxBytes = Math.min(this.#maxBytes, maxBytes);
  }

  add(bytes: Uint8Array): void {
    const length = this.isWhole ? Math.min(bytes.length, this.#maxBytes - this.#heldBytes) : 0;
    this.#sizeBytes += bytes.length;
    if (length === 0 || !this.#budget.take(length)) return;
    this.#heldBytes += length;
    if (this.#loans && length === bytes.length && length === this.#sizeBytes) {
      this.#lent = bytes;
      this.#loans.add(this);
      return;
    }
    this.settle();
    this.#copy(length === bytes.length ? bytes : bytes.subarray(0, length));
  }

  /** Lends nothing any more. */
  settle(): void {
    const lent = this.#lent;
    this.#lent = undefined;
    if (lent) this.#copy(lent);
  }

  #copy(bytes: Uint8Array): void {
    const { length } = bytes;
    const fitting = Math.min(length, this.#room);
    // Crumbs come by the million: no view of what is taken whole.
    if (fitting === length) {
      this.#fill(bytes);
      return;
    }
    if (fitting > 0) this.#fill(bytes.subarray(0, fitting));
    this.#addBlock(length - fitting);
    this.#fill(fitting > 0 ? bytes.subarray(fitting) : bytes);
  }

  /** Bytes that passed unseen; nothing after them is held. */
  skip(bytes: number): void {
    this.#sizeBytes += bytes;
  }

  /**
   * Shows what is held, for as long as `read` runs: it may share the memory of its slab. The body is empty afterwards and
   * may be filled again.
   */
  take<Result>(read: (bytes: Buffer) => Result): Result {
    if (this.#blocks.length > 1) this.#join();
    const bytes = this.#lent ?? (this.#blocks[0] ?? nothing).subarray(0, this.#heldBytes);
    try {
      return read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    } finally {
      this.clear();
    }
  }

  clear(): void {
    this.#budget.give(this.#heldBytes);
    this.#lent = undefined;
    for (const block of this.#blocks) free(block);
    this.#blocks = [];
    this.#room = 0;
    this.#heldBytes = 0;
    this.#sizeBytes = 0;
  }

  #join(): void {
    const all = Buffer.allocUnsafeSlow(this.#heldBytes);
    let at = 0;
    for (const block of this.#blocks) {
      at += block.copy(all, at);
      free(block);
    }
    this.#blocks = [all];
    this.#room = 0;
  }

  /** Most bodies are one chunk and get a block of just that size; what comes in crumbs gets room for more. */
  #addBlock(bytes: number): void {
    const roomy = Math.min(blockMinBytes << Math.min(this.#blocks.length, 5), blockMaxBytes);
    const size = this.#blocks.length === 0 ? bytes : Math.max(bytes, roomy);
    this.#blocks.push(Buffer.allocUnsafeSlow(size));
    this.#room = size;
  }

  /** A copy: the chunk is a view that would keep its whole slab alive. */
  #fill(bytes: Uint8Array): void {
    const block = this.#blocks.at(-1) ?? nothing;
    block.set(bytes, block.length - this.#room);
    this.#room -= bytes.length;
  }
}
