/**
 * A decompressor of Node's that gives what it has before the call returns, again and again.
 *
 * Node's documented ways are to have the whole or to wait for a callback, by when others have been heard. `_processChunk`
 * without a callback is kept "for backwards compatibility" (lib/zlib.js) and is what npm unpacks with (minizlib). It
 * closes the stream behind itself and leaves a listener; both are undone here.
 *
 * Bounds: the `maxOutputLength` of the stream holds for each call.
 */
import type { BrotliDecompress, Gunzip, ZstdDecompress } from "node:zlib";

export type Decompressor = Gunzip | BrotliDecompress | ZstdDecompress;

interface Innards {
  _handle: { close: () => void } | null;
  _processChunk?: (bytes: Buffer, flush: number) => Buffer;
}

export class SyncEngine {
  readonly #stream: Decompressor & Innards;
  readonly #handle: { close: () => void };
  readonly #process: (bytes: Buffer, flush: number) => Buffer;
  readonly #closeHandle: () => void;
  readonly #flush: number;
  #isOpen = true;

  /** @param flush That of the stream's kind which gives all that can be given. */
  constructor(stream: Decompressor, flush: number) {
    // Its innards have no types.
    const opened = stream as unknown as Decompressor & Innards;
    const { _handle: handle, _processChunk: process } = opened;
    if (!handle || !process) throw new Error("this Node.js decompresses only when it has time");
    this.#stream = opened;
    this.#handle = handle;
    this.#process = process;
    this.#flush = flush;
    this.#closeHandle = handle.close.bind(handle);
    handle.close = ignore;
  }

  /** Throws what the stream would have emitted; is of no use afterwards. */
  decode(bytes: Buffer): Buffer {
    this.#stream._handle = this.#handle;
    try {
      return this.#process.call(this.#stream, bytes, this.#flush);
    } finally {
      // It is emitted, too, when this call is over.
      this.#stream.removeAllListeners("error").on("error", ignore);
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stream._handle = null;
    this.#closeHandle();
    this.#stream.destroy();
  }
}

function ignore(): void {}
