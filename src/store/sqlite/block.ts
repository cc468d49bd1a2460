/**
 * What a call's row leaves out, for up to 128 calls at a time, compressed together.
 *
 * Layout, before compression: the number of calls; then for each of five columns one value a call (seq
 * less the block's first, bytes of `rest`, `error`, `request`, `response`), all of them 32 bits little
 * endian; then the four texts, UTF-8, column by column: equal columns compress best side by side, and a
 * search reads the last three in one sweep.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { free } from "../../free.ts";
import { Problem } from "../../problem.ts";
import { bodyPreview } from "../body-preview.ts";
import { foldAscii } from "../search-terms.ts";
import { makeTextFilter } from "./text-filter.ts";

export const blockCallsMax = 128;
/** Characters, after which a block is full; one call may be longer. */
export const blockCharactersMax = 1_048_576;

export interface BlockEntry {
  readonly seq: number;
  /** Everything else of the call, as JSON (call-row.ts). */
  readonly rest: string;
  readonly error: string;
  readonly request: string;
  readonly response: string;
}

/** The columns of `blocks` that hold a block. */
export interface PackedBlock {
  readonly firstSeq: number;
  readonly codec: number;
  readonly rawBytes: number;
  readonly bytes: Uint8Array;
}

/** And what is known of it without unpacking it. */
export interface FilteredBlock extends PackedBlock {
  readonly calls: number;
  /** Which texts it may hold. */
  readonly filter: Uint8Array;
}

const columns = ["rest", "error", "request", "response"] as const;
const codecs = { none: 0, zstd: 1 };
/** Below this zstd gains nothing. */
const compressedFromBytes = 256;
// Level 1: level 3 takes a tenth longer and saves 2 %.
// The checksum, which zstd verifies, tells a damaged block from a whole one; it costs four bytes.
const compression = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
};

/** Entries in ascending order of `seq`, at least one. `firstSeq` is at most the first of theirs. */
export function packBlock(firstSeq: number, entries: readonly BlockEntry[]): FilteredBlock {
  return pack(firstSeq, writeEntries(firstSeq, entries));
}

function pack(firstSeq: number, raw: Buffer): FilteredBlock {
  const rawBytes = raw.length;
  const filter = makeTextFilter(raw.subarray(searchedFrom(raw)));
  const zstd = rawBytes < compressedFromBytes ? raw : zstdCompressSync(raw, compression);
  const known = { firstSeq, calls: raw.readUInt32LE(0), rawBytes, filter };
  if (zstd.length < rawBytes) return { ...known, codec: codecs.zstd, bytes: zstd };
  return { ...known, codec: codecs.none, bytes: Buffer.from(raw) };
}

/** To be disposed of where many are read: V8 sees too little of them to collect them in time. */
export class Block implements Disposable {
  readonly #firstSeq: number;
  readonly #raw: Buffer;
  readonly #count: number;
  /** Where each text begins: all of `rest`, then all of `error` …, and where the last one ends. */
  readonly #starts: Uint32Array;
  #folded: Buffer | undefined;
  #sought: readonly Buffer[] | undefined;
  #includesAll = false;

  /** @throws Problem `internal_error` — the block is damaged. */
  constructor({ firstSeq, codec, rawBytes, bytes }: PackedBlock) {
    this.#firstSeq = firstSeq;
    try {
      this.#raw = codec === codecs.zstd ? unpack(bytes, rawBytes) : Buffer.from(bytes);
      this.#count = this.#raw.readUInt32LE(0);
      this.#starts = startsOf(this.#raw, this.#count);
    } catch (cause) {
      const message = `block ${firstSeq} of the call log is damaged`;
      throw new Problem("internal_error", message, { cause });
    }
  }

  /**
   * The entry of a call; `undefined` when the block has none. Request and response are cut to
   * `bodyMaxLength`, without being decoded further.
   */
  find(seq: number, bodyMaxLength = Infinity): BlockEntry | undefined {
    const index = this.#indexOf(seq);
    return index < 0 ? undefined : this.#entry(index, bodyMaxLength);
  }

  /** True when each term (folded) occurs in the call's error, request or response. */
  includesTerms(seq: number, terms: readonly Buffer[]): boolean {
    const searched = this.#start(1, 0);
    this.#folded ??= foldAscii(Buffer.from(this.#raw.subarray(searched)));
    const folded = this.#folded;
    if (this.#sought !== terms) {
      // Most blocks hold no call that is looked for: one sweep spares a look at each.
      this.#sought = terms;
      this.#includesAll = terms.every((term) => folded.includes(term));
    }
    const index = this.#includesAll ? this.#indexOf(seq) : -1;
    return (
      index >= 0 &&
      terms.every((term) =>
        [1, 2, 3].some((column) => {
          const from = this.#start(column, index) - searched;
          return folded.subarray(from, this.#start(column, index + 1) - searched).includes(term);
        }),
      )
    );
  }

  /** All entries, in ascending order of `seq`. */
  entries(): BlockEntry[] {
    return Array.from({ length: this.#count }, (_, index) => this.#entry(index, Infinity));
  }

  /** Of all entries, ascending. */
  seqs(): number[] {
    return Array.from({ length: this.#count }, (_, index) => this.#seq(index));
  }

  /** The block of some of its entries, at least one, ascending. Texts are copied, not understood. */
  only(seqs: readonly number[]): FilteredBlock {
    const kept = seqs.map((seq) => this.#indexOf(seq));
    const lengthOf = (column: number, index: number) =>
      this.#start(column, index + 1) - this.#start(column, index);
    const raw = this.#raw.length <= scratch.length ? scratch : Buffer.allocUnsafe(this.#raw.length);
    let header = raw.writeUInt32LE(kept.length, 0);
    for (const seq of seqs) header = raw.writeUInt32LE(seq - this.#firstSeq, header);
    let end = 4 + kept.length * 20;
    for (const column of columns.keys()) {
      for (const index of kept) {
        header = raw.writeUInt32LE(lengthOf(column, index), header);
        const from = this.#start(column, index);
        end += this.#raw.copy(raw, end, from, from + lengthOf(column, index));
      }
    }
    return pack(this.#firstSeq, raw.subarray(0, end));
  }

  /** Nothing may be asked of it any more. */
  [Symbol.dispose](): void {
    freeOwn(this.#raw);
    if (this.#folded) freeOwn(this.#folded);
  }

  #indexOf(seq: number): number {
    for (let index = 0; index < this.#count; index++) {
      if (this.#seq(index) === seq) return index;
    }
    return -1;
  }

  #entry(index: number, bodyMaxLength: number): BlockEntry {
    const text = (column: number, maxLength = Infinity): string => {
      const from = this.#start(column, index);
      // A unit takes three bytes at most; the slack keeps a halved character out of the preview.
      const to = Math.min(this.#start(column, index + 1), from + maxLength * 3 + 16);
      return bodyPreview(this.#raw.toString("utf8", from, to), maxLength);
    };
    return {
      seq: this.#seq(index),
      rest: text(0),
      error: text(1),
      request: text(2, bodyMaxLength),
      response: text(3, bodyMaxLength),
    };
  }

  #seq(index: number): number {
    return this.#firstSeq + this.#raw.readUInt32LE(4 + index * 4);
  }

  #start(column: number, index: number): number {
    return this.#starts[column * this.#count + index] ?? 0;
  }
}

/** Where `error` begins, the first column that is searched. */
function searchedFrom(raw: Buffer): number {
  const count = raw.readUInt32LE(0);
  let from = 4 + count * 20;
  for (let index = 0; index < count; index++) from += raw.readUInt32LE(4 + (count + index) * 4);
  return from;
}

/** Reused from block to block; replaced for a larger one only while that is written. */
const scratch = Buffer.allocUnsafeSlow(4 * blockCharactersMax);

function writeEntries(firstSeq: number, entries: readonly BlockEntry[]): Buffer {
  let bytesMax = 4 + entries.length * 20;
  for (const entry of entries) for (const column of columns) bytesMax += entry[column].length * 3;
  const raw = bytesMax <= scratch.length ? scratch : Buffer.allocUnsafe(bytesMax);
  let header = raw.writeUInt32LE(entries.length, 0);
  for (const { seq } of entries) header = raw.writeUInt32LE(seq - firstSeq, header);
  let end = 4 + entries.length * 20;
  for (const column of columns) {
    for (const entry of entries) {
      const bytes = raw.write(entry[column], end, "utf8");
      header = raw.writeUInt32LE(bytes, header);
      end += bytes;
    }
  }
  return raw.subarray(0, end);
}

/** Small buffers lie beside others in one piece of memory, and stay. */
function freeOwn(bytes: Buffer): void {
  const { buffer, byteOffset, length } = bytes;
  if (byteOffset === 0 && buffer.byteLength - length <= spareBytes) free(bytes);
}

/** Room that is left: without, Node makes another buffer of the same size to see whether more follows. */
const spareBytes = 1;

function unpack(bytes: Uint8Array, rawBytes: number): Buffer {
  const raw = zstdDecompressSync(bytes, {
    maxOutputLength: rawBytes,
    chunkSize: Math.max(64, rawBytes + spareBytes),
  });
  if (raw.length !== rawBytes) throw new Error(`${raw.length} bytes instead of ${rawBytes}`);
  return raw;
}

function startsOf(raw: Buffer, count: number): Uint32Array {
  if (4 + count * 20 > raw.length) throw new Error(`${count} calls in ${raw.length} bytes`);
  const starts = new Uint32Array(count * columns.length + 1);
  let start = 4 + count * 20;
  for (let index = 0; index < count * columns.length; index++) {
    starts[index] = start;
    start += raw.readUInt32LE(4 + (count + index) * 4);
  }
  starts[count * columns.length] = start;
  if (start !== raw.length)
    throw new Error(`its texts end at ${start}, the block at ${raw.length}`);
  return starts;
}
