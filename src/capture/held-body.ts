/**
 * The bytes of one body, or of one event, held until it can be read as a whole.
 *
 * In: chunks, copied. Out: the whole, or its beginning when it was larger than may be held.
 * Bounds: `maxBytes` here and the budget all of them share; past either the rest is only counted.
 */
import type { Budget } from "./budget.ts";

const nothing = Buffer.alloc(0);

export class HeldBody {
  readonly #budget: Budget;
  #maxBytes: number;
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  #sizeBytes = 0;

  constructor(budget: Budget, maxBytes: number) {
    this.#budget = budget;
    this.#maxBytes = maxBytes;
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
    // A copy: the chunk is a view that would keep its whole slab alive.
    this.#chunks.push(Buffer.from(length === bytes.length ? bytes : bytes.subarray(0, length)));
    this.#heldBytes += length;
  }

  /** Bytes that passed unseen; nothing after them is held. */
  skip(bytes: number): void {
    this.#sizeBytes += bytes;
  }

  /** What is held. The body is empty afterwards and may be filled again. */
  take(): Buffer {
    const [first = nothing] = this.#chunks;
    const bytes = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first;
    this.clear();
    return bytes;
  }

  clear(): void {
    this.#budget.give(this.#heldBytes);
    this.#chunks = [];
    this.#heldBytes = 0;
    this.#sizeBytes = 0;
  }
}
