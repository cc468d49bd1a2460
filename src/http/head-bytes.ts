/**
 * The bytes of a head, until all of them are there.
 *
 * In: chunks as they come. Out: the head as text whose characters are bytes, lines ended by CRLF, without the empty line
 * behind it. Says as early as it can that what comes can be no head. Bound: `maxBytes`, the empty line not counted.
 */

export type HeadState = "partial" | "whole" | "malformed" | "too_large";

const headEnd = Buffer.from("\r\n\r\n");
const cr = 0x0d;
const lf = 0x0a;
const firstHoldBytes = 1_024;

export class HeadBytes {
  /** Of the head that was whole last. */
  text = "";
  /** In the chunk taken last, where the head ended. */
  next = 0;
  readonly #maxBytes: number;
  readonly #beginning: string;
  /** What came in earlier chunks. */
  #held: Buffer | undefined;
  #heldBytes = 0;

  /** `beginning`: what every head begins with, in Latin-1. */
  constructor(maxBytes: number, beginning = "") {
    this.#maxBytes = maxBytes;
    this.#beginning = beginning;
  }

  /** True amid a head. */
  get begun(): boolean {
    return this.#heldBytes > 0;
  }

  /** Takes more, from `at` on. After `whole` the next head begins at `next`. */
  take(chunk: Buffer, at: number): HeadState {
    if (this.#heldBytes > 0) return this.#takeMore(chunk, at);
    const end = chunk.indexOf(headEnd, at);
    if (end === -1) return this.#takeMore(chunk, at);
    if (end + 2 - at > this.#maxBytes) return "too_large";
    this.text = chunk.toString("latin1", at, end + 2);
    this.next = end + headEnd.length;
    return "whole";
  }

  /** Forgets what has come of a head. */
  reset(): void {
    this.#held = undefined;
    this.#heldBytes = 0;
    this.text = "";
  }

  #takeMore(chunk: Buffer, at: number): HeadState {
    const before = this.#heldBytes;
    const taken = Math.min(chunk.length - at, this.#maxBytes + headEnd.length - before);
    const held = this.#hold(before + taken);
    chunk.copy(held, before, at, at + taken);
    this.#heldBytes = before + taken;
    const end = held.subarray(0, this.#heldBytes).indexOf(headEnd, Math.max(0, before - 3));
    if (end === -1) {
      if (!this.#canBeHead(held, before)) return "malformed";
      return this.#heldBytes > this.#maxBytes + 2 ? "too_large" : "partial";
    }
    if (end + 2 > this.#maxBytes) return "too_large";
    this.reset();
    this.text = held.toString("latin1", 0, end + 2);
    this.next = at + end + headEnd.length - before;
    return "whole";
  }

  /** Not of Node's pool, all of which would stay for as long as the head is not whole. */
  #hold(bytes: number): Buffer {
    const held = this.#held;
    if (held && held.length >= bytes) return held;
    const larger = Buffer.allocUnsafeSlow(Math.max(firstHoldBytes, (held?.length ?? 0) * 2, bytes));
    held?.copy(larger, 0, 0, this.#heldBytes);
    this.#held = larger;
    return larger;
  }

  /** Looks at what came with the last chunk: the reading of the lines, once all are there, looks at everything. */
  #canBeHead(held: Buffer, from: number): boolean {
    const beginning = this.#beginning;
    for (let at = from; at < this.#heldBytes; at += 1) {
      const byte = held[at] ?? 0;
      if (at < beginning.length && byte !== beginning.charCodeAt(at)) return false;
      const isAfterCr = at > 0 && held[at - 1] === cr;
      if (isAfterCr !== (byte === lf)) return false;
      if ((byte < 0x20 && byte !== 0x09 && byte !== cr && byte !== lf) || byte === 0x7f)
        return false;
    }
    return true;
  }
}
