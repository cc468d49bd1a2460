/**
 * Undoes the content coding of an event stream while it runs: what a server has flushed is read at once.
 *
 * In: encoded bytes in any pieces. Out: the clear bytes, before `decode` returns, so that what is seen keeps its order
 * and its time. Never throws: from the first byte that cannot be decoded on there is a `flaw` and nothing more.
 *
 * Bounds: one layer; `stepMaxBytes` of input and `outputMinBytes` of output at a time, in all no more than that or
 * `ratioMax` times the input; the memory of the decoder counts against the budget, as far as its window may be filled.
 */
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import type { Room } from "./budget.ts";
import { isZlibHeader, ratioMax } from "./decode.ts";
import { type Decompressor, SyncEngine } from "./sync-engine.ts";

export interface Flaw {
  readonly reason: string;
  /** It is not what its coding says; otherwise only more than is read here. */
  readonly garbled: boolean;
}

interface Coding {
  /** `head`: at least the first two bytes. */
  readonly open: (head: Buffer) => Decompressor;
  readonly flush: number;
  /** Memory that is taken at once. */
  readonly heldBytes: number;
  /** Memory that is taken as far as there is output. */
  readonly windowMaxBytes: number;
}

const stepMaxBytes = 32 * 1024;
/** Events that hardly differ may be a little more than `ratioMax` times their encoded form for long without being bombs. */
const outputMinBytes = 4 * 1024 * 1024;
const engineBytes = 64 * 1024;
/** RFC 7932, 9.1 */
const brotliWindowMaxBytes = 16 * 1024 * 1024;
/** The most that a decoder of this content coding has to support (RFC 9659). */
const zstdWindowLog = 23;
const nothing: Buffer = Buffer.alloc(0);

const maxOutput = { maxOutputLength: outputMinBytes };
const deflate: Coding = {
  open: (head) => (isZlibHeader(head) ? createInflate(maxOutput) : createInflateRaw(maxOutput)),
  flush: constants.Z_SYNC_FLUSH,
  heldBytes: engineBytes,
  windowMaxBytes: 0,
};
const gzip: Coding = { ...deflate, open: () => createGunzip(maxOutput) };
const brotli: Coding = {
  open: () => createBrotliDecompress(maxOutput),
  flush: constants.BROTLI_OPERATION_FLUSH,
  heldBytes: engineBytes,
  windowMaxBytes: brotliWindowMaxBytes,
};
const zstd: Coding = {
  open: () =>
    createZstdDecompress({
      ...maxOutput,
      params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLog },
    }),
  flush: constants.ZSTD_e_flush,
  heldBytes: engineBytes + 2 ** zstdWindowLog,
  windowMaxBytes: 0,
};
const codings: ReadonlyMap<string, Coding> = new Map([
  ["gzip", gzip],
  ["x-gzip", gzip],
  ["deflate", deflate],
  ["br", brotli],
  ["zstd", zstd],
]);

/** Undefined for codings that are not known. */
export function openStreamDecoder(
  contentEncoding: string,
  budget: Room,
): StreamDecoder | undefined {
  const name = contentEncoding.trim().toLowerCase();
  const coding = codings.get(name);
  return coding && new StreamDecoder(name, coding, budget);
}

export class StreamDecoder {
  readonly #name: string;
  readonly #coding: Coding;
  readonly #budget: Room;
  #engine: SyncEngine | undefined;
  /** The first byte, until there are two. */
  #head = nothing;
  #inputBytes = 0;
  #outputBytes = 0;
  #takenBytes = 0;
  #flaw: Flaw | undefined;

  constructor(name: string, coding: Coding, budget: Room) {
    this.#name = name;
    this.#coding = coding;
    this.#budget = budget;
    this.#take(coding.heldBytes);
  }

  get flaw(): Flaw | undefined {
    return this.#flaw;
  }

  /** `use` gets what has become clear, to be read or copied before it returns. */
  decode(bytes: Uint8Array, use: (clear: Buffer) => void): void {
    this.#inputBytes += bytes.length;
    let input: Buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (!this.#engine) {
      input = Buffer.concat([this.#head, input]);
      this.#head = input.length < 2 ? input : nothing;
    }
    if (this.#head.length > 0) return;
    for (let at = 0; at < input.length && !this.#flaw; at += stepMaxBytes) {
      const clear = this.#step(input.subarray(at, at + stepMaxBytes));
      if (clear.length > 0) use(clear);
    }
  }

  /** Bytes passed unseen: those that follow mean nothing. */
  skip(): void {
    this.#fail({ reason: `${this.#name} with a gap`, garbled: false });
  }

  close(): void {
    this.#engine?.close();
    this.#engine = undefined;
    this.#budget.give(this.#takenBytes);
    this.#takenBytes = 0;
  }

  #step(input: Buffer): Buffer {
    const { open, flush, heldBytes, windowMaxBytes } = this.#coding;
    try {
      this.#engine ??= new SyncEngine(open(input), flush);
      const clear = this.#engine.decode(input);
      this.#outputBytes += clear.length;
      this.#take(heldBytes + Math.min(this.#outputBytes, windowMaxBytes) - this.#takenBytes);
      const outputMax = Math.max(outputMinBytes, this.#inputBytes * ratioMax);
      if (this.#outputBytes > outputMax) this.#fail(this.#tooMuch(outputMax));
      return this.#flaw ? nothing : clear;
    } catch (error) {
      const large = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
      this.#fail(
        large ? this.#tooMuch(outputMinBytes) : { reason: `garbled ${this.#name}`, garbled: true },
      );
      return nothing;
    }
  }

  #take(bytes: number): void {
    if (bytes <= 0) return;
    if (this.#budget.take(bytes)) this.#takenBytes += bytes;
    else this.#fail({ reason: `${this.#name}, no room to decode it`, garbled: false });
  }

  #tooMuch(maxBytes: number): Flaw {
    return { reason: `${this.#name} of more than ${maxBytes} bytes`, garbled: false };
  }

  #fail(flaw: Flaw): void {
    this.#flaw ??= flaw;
    this.close();
  }
}
