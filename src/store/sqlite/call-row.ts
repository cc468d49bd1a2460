/**
 * A call as it rests: a row of a segment, and an entry of a block.
 *
 * In: calls, and what this module made of them. Out: the same calls; only lone surrogates in texts come back as
 * U+FFFD, since SQLite and blocks keep UTF-8.
 */
import type { Call, CallMessage, ResultType } from "../../call.ts";
import type { BlockEntry } from "./block.ts";
import { outcomeCode, outcomeOf } from "./call-codes.ts";
import type { Names } from "./names.ts";
import { fromRested, type RestedTimings, toRested } from "./rested-timings.ts";
import type { Row } from "./segment.ts";
import { uuidBytes, uuidText } from "./uuid-bytes.ts";

/** Within a write transaction. */
export function toRow(call: Call, id: Uint8Array, seq: number, names: Names): Row {
  const at = call.startedAtMs;
  const team = names.use(call.teamId, at);
  return {
    seq,
    id,
    team,
    server: names.use(call.serverId, at, team),
    method: names.use(call.method, at, team),
    tool: names.use(call.toolName, at, team),
    session: names.use(call.sessionId, at, team),
    client: names.use(call.clientName, at, team),
    outcome: outcomeCode(call),
    startedMs: at,
    durationMs: call.durationMs,
    parent: call.parentId === "" ? null : uuidBytes(call.parentId),
    logical: call.logicalId === call.id ? null : uuidBytes(call.logicalId),
  };
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
    call.replayOf ?? "",
  ];
  return {
    seq,
    rest: JSON.stringify(call.timings ? [...rest, toRested(call.timings)] : rest),
    error: call.errorMessage,
    request: call.requestBody,
    response: call.responseBody,
  };
}

export function toCall(
  teamId: string,
  row: Row,
  entry: BlockEntry,
  names: Pick<Names, "text">,
): Call {
  const rest: Rest = JSON.parse(entry.rest);
  const id = uuidText(row.id);
  return {
    id,
    parentId: row.parent ? uuidText(row.parent) : "",
    logicalId: row.logical ? uuidText(row.logical) : id,
    ...(rest[17] && { replayOf: rest[17] }),
    ...(rest[18] && { timings: fromRested(rest[18]) }),
    teamId,
    serverId: names.text(row.server),
    ...outcomeOf(row.outcome),
    method: names.text(row.method),
    toolName: names.text(row.tool),
    rpcId: rest[0],
    path: rest[14],
    requestBody: entry.request,
    responseBody: entry.response,
    resultType: rest[15],
    statusCode: rest[5],
    errorMessage: entry.error,
    errorCode: rest[6],
    durationMs: row.durationMs,
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
    startedAtMs: row.startedMs,
    messages: rest[13],
  };
}

/** In place of one whose block is damaged: the log holds less of the call than passed. */
export function damagedEntry(seq: number): BlockEntry {
  const rest: Rest = ["", "", "", "", "", 0, null, null, 0, 0, true, true, {}, [], "", "", []];
  return { seq, rest: JSON.stringify(rest), error: "", request: "", response: "" };
}

/** True when there is something that `entryWithoutBodies` would take. */
export function hasBodies({ rest, request, response }: BlockEntry): boolean {
  return request !== "" || response !== "" || (JSON.parse(rest) as Rest)[13].length > 0;
}

/** What `withoutBodies` of call.ts leaves. */
export function entryWithoutBodies(entry: BlockEntry): BlockEntry {
  const rest: Rest = JSON.parse(entry.rest);
  const kept = rest
    .with(10, rest[8] > 0)
    .with(11, rest[9] > 0)
    .with(13, []);
  return { ...entry, rest: JSON.stringify(kept), request: "", response: "" };
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
  /** Absent in what versions before this one wrote; empty for none. */
  replayOf?: string,
  /** Absent without. */
  timings?: RestedTimings,
];
