/**
 * The bytes of one body, or of one event, held until it can be read as a whole.
 *
 * In: chunks, copied. Out: the whole, or its beginning when it was larger than may be held.
 * Bounds: `maxBytes` here and the budget all of them share; past either the rest is only counted. Memory is at
 * most twice what is held, however small the chunks are.
 */
import type { Room } from "./budget.ts";

const nothing = Buffer.alloc(0);
const blockMinBytes = 2_048;
const blockMaxBytes = 65_536;

export class HeldBody {
  readonly #budget: Room;
  #maxBytes: number;
  #blocks: Buffer[] = [];
  /** Bytes at the end of the last block that are free. */
  #room = 0;
  #heldBytes = 0;
  #sizeBytes = 0;

  constructor(budget: Room, maxBytes: number) {
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
    this.#heldBytes += length;
    const fitting = Math.min(length, this.#room);
    if (fitting > 0) this.#fill(bytes.subarray(0, fitting));
    if (fitting === length) return;
    this.#addBlock(length - fitting);
    this.#fill(bytes.subarray(fitting, length));
  }

  /** Bytes that passed unseen; nothing after them is held. */
  skip(bytes: number): void {
    this.#sizeBytes += bytes;
  }

  /** What is held. The body is empty afterwards and may be filled again. */
  take(): Buffer {
    const last = this.#blocks.pop() ?? nothing;
    const filled = last.subarray(0, last.length - this.#room);
    const bytes = this.#blocks.length > 0 ? Buffer.concat([...this.#blocks, filled]) : filled;
    this.clear();
    return bytes;
  }

  clear(): void {
    this.#budget.give(this.#heldBytes);
    this.#blocks = [];
    this.#room = 0;
    this.#heldBytes = 0;
    this.#sizeBytes = 0;
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
