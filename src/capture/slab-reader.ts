/**
 * Reads slabs back into the events of exchanges, on the recorder thread.
 *
 * In: one slab. Out: its records in order; bytes are views into the slab, to be copied by who keeps them.
 * Guarantees: a torn slab, which only a bug can make, is read as far as it is whole and reported;
 * nothing is thrown but what the sink throws.
 */
import type {
  ExchangeEnd,
  ExchangeOpening,
  ExchangeOutcome,
  OwnCall,
  UpstreamTimes,
} from "../exchange.ts";
import type { CaptureLevel } from "../server.ts";
import type { FieldTexts } from "./field-texts.ts";
import { recordHeaderBytes, recordTypes, upstreamNumbers } from "./slab-record.ts";

export type SlabEvent =
  | { readonly type: "opening"; readonly opening: ExchangeOpening }
  | { readonly type: "own"; readonly own: OwnCall }
  | { readonly type: "request" | "response"; readonly bytes: Buffer }
  | { readonly type: "requestSkipped" | "responseSkipped"; readonly skippedBytes: number }
  | { readonly type: "requestEnd" }
  | { readonly type: "upstream"; readonly times: UpstreamTimes }
  | { readonly type: "head"; readonly statusCode: number; readonly rawHeaders: readonly string[] }
  | { readonly type: "end"; readonly end: ExchangeEnd };

/** `atMs`: monotonic milliseconds of the thread that wrote the slab. */
export type SlabSink = (exchange: number, atMs: number, event: SlabEvent) => void;

export interface SlabReading {
  readonly records: number;
  /** Where reading stopped. */
  readonly at: number;
  /** Why reading stopped before the end; empty when the slab was whole. */
  readonly torn: string;
}

/** Which records: those from that place on, until the first that is younger than `untilMs`. */
export interface SlabSpan {
  readonly from: number;
  readonly untilMs: number;
}

const whole: SlabSpan = { from: 0, untilMs: Number.POSITIVE_INFINITY };

export function readSlab(
  slab: Uint8Array,
  texts: FieldTexts,
  sink: SlabSink,
  { from, untilMs }: SlabSpan = whole,
): SlabReading {
  const bytes = Buffer.from(slab.buffer, slab.byteOffset, slab.byteLength);
  let records = 0;
  let at = from;
  while (at < bytes.length) {
    if (bytes.length - at < recordHeaderBytes)
      return { records, at, torn: "a record's header is cut" };
    const start = at + recordHeaderBytes;
    const length = bytes.readUInt32LE(at + 13);
    if (length > bytes.length - start) return { records, at, torn: "a record's payload is cut" };
    const atMs = bytes.readDoubleLE(at + 5);
    if (atMs > untilMs) break;
    const event = readEvent(
      { type: bytes.readUInt8(at), bytes, start, end: start + length },
      texts,
    );
    if (!event)
      return { records, at, torn: `record of type ${bytes.readUInt8(at)} is not readable` };
    sink(bytes.readUInt32LE(at + 1), atMs, event);
    records += 1;
    at = start + length;
  }
  return { records, at, torn: "" };
}

/** When the record at that place was written; undefined where there is none. */
export function timeAt(slab: Uint8Array<ArrayBuffer>, at: number): number | undefined {
  if (slab.byteLength - at < recordHeaderBytes) return undefined;
  return new DataView(slab.buffer, slab.byteOffset + at + 5, 8).getFloat64(0, true);
}

interface SlabRecord {
  readonly type: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

function readEvent(
  { type, bytes, start, end }: SlabRecord,
  texts: FieldTexts,
): SlabEvent | undefined {
  switch (type) {
    case recordTypes.opening:
      return toOpening(bytes.toString("utf8", start, end), texts);
    case recordTypes.own: {
      const [callId = "", replayOf = ""] = readTexts(bytes, start, end);
      return { type: "own", own: { callId, replayOf } };
    }
    case recordTypes.request:
      return { type: "request", bytes: bytes.subarray(start, end) };
    case recordTypes.response:
      return { type: "response", bytes: bytes.subarray(start, end) };
    case recordTypes.requestEnd:
      return { type: "requestEnd" };
    case recordTypes.head: {
      const [statusCode = "", ...rawHeaders] = readTexts(bytes, start, end);
      return { type: "head", statusCode: Number(statusCode), rawHeaders };
    }
    case recordTypes.requestSkipped:
    case recordTypes.responseSkipped: {
      if (end - start !== 8) return undefined;
      const skippedBytes = bytes.readDoubleLE(start);
      return type === recordTypes.requestSkipped
        ? { type: "requestSkipped", skippedBytes }
        : { type: "responseSkipped", skippedBytes };
    }
    case recordTypes.upstream:
      if (end - start !== upstreamNumbers * 8) return undefined;
      return { type: "upstream", times: toTimes((n) => bytes.readDoubleLE(start + n * 8)) };
    case recordTypes.end: {
      const [outcome = "", reason = ""] = readTexts(bytes, start, end);
      return { type: "end", end: { outcome: outcome as ExchangeOutcome, reason } };
    }
    default:
      return undefined;
  }
}

/** How many texts come before the header fields. */
const openingTexts = 7;

function toOpening(text: string, known: FieldTexts): SlabEvent {
  let end = -1;
  for (let count = 0; count < openingTexts; count += 1) {
    end = text.indexOf("\0", end + 1);
    if (end === -1) break;
  }
  const head = end === -1 ? text : text.slice(0, end);
  const [
    startedAtMs,
    serverId = "",
    teamId = "",
    sourceIp = "",
    method = "",
    level = "",
    path = "",
  ] = head.split("\0");
  const opening = {
    serverId,
    teamId,
    startedAtMs: Number(startedAtMs),
    method,
    path,
    sourceIp,
    rawHeaders: end === -1 ? [] : known.read(text.slice(end + 1)),
    captureLevel: level as CaptureLevel,
  };
  return { type: "opening", opening };
}

function toTimes(numberAt: (n: number) => number): UpstreamTimes {
  const momentAt = (n: number) => {
    const number = numberAt(n);
    return Number.isNaN(number) ? undefined : number;
  };
  return {
    resolvingMs: momentAt(0),
    connectingMs: momentAt(1),
    securingMs: momentAt(2),
    sendingMs: momentAt(3),
    waitingMs: momentAt(4),
    receivingMs: momentAt(5),
    overheadMs: numberAt(6),
  };
}

function readTexts(bytes: Buffer, start: number, end: number): string[] {
  return bytes.toString("utf8", start, end).split("\0");
}
