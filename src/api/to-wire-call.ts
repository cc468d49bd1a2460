/** A call as JSON: whole, or as lists show it. Empty texts that mean "unknown" become null. */
import type { CallMessage, CallSummary } from "../call.ts";
import { previewMaxBytes } from "./query.ts";
import type { WireCall, WireCallMessages } from "./wire.ts";

export function toWireCall(call: CallSummary): WireCall {
  return {
    id: call.id,
    parent_id: call.parentId || null,
    logical_id: call.logicalId,
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

/** Each body at most 16 KiB of UTF-8, cut between two characters. */
export function toWirePreview(call: CallSummary): WireCall {
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
