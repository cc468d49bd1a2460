/**
 * Opaque positions in the order of arrival: how many calls had been appended before.
 *
 * In: that number. Out: 9 bytes as base64url, 12 characters. Decoding is strict: every position has exactly
 * one spelling.
 */
import { invalid } from "../problem.ts";

const version = 1;
const byteLength = 9;

/** `arrivals` is a whole number from 0 to 2^53 - 1. */
export function encodePosition(arrivals: number): string {
  const bytes = Buffer.alloc(byteLength);
  bytes.writeUInt8(version, 0);
  bytes.writeBigUInt64BE(BigInt(arrivals), 1);
  return bytes.toString("base64url");
}

/** @throws Problem `validation_error` — text that `encodePosition` never returns. */
export function decodePosition(text: string): number {
  const bytes = Buffer.from(text, "base64url");
  const canonical = bytes.length === byteLength && bytes.toString("base64url") === text;
  const arrivals = canonical ? Number(bytes.readBigUInt64BE(1)) : Number.NaN;
  if (canonical && bytes.readUInt8(0) === version && Number.isSafeInteger(arrivals))
    return arrivals;
  throw invalid({ field: "after", message: "is not a position that this log issued" });
}
