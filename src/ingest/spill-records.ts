/**
 * The form of spill files: calls end to end, each a record that proves itself.
 *
 *     FF 'H' 'W' 01 | u32 crc | u32 payload bytes | u8 form | payload
 *
 * Little-endian. The CRC-32 covers everything behind it; the payload is the call as packed-call.ts writes it, which never
 * holds the byte FF, so that the next record is found again behind a damaged one. `form` is 2 for a whole call, 3 for one
 * without its bodies; versions before this one wrote calls as JSON, forms 0 and 1.
 *
 * Guarantees: reading never throws and never makes up a record; whatever was cut off or altered, every record
 * that was not touched is read.
 */
import { crc32 } from "node:zlib";
import type { Call } from "../call.ts";
import { packCall, unpackCall } from "./packed-call.ts";
import type { Packed } from "./waiting.ts";

export interface SpillRecord extends Packed {
  /** By a version that wrote calls so. */
  readonly isJson: boolean;
}

export type SpillEntry =
  /** A call, as `packedOf` reads it. */
  | SpillRecord
  /** Records that are there no more: how many there were, as far as it can be told, and at least one. */
  | { readonly lost: number; readonly torn: boolean };

export function encodeRecords(calls: readonly Packed[]): Buffer {
  const bytes = calls.reduce((sum, { payload }) => sum + headerBytes + payload.byteLength, 0);
  // In memory of its own, which can be given back.
  const records = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const { payload, shed } of calls) {
    const end = at + headerBytes + payload.byteLength;
    mark.copy(records, at);
    records.writeUInt32LE(payload.byteLength, at + lengthAt);
    records.writeUInt8(packedForm + (shed ? shedForm : 0), at + formAt);
    records.set(payload, at + headerBytes);
    records.writeUInt32LE(crc32(records.subarray(at + lengthAt, end)), at + crcAt);
    at = end;
  }
  return records;
}

export function toPacked(call: Call, shed: boolean): Packed {
  return { payload: packCall(call), shed };
}

/**
 * What proved itself was written by `encodeRecords`; but a file of another make may carry our mark, and is undefined
 * where it is no call.
 */
export function packedOf({ payload, shed, isJson }: SpillRecord): Packed | undefined {
  try {
    if (!isJson) return isCall(unpackCall(payload)) ? { payload, shed } : undefined;
    const { buffer, byteOffset, byteLength } = payload;
    const value: unknown = JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString());
    return isCall(value) ? toPacked(value, shed) : undefined;
  } catch {
    return undefined;
  }
}

function isCall(value: unknown): value is Call {
  return (
    typeof value === "object" && value !== null && "id" in value && typeof value.id === "string"
  );
}

/** The entries of a file in order, as parts of its bytes. `torn`: no whole record follows, as where a process died while it wrote. */
export function* readRecords(bytes: Buffer): Generator<SpillEntry> {
  for (let at = 0; at < bytes.length; ) {
    const record = readRecord(bytes, at);
    if (record) {
      yield record.entry;
      at = record.end;
      continue;
    }
    const next = nextRecord(bytes, at + 1);
    // Without a mark of its own a record lost its head.
    const lost = marksBetween(bytes, at, next) + (isMark(bytes, at) ? 0 : 1);
    yield { lost, torn: next === bytes.length };
    at = next;
  }
}

/** Where the next whole record begins; the end of the bytes when there is none. */
function nextRecord(bytes: Buffer, from: number): number {
  for (let at = from; ; at += 1) {
    at = bytes.indexOf(mark, at);
    if (at < 0) return bytes.length;
    if (readRecord(bytes, at)) return at;
  }
}

function marksBetween(bytes: Buffer, from: number, to: number): number {
  let marks = 0;
  for (let at = bytes.indexOf(mark, from); at >= 0 && at < to; at = bytes.indexOf(mark, at + 1))
    marks += 1;
  return marks;
}

const mark = Buffer.from([0xff, 0x48, 0x57, 0x01]);
const crcAt = 4;
const lengthAt = 8;
const formAt = 12;
const headerBytes = 13;
const shedForm = 1;
const packedForm = 2;

function readRecord(
  bytes: Buffer,
  at: number,
): { readonly entry: SpillEntry; readonly end: number } | undefined {
  if (bytes.length - at < headerBytes) return undefined;
  if (!isMark(bytes, at)) return undefined;
  const start = at + headerBytes;
  const end = start + bytes.readUInt32LE(at + lengthAt);
  if (end > bytes.length) return undefined;
  if (crc32(bytes.subarray(at + lengthAt, end)) !== bytes.readUInt32LE(at + crcAt))
    return undefined;
  const payload = bytes.subarray(start, end);
  const form = bytes.readUInt8(at + formAt);
  const isJson = (form & packedForm) === 0;
  return { entry: { payload, shed: (form & shedForm) !== 0, isJson }, end };
}

function isMark(bytes: Buffer, at: number): boolean {
  return bytes.compare(mark, 0, mark.length, at, Math.min(bytes.length, at + mark.length)) === 0;
}
