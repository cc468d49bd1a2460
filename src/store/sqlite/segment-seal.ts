/**
 * A checksum over the columns of a segment, behind the last of them: its ids, whose length says whether it is there.
 *
 * Reading does not look at it, since a query reads few columns of many segments; verification and repair do. SQLite itself
 * does not tell half a page that was written from a whole one, where a blob spans several.
 */
import { crc32 } from "node:zlib";
import { uuidBytesLength } from "./column.ts";

const sealBytes = 4;

/** The ids with the seal of all columns; `columns` are the others, in the order of the table. */
export function sealIds(columns: readonly Uint8Array[], ids: Uint8Array): Uint8Array {
  const seal = Buffer.alloc(sealBytes);
  seal.writeUInt32LE(checksum([...columns, ids]));
  return Buffer.concat([ids, seal]);
}

/** False for columns other than those that were written. `sealed` is what `sealIds` returned; without a seal nothing is known. */
export function isSealWhole(
  columns: readonly Uint8Array[],
  sealed: Uint8Array,
  rows: number,
): boolean {
  const ids = sealed.subarray(0, rows * uuidBytesLength);
  const seal = Buffer.from(sealed.subarray(ids.length));
  if (seal.length === 0 && ids.length === rows * uuidBytesLength) return true;
  return seal.length === sealBytes && seal.readUInt32LE() === checksum([...columns, ids]);
}

function checksum(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => crc32(part, sum), 0);
}
