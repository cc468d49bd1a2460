/**
 * A call as bytes: what is short as JSON, what is long as the text that it is.
 *
 *     4 lengths | facts | headers | request body | response body
 *
 * Facts are a JSON array, headers a JSON object, all texts UTF-8. A length has four bytes of seven bits, least first: no byte
 * is FF, by which spill-records.ts finds its way. JSON of the whole call takes four times as long to write and to read, most of
 * it for quotes within bodies and for headers that a client repeats word for word.
 *
 * In: calls. Out: bytes, and equal calls; those with the same headers, one after the other, share them.
 */
import type { Call } from "../call.ts";

/** Calls end to end, in memory of their own. */
export interface PackedCalls {
  readonly bytes: Uint8Array;
  /** Of each call, in bytes. */
  readonly lengths: readonly number[];
}

const partsPerCall = 4;
const lengthBytes = 4;
const lengthMax = 2 ** 28 - 1;
const headBytes = partsPerCall * lengthBytes;
/** A unit of UTF-16 takes no more in UTF-8. */
const bytesPerUnitMax = 3;

/** Where calls are written whose sizes need not be known before; nothing keeps it. */
const roomBytes = 1_048_576;
let room: Buffer | undefined;

/** @throws RangeError — a text takes more than 256 MiB. */
export function packCalls(calls: readonly Call[]): PackedCalls {
  const all = calls.map(toParts);
  const lengths: number[] = [];
  if (sizeOf(all, (part) => part.length * bytesPerUnitMax) > roomBytes) {
    const bytes = Buffer.allocUnsafeSlow(sizeOf(all, (part) => Buffer.byteLength(part)));
    writeAll(bytes, all, lengths);
    return { bytes, lengths };
  }
  room ??= Buffer.allocUnsafeSlow(roomBytes);
  const size = writeAll(room, all, lengths);
  const bytes = Buffer.allocUnsafeSlow(size);
  room.copy(bytes, 0, 0, size);
  return { bytes, lengths };
}

/** @throws RangeError — see `packCalls`. */
export function packCall(call: Call): Uint8Array {
  return packCalls([call]).bytes;
}

/** Each read when it is asked for. @throws Error — these are not the bytes of calls. */
export function* unpackCalls({ buffer, byteOffset, byteLength }: Uint8Array): Generator<Call> {
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  for (let at = 0; at < bytes.length; ) {
    const end = endOfCall(bytes, at);
    yield readCall(bytes, at);
    at = end;
  }
}

/** @throws Error — these are not the bytes of one call. */
export function unpackCall(bytes: Uint8Array): Call {
  const [call, ...others] = unpackCalls(bytes);
  if (!call || others.length > 0) throw new Error("these are not the bytes of one call");
  return call;
}

/** Positions are the form of what rests in the spill: new ones come last, none is given another meaning. */
type Facts = [
  id: string,
  parentId: string,
  logicalId: string,
  replayOf: string | null,
  teamId: string,
  serverId: string,
  kind: Call["kind"],
  direction: Call["direction"],
  method: string,
  toolName: string,
  rpcId: string,
  path: string,
  status: Call["status"],
  resultType: Call["resultType"],
  statusCode: number,
  errorMessage: string,
  errorKind: Call["errorKind"],
  errorCode: number | null,
  durationMs: number,
  ttfbMs: number | null,
  timings: Call["timings"] | null,
  sourceIp: string,
  headerMismatches: readonly string[],
  sessionId: string,
  protocolVersion: string,
  clientName: string,
  clientVersion: string,
  requestBytes: number,
  responseBytes: number,
  requestTruncated: boolean,
  responseTruncated: boolean,
  traceId: string,
  startedAtMs: number,
  messages: Call["messages"],
  /** Where UTF-8 cannot hold it, for halves of characters; else null. */
  requestBody: string | null,
  responseBody: string | null,
];
const factsCount = 36;

type Parts = readonly [facts: string, headers: string, request: string, response: string];

function toParts(call: Call): Parts {
  const { requestBody, responseBody } = call;
  const [request, response] = [requestBody.isWellFormed(), responseBody.isWellFormed()];
  const facts: Facts = [
    call.id,
    call.parentId,
    call.logicalId,
    call.replayOf ?? null,
    call.teamId,
    call.serverId,
    call.kind,
    call.direction,
    call.method,
    call.toolName,
    call.rpcId,
    call.path,
    call.status,
    call.resultType,
    call.statusCode,
    call.errorMessage,
    call.errorKind,
    call.errorCode,
    call.durationMs,
    call.ttfbMs,
    call.timings ?? null,
    call.sourceIp,
    call.headerMismatches,
    call.sessionId,
    call.protocolVersion,
    call.clientName,
    call.clientVersion,
    call.requestBytes,
    call.responseBytes,
    call.requestTruncated,
    call.responseTruncated,
    call.traceId,
    call.startedAtMs,
    call.messages,
    request ? null : requestBody,
    response ? null : responseBody,
  ];
  const headers = headersText(call.headers);
  return [JSON.stringify(facts), headers, request ? requestBody : "", response ? responseBody : ""];
}

let written: { readonly headers?: Call["headers"]; readonly text: string } = { text: "{}" };

/** Calls of a client mostly come with the same object. */
function headersText(headers: Call["headers"]): string {
  if (written.headers !== headers) written = { headers, text: JSON.stringify(headers) };
  return written.text;
}

function sizeOf(all: readonly Parts[], bytesOf: (part: string) => number): number {
  let size = all.length * headBytes;
  for (const parts of all) for (const part of parts) size += bytesOf(part);
  return size;
}

function writeAll(target: Buffer, all: readonly Parts[], lengths: number[]): number {
  let end = 0;
  for (const parts of all) {
    const start = end;
    end += headBytes;
    for (let index = 0; index < partsPerCall; index += 1) {
      const bytes = target.write(parts[index] as string, end);
      writeLength(target, start + index * lengthBytes, bytes);
      end += bytes;
    }
    lengths.push(end - start);
  }
  return end;
}

function writeLength(target: Buffer, at: number, length: number): void {
  if (length > lengthMax) throw new RangeError(`${length} bytes of a call, ${lengthMax} at most`);
  for (let byte = 0; byte < lengthBytes; byte += 1)
    target[at + byte] = (length >> (7 * byte)) & 127;
}

function readLength(bytes: Buffer, at: number): number {
  let length = 0;
  for (let byte = 0; byte < lengthBytes; byte += 1)
    length |= (bytes[at + byte] as number) << (7 * byte);
  return length;
}

function endOfCall(bytes: Buffer, at: number): number {
  let end = at + headBytes;
  for (let part = 0; part < partsPerCall; part += 1)
    end += readLength(bytes, at + part * lengthBytes);
  if (end > bytes.length) throw new Error("the bytes of a call are cut");
  return end;
}

let read: { readonly text: string; readonly headers: Call["headers"] } = {
  text: "{}",
  headers: {},
};

function headersOf(text: string): Call["headers"] {
  if (read.text !== text) read = { text, headers: JSON.parse(text) };
  return read.headers;
}

/** Of bytes that are there. */
function readCall(bytes: Buffer, at: number): Call {
  let start = at + headBytes;
  const text = (part: number): string => {
    const from = start;
    start += readLength(bytes, at + part * lengthBytes);
    return bytes.toString("utf8", from, start);
  };
  const facts = JSON.parse(text(0)) as Facts;
  if (!Array.isArray(facts) || facts.length < factsCount)
    throw new Error("these are no facts of a call");
  const [replayOf, timings] = [facts[3], facts[20]];
  const headers = headersOf(text(1));
  const [request, response] = [text(2), text(3)];
  return {
    id: facts[0],
    parentId: facts[1],
    logicalId: facts[2],
    ...(replayOf !== null && { replayOf }),
    teamId: facts[4],
    serverId: facts[5],
    kind: facts[6],
    direction: facts[7],
    method: facts[8],
    toolName: facts[9],
    rpcId: facts[10],
    path: facts[11],
    requestBody: facts[34] ?? request,
    responseBody: facts[35] ?? response,
    status: facts[12],
    resultType: facts[13],
    statusCode: facts[14],
    errorMessage: facts[15],
    errorKind: facts[16],
    errorCode: facts[17],
    durationMs: facts[18],
    ttfbMs: facts[19],
    ...(timings && { timings }),
    sourceIp: facts[21],
    headers,
    headerMismatches: facts[22],
    sessionId: facts[23],
    protocolVersion: facts[24],
    clientName: facts[25],
    clientVersion: facts[26],
    requestBytes: facts[27],
    responseBytes: facts[28],
    requestTruncated: facts[29],
    responseTruncated: facts[30],
    traceId: facts[31],
    startedAtMs: facts[32],
    messages: facts[33],
  };
}
