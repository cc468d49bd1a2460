/**
 * Opaque keyset cursors: the place in a log's order after which the next page begins.
 *
 * In: the last call of a page. Out: 25 bytes as base64url, 34 characters, the same from every driver, so that
 * a walk survives a change of engine. Decoding is strict: every place has exactly one spelling.
 */
import { isUuid } from "../id.ts";
import { invalid } from "../problem.ts";

/** A place in the order of pages: `startedAtMs`, then `id`, both descending. */
export interface Place {
  /** Epoch milliseconds, whole. */
  readonly startedAtMs: number;
  readonly id: string;
}

const version = 1;
const byteLength = 25;

export function encodeCursor(place: Place): string {
  const bytes = Buffer.alloc(byteLength);
  bytes.writeUInt8(version, 0);
  bytes.writeBigInt64BE(BigInt(place.startedAtMs), 1);
  bytes.write(place.id.replaceAll("-", ""), 9, "hex");
  return bytes.toString("base64url");
}

/** @throws Problem `validation_error` — text that `encodeCursor` never returns. */
export function decodeCursor(text: string): Place {
  const bytes = Buffer.from(text, "base64url");
  // The comparison refuses what Buffer forgives: padding, blanks, the other alphabet, stray bits.
  const canonical = bytes.length === byteLength && bytes.toString("base64url") === text;
  if (canonical && bytes.readUInt8(0) === version) {
    const startedAtMs = Number(bytes.readBigInt64BE(1));
    const hex = bytes.toString("hex", 9);
    const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    if (Number.isSafeInteger(startedAtMs) && isUuid(id)) return { startedAtMs, id };
  }
  throw invalid({ field: "cursor", message: "is not a cursor that this log issued" });
}
