/**
 * A call as it rests: a row of `calls`, narrow, and an entry of a block.
 *
 * In: calls, and rows this module wrote. Out: the same calls; only lone surrogates in texts come back as
 * U+FFFD, since SQLite and blocks keep UTF-8.
 */
import type { SQLInputValue } from "node:sqlite";
import {
  type Call,
  type CallDirection,
  type CallKind,
  type CallMessage,
  type CallStatus,
  callDirections,
  callKinds,
  callStatuses,
  type ErrorKind,
  errorKinds,
  type ResultType,
} from "../../call.ts";
import type { Place } from "../cursor.ts";
import type { BlockEntry } from "./block.ts";
import type { Names } from "./names.ts";

// Codes rest in files: a value keeps its code for ever, new ones are added.
const kindCodes: Readonly<Record<CallKind, number>> = { request: 0, notification: 1, http: 2 };
const directionCodes: Readonly<Record<CallDirection, number>> = { client: 0, server: 1 };
const statusCodes: Readonly<Record<CallStatus, number>> = { success: 0, error: 1, timeout: 2 };
const errorKindCodes: Readonly<Record<ErrorKind | "", number>> = {
  "": 0,
  http: 1,
  jsonrpc: 2,
  tool: 3,
  transport: 4,
  timeout: 5,
  cancelled: 6,
  policy: 7,
};

export const codeOf = {
  kind: (kind: CallKind) => kindCodes[kind],
  direction: (direction: CallDirection) => directionCodes[direction],
  status: (status: CallStatus) => statusCodes[status],
  errorKind: (kind: ErrorKind | "") => errorKindCodes[kind],
};

const kinds = byCode(callKinds, kindCodes);
const directions = byCode(callDirections, directionCodes);
const statuses = byCode(callStatuses, statusCodes);
const errorKindsByCode = byCode(["", ...errorKinds], errorKindCodes);

export const insertCallSql = `
  INSERT INTO calls (seq, id, team, server, method, tool, session, parent, logical, client,
    kind, direction, status, error_kind, started_ms, duration_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO NOTHING
`;

/** The columns that `toCall` reads, in one order. */
export const callColumns = `seq, id, server, method, tool, session, parent, logical, client,
  kind, direction, status, error_kind, started_ms, duration_ms`;

/** The values of `insertCallSql`, within a write transaction. */
export function toRow(call: Call, seq: number, names: Names): SQLInputValue[] {
  const at = call.startedAtMs;
  return [
    seq,
    uuidBytes(call.id),
    names.use(call.teamId, at),
    names.use(call.serverId, at),
    names.use(call.method, at),
    names.use(call.toolName, at),
    names.use(call.sessionId, at),
    call.parentId === "" ? null : uuidBytes(call.parentId),
    call.logicalId === call.id ? null : uuidBytes(call.logicalId),
    names.use(call.clientName, at),
    kindCodes[call.kind],
    directionCodes[call.direction],
    statusCodes[call.status],
    errorKindCodes[call.errorKind],
    at,
    call.durationMs,
  ];
}

export function toEntry(call: Call, seq: number): BlockEntry {
  const rest: Rest = [
    call.rpcId,
    call.sourceIp,
    call.protocolVersion,
    call.clientVersion,
    call.traceId,
    call.statusCode,
    call.errorCode,
    call.ttfbMs,
    call.requestBytes,
    call.responseBytes,
    call.requestTruncated,
    call.responseTruncated,
    call.headers,
    call.messages,
    call.path,
    call.resultType,
    call.headerMismatches,
  ];
  return {
    seq,
    rest: JSON.stringify(rest),
    error: call.errorMessage,
    request: call.requestBody,
    response: call.responseBody,
  };
}

/** A row of `callColumns`, as SQLite returns it. The schema is STRICT: the types are as said. */
export interface CallRow {
  readonly seq: number;
  readonly id: Uint8Array;
  readonly server: number;
  readonly method: number;
  readonly tool: number;
  readonly session: number;
  readonly parent: Uint8Array | null;
  readonly logical: Uint8Array | null;
  readonly client: number;
  readonly kind: number;
  readonly direction: number;
  readonly status: number;
  readonly error_kind: number;
  readonly started_ms: number;
  readonly duration_ms: number;
}

export function toCall(teamId: string, row: CallRow, entry: BlockEntry, names: Names): Call {
  const rest: Rest = JSON.parse(entry.rest);
  return {
    id: uuidText(row.id),
    parentId: row.parent ? uuidText(row.parent) : "",
    logicalId: uuidText(row.logical ?? row.id),
    teamId,
    serverId: names.text(row.server),
    kind: valueOfCode(kinds, row.kind),
    direction: valueOfCode(directions, row.direction),
    method: names.text(row.method),
    toolName: names.text(row.tool),
    rpcId: rest[0],
    path: rest[14],
    requestBody: entry.request,
    responseBody: entry.response,
    status: statusOf(row),
    resultType: rest[15],
    statusCode: rest[5],
    errorMessage: entry.error,
    errorKind: valueOfCode(errorKindsByCode, row.error_kind),
    errorCode: rest[6],
    durationMs: row.duration_ms,
    ttfbMs: rest[7],
    sourceIp: rest[1],
    headers: rest[12],
    headerMismatches: rest[16],
    sessionId: names.text(row.session),
    protocolVersion: rest[2],
    clientName: names.text(row.client),
    clientVersion: rest[3],
    requestBytes: rest[8],
    responseBytes: rest[9],
    requestTruncated: rest[10],
    responseTruncated: rest[11],
    traceId: rest[4],
    startedAtMs: row.started_ms,
    messages: rest[13],
  };
}

export function statusOf(row: Pick<CallRow, "status">): CallStatus {
  return valueOfCode(statuses, row.status);
}

export function placeOf(row: CallRow): Place {
  return { startedAtMs: row.started_ms, id: uuidText(row.id) };
}

/** Sixteen bytes, in the order of the text: bytewise comparison is the same for both. */
export function uuidBytes(id: string): Uint8Array {
  return Buffer.from(id.replaceAll("-", ""), "hex");
}

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** What nobody filters by or counts, as it rests; positions are part of the file format. */
type Rest = readonly [
  rpcId: string,
  sourceIp: string,
  protocolVersion: string,
  clientVersion: string,
  traceId: string,
  statusCode: number,
  errorCode: number | null,
  ttfbMs: number | null,
  requestBytes: number,
  responseBytes: number,
  requestTruncated: boolean,
  responseTruncated: boolean,
  headers: Readonly<Record<string, string>>,
  messages: readonly CallMessage[],
  path: string,
  resultType: ResultType | "",
  headerMismatches: readonly string[],
];

function byCode<Value extends string>(
  values: readonly Value[],
  codes: Readonly<Record<Value, number>>,
): readonly Value[] {
  return values.toSorted((a, b) => codes[a] - codes[b]);
}

function valueOfCode<Value>(values: readonly Value[], code: number): Value {
  const value = values[code];
  if (value === undefined) throw new RangeError(`${code} is no code of ours`);
  return value;
}
