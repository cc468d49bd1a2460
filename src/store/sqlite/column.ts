/**
 * The forms in which columns of a segment rest: flat arrays, read without being decoded.
 *
 * In: values in the order of the segment. Out: bytes, and typed arrays that are views of them. All numbers
 * are little endian, as every platform of Node.js is. Guarantees: what was encoded comes back equal;
 * bytes that no encoder made are refused, not read beyond their end.
 */

/**
 * Values of which many are equal. Layout: the number of distinct values n, then n values, then n counts, all of
 * them 32 bits; then, unless n is 1, one code a row, 8 bits up to 256 values, else 16.
 */
export interface DictionaryColumn {
  /** Distinct, in no order. */
  readonly values: Uint32Array;
  /** How many rows have each value. */
  readonly counts: Uint32Array;
  /** For each row the index of its value; absent when there is but one. */
  readonly codes: Uint8Array | Uint16Array | undefined;
}

/** Whole numbers. Layout: bytes of each (0, 1, 2, 4, or 8 for a double), 7 unused bytes, then the numbers. */
export type NumberColumn = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** UUIDs that few rows have. Layout: their number n, n row numbers of 32 bits, ascending, n × 16 bytes. */
export interface SparseColumn {
  readonly rows: Uint32Array;
  readonly uuids: Uint8Array;
}

export const uuidBytesLength = 16;

export function encodeDictionary(values: readonly number[]): Uint8Array {
  const coder = new DictionaryCoder(values.length);
  for (const [row, value] of values.entries()) coder.codes[row] = coder.codeOf(value);
  return coder.encode();
}

/** Numbers values in the order in which they come. */
export class DictionaryCoder {
  /** Of each row, what `codeOf` returned for its value. */
  readonly codes: Uint16Array;
  readonly #codeOf = new Map<number, number>();

  constructor(rows: number) {
    this.codes = new Uint16Array(rows);
  }

  /** To be asked for values of rows alone, in their order. */
  codeOf(value: number): number {
    let code = this.#codeOf.get(value);
    if (code === undefined) {
      code = this.#codeOf.size;
      this.#codeOf.set(value, code);
    }
    return code;
  }

  values(): ReadonlySet<number> {
    return new Set(this.#codeOf.keys());
  }

  encode(): Uint8Array {
    const distinct = this.#codeOf.size;
    const head = Uint32Array.of(
      distinct,
      ...this.#codeOf.keys(),
      ...countsOf(this.codes, distinct),
    );
    if (distinct === 1) return bytesOf(head);
    return joined(head, distinct <= 256 ? new Uint8Array(this.codes) : this.codes);
  }
}

/** How often each number below `limit` occurs. */
function countsOf(numbers: Uint16Array, limit: number): Uint32Array {
  const counts = new Uint32Array(limit);
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] as number;
    counts[number] = (counts[number] as number) + 1;
  }
  return counts;
}

/** @throws RangeError — not what `encodeDictionary` made of so many rows. */
export function decodeDictionary(bytes: Uint8Array, rows: number): DictionaryColumn {
  const { buffer } = aligned(bytes);
  const distinct = new Uint32Array(buffer, 0, 1)[0] ?? 0;
  const values = new Uint32Array(buffer, 4, distinct);
  const counts = new Uint32Array(buffer, 4 + distinct * 4, distinct);
  const codesAt = 4 + distinct * 8;
  if (distinct === 1) return { values, counts, codes: undefined };
  const codes =
    distinct <= 256
      ? new Uint8Array(buffer, codesAt, rows)
      : new Uint16Array(buffer, codesAt, rows);
  return { values, counts, codes };
}

/** @throws RangeError — a row has the code of no value. */
export function requireCodes({ values, codes }: DictionaryColumn): void {
  if (!codes) return;
  let max = 0;
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] as number;
    if (code > max) max = code;
  }
  if (max >= values.length)
    throw new RangeError(`${max} is a code of none of ${values.length} values`);
}

/** Whole numbers from 0 to 2^53 - 1. A column where each row has its own number takes no room. */
export function encodeNumbers(numbers: ArrayLike<number>): Uint8Array {
  const width = widthOf(numbers);
  const head = new Uint8Array(8);
  head[0] = width;
  const column = arrayOf(width, numbers);
  return column ? joined(head, column) : head;
}

/** @throws RangeError — not what `encodeNumbers` made of so many rows. */
export function decodeNumbers(bytes: Uint8Array, rows: number): NumberColumn {
  const { buffer } = aligned(bytes);
  const width = new Uint8Array(buffer, 0, 1)[0];
  if (width === 0) return ownNumbers(rows);
  if (width === 1) return new Uint8Array(buffer, 8, rows);
  if (width === 2) return new Uint16Array(buffer, 8, rows);
  if (width === 4) return new Uint32Array(buffer, 8, rows);
  if (width === 8) return new Float64Array(buffer, 8, rows);
  throw new RangeError(`${width} bytes are no width of a number`);
}

/** Shared by all columns of that kind. */
let own = new Uint32Array();

function ownNumbers(rows: number): Uint32Array {
  if (rows > own.length) own = Uint32Array.from({ length: rows }, (_, row) => row);
  return own.subarray(0, rows);
}

export function encodeSparse(uuids: readonly (Uint8Array | null)[]): Uint8Array {
  const present = [...uuids.entries()].filter(([, uuid]) => uuid !== null);
  const rows = Uint32Array.from(present, ([row]) => row);
  return encodePresent(
    rows,
    present.map(([, uuid]) => uuid ?? new Uint8Array()),
  );
}

/** The rows that have a UUID, ascending, and theirs. */
export function encodePresent(rows: Uint32Array, uuids: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([bytesOf(Uint32Array.of(rows.length)), bytesOf(rows), ...uuids]);
}

/** @throws RangeError — not what `encodeSparse` made. */
export function decodeSparse(bytes: Uint8Array): SparseColumn {
  const { buffer } = aligned(bytes);
  const present = new Uint32Array(buffer, 0, 1)[0] ?? 0;
  const rows = new Uint32Array(buffer, 4, present);
  const uuids = new Uint8Array(buffer, 4 + present * 4, present * uuidBytesLength);
  return { rows, uuids };
}

/** The UUID of a row; null without one. */
export function sparseAt({ rows, uuids }: SparseColumn, row: number): Uint8Array | null {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle] ?? 0) < row) low = middle + 1;
    else high = middle;
  }
  return rows[low] === row ? uuidAt(uuids, low) : null;
}

export function uuidAt(uuids: Uint8Array, index: number): Uint8Array {
  return uuids.subarray(index * uuidBytesLength, (index + 1) * uuidBytesLength);
}

function widthOf(numbers: ArrayLike<number>): number {
  let max = 0;
  let isOwnNumber = true;
  for (let row = 0; row < numbers.length; row++) {
    const number = numbers[row] as number;
    if (number > max) max = number;
    if (number !== row) isOwnNumber = false;
  }
  if (isOwnNumber) return 0;
  if (max < 2 ** 8) return 1;
  if (max < 2 ** 16) return 2;
  return max < 2 ** 32 ? 4 : 8;
}

function arrayOf(width: number, numbers: ArrayLike<number>): NumberColumn | undefined {
  if (width === 0) return undefined;
  // Not `from`, which goes through an iterator.
  if (width === 1) return new Uint8Array(numbers);
  if (width === 2) return new Uint16Array(numbers);
  return width === 4 ? new Uint32Array(numbers) : new Float64Array(numbers);
}

function bytesOf(array: NumberColumn): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** In memory of their own, so that they can be read as they are. */
function joined(head: NumberColumn, rest: NumberColumn): Uint8Array {
  const bytes = new Uint8Array(head.byteLength + rest.byteLength);
  bytes.set(bytesOf(head));
  bytes.set(bytesOf(rest), head.byteLength);
  return bytes;
}

/** SQLite hands out arrays of their own; a view into a larger one may begin anywhere. */
function aligned(bytes: Uint8Array): Pick<Uint8Array, "buffer"> {
  const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return whole ? bytes : Uint8Array.from(bytes);
}
