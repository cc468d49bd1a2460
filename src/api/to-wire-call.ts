/**
 * A call as JSON: whole, as lists show it, or without anything that was said. Empty texts that mean "unknown"
 * become null.
 */
import type { CallMessage, CallSummary, CallTimings } from "../call.ts";
import type { Caller } from "../caller.ts";
import { previewMaxBytes } from "./query.ts";
import type { WireCall, WireCallMessages } from "./wire.ts";

/** What a call said; the rest tells what it was. Null for those who may not see it. */
const saidFields = [
  "path",
  "request_body",
  "response_body",
  "error_message",
  "headers",
] as const satisfies (keyof WireCall)[];

export type WireWholeCall = WireCall & {
  readonly [Name in (typeof saidFields)[number]]: NonNullable<WireCall[Name]>;
};

/** How a call is shown to a caller, in a list. */
export function previewFor({ scopes }: Pick<Caller, "scopes">): (call: CallSummary) => WireCall {
  return scopes.has("calls:bodies") ? toWirePreview : toWireFacts;
}

/** How a call is shown to a caller, on its own. */
export function viewFor({ scopes }: Pick<Caller, "scopes">): (call: CallSummary) => WireCall {
  return scopes.has("calls:bodies") ? toWireCall : toWireFacts;
}

export function toWireCall(call: CallSummary): WireWholeCall {
  return {
    id: call.id,
    parent_id: call.parentId || null,
    logical_id: call.logicalId,
    replay_of: call.replayOf ?? null,
    team_id: call.teamId,
    mcp_server_id: call.serverId,
    kind: call.kind,
    direction: call.direction,
    method: call.method,
    tool_name: call.toolName,
    rpc_id: call.rpcId || null,
    path: call.path,
    request_body: call.requestBody,
    response_body: call.responseBody,
    status: call.status,
    result_type: call.resultType,
    status_code: call.statusCode,
    error_message: call.errorMessage,
    error_kind: call.errorKind,
    error_code: call.errorCode,
    duration_ms: call.durationMs,
    ttfb_ms: call.ttfbMs,
    timings: call.timings ? toWireTimings(call.timings) : null,
    source_ip: call.sourceIp,
    headers: call.headers,
    header_mismatches: call.headerMismatches,
    session_id: call.sessionId || null,
    protocol_version: call.protocolVersion || null,
    client_name: call.clientName || null,
    client_version: call.clientVersion || null,
    trace_id: call.traceId || null,
    request_bytes: call.requestBytes,
    response_bytes: call.responseBytes,
    request_truncated: call.requestTruncated,
    response_truncated: call.responseTruncated,
    request_preview: false,
    response_preview: false,
    created_at: new Date(call.startedAtMs).toISOString(),
  };
}

function toWireTimings(timings: CallTimings): NonNullable<WireCall["timings"]> {
  return {
    blocked_ms: timings.blockedMs,
    dns_ms: timings.dnsMs,
    connect_ms: timings.connectMs,
    tls_ms: timings.tlsMs,
    send_ms: timings.sendMs,
    wait_ms: timings.waitMs,
    receive_ms: timings.receiveMs,
    overhead_ms: timings.overheadMs,
  };
}

/** What the call was, and nothing of what it said. */
function toWireFacts(call: CallSummary): WireCall {
  return { ...toWireCall(call), ...Object.fromEntries(saidFields.map((name) => [name, null])) };
}

/** Each body at most 16 KiB of UTF-8, cut between two characters. */
function toWirePreview(call: CallSummary): WireWholeCall {
  const request = cut(call.requestBody);
  const response = cut(call.responseBody);
  return {
    ...toWireCall(call),
    request_body: request,
    response_body: response,
    request_preview: request !== call.requestBody,
    response_preview: response !== call.responseBody,
  };
}

export function toWireMessage(message: CallMessage): WireCallMessages["data"][number] {
  return {
    at: new Date(message.atMs).toISOString(),
    offset_ms: message.offsetMs,
    direction: message.direction,
    body: message.body,
  };
}

const scratch = new Uint8Array(previewMaxBytes);
const encoder = new TextEncoder();

function cut(text: string): string {
  if (Buffer.byteLength(text) <= previewMaxBytes) return text;
  // `encodeInto` stops before a character that does not fit whole.
  return text.slice(0, encoder.encodeInto(text, scratch).read);
}
