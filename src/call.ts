/**
 * A call: a JSON-RPC request and its answer, or a lone notification, or an exchange that was no
 * JSON-RPC at all. One row of the log. Redacted and bounded from birth; immutable.
 */

export const callStatuses = ["success", "error", "timeout"] as const;
export type CallStatus = (typeof callStatuses)[number];

export const callKinds = ["request", "notification", "http"] as const;
export type CallKind = (typeof callKinds)[number];

/** Who asked: `client` for what agents send, `server` for sampling, elicitation, roots and the like. */
export const callDirections = ["client", "server"] as const;
export type CallDirection = (typeof callDirections)[number];

/** What went wrong; empty when nothing did. */
export const errorKinds = [
  "http",
  "jsonrpc",
  "tool",
  "transport",
  "timeout",
  "cancelled",
  "policy",
] as const;
export type ErrorKind = (typeof errorKinds)[number];

/**
 * What became of a request that was answered with a result: done, or (2026-07-28) to be asked again
 * with more input, or (extension) going on as a task.
 */
export const resultTypes = ["complete", "input_required", "task"] as const;
export type ResultType = (typeof resultTypes)[number];

export interface Call {
  /** UUIDv7, lower case, given when the call began. */
  readonly id: string;
  /** Of a request of the server: the call it was asked for; empty when there is none, or no telling which. */
  readonly parentId: string;
  /** One for all rounds of one call that asked for more input: the first round's id. Else its own. */
  readonly logicalId: string;
  /** The call that this one was sent again from, which may be gone; absent for every other. */
  readonly replayOf?: string;
  readonly teamId: string;
  readonly serverId: string;
  readonly kind: CallKind;
  readonly direction: CallDirection;
  /** The JSON-RPC method, at most 1,000 characters; for `kind: "http"` the HTTP method. */
  readonly method: string;
  /** `params.name` of `tools/call`, at most 1,000 characters; empty for every other method. */
  readonly toolName: string;
  /** The JSON text of the request's id, so that 1, "1" and 12345678901234567890 stay apart; at most 1,000 characters, empty without one. */
  readonly rpcId: string;
  /**
   * What followed the slug in the request target, each value of the query redacted, at most 2,000
   * characters; empty for the MCP endpoint itself.
   */
  readonly path: string;
  /** The request message as text, redacted, cut to the body limit. */
  readonly requestBody: string;
  /** The response message as text, wherever it travelled, or what came instead of one; redacted, cut. */
  readonly responseBody: string;
  readonly status: CallStatus;
  /** Empty without a result, and for types that nobody defined. */
  readonly resultType: ResultType | "";
  /** HTTP status of the exchange that carried the answer; 0 when none was sent. */
  readonly statusCode: number;
  /** Empty on success; at most 2,000 characters. */
  readonly errorMessage: string;
  readonly errorKind: ErrorKind | "";
  /** The JSON-RPC error code; null without one. */
  readonly errorCode: number | null;
  /** First byte of the request to last byte of the answer, whole milliseconds, from the monotonic clock. */
  readonly durationMs: number;
  /** First byte of the request to first byte of the response head, whole milliseconds; null without a response. */
  readonly ttfbMs: number | null;
  /** Absent where nothing went to the upstream for this call, and in what was recorded without them. */
  readonly timings?: CallTimings;
  readonly sourceIp: string;
  /** The client's request fields, names in lower case, repeated fields joined with ", ", redacted; at most 16 KiB in all. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Names, in lower case, of the fields that mirror the body (`mcp-method`, `mcp-name`,
   * `mcp-protocol-version`) and disagree with it, or are missing where 2026-07-28 requires them.
   */
  readonly headerMismatches: readonly string[];
  /** Keyed digest of `Mcp-Session-Id`, 32 hex characters; empty without a session. */
  readonly sessionId: string;
  readonly protocolVersion: string;
  readonly clientName: string;
  readonly clientVersion: string;
  /** Bytes that passed, whatever was kept. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** True when the log holds less of the body than passed. */
  readonly requestTruncated: boolean;
  readonly responseTruncated: boolean;
  /** W3C trace id from `params._meta.traceparent` or the `traceparent` field; empty without one. */
  readonly traceId: string;
  /** Wall time of the start, epoch milliseconds. */
  readonly startedAtMs: number;
  /** The transcript: the other messages of the call's stream, in order of arrival. */
  readonly messages: readonly CallMessage[];
}

/**
 * Where the time of a call went: milliseconds to a hundredth, from the monotonic clock. The phases follow each other
 * and fill `durationMs`, but for its rounding; `overheadMs` is a part of them. Null for a phase that was not entered.
 * The one that a call ended in lasts until then: a connection that timed out is all `connectMs`.
 */
export interface CallTimings {
  /** Until we turned to the upstream: the request's beginning on its way, our own work, redirects that we followed. */
  readonly blockedMs: number;
  /** Resolving the upstream's name. */
  readonly dnsMs: number | null;
  /** Making the TCP connection. */
  readonly connectMs: number | null;
  /** The TLS handshake. */
  readonly tlsMs: number | null;
  /** Sending the request, an upload included that goes on while it comes in. */
  readonly sendMs: number | null;
  /** From there to the first byte of the answer's head. */
  readonly waitMs: number | null;
  /** From there to the last byte of what answered the call, on whichever exchange that came. */
  readonly receiveMs: number | null;
  /** What we added: work before the upstream was turned to, and from its first byte to ours. */
  readonly overheadMs: number;
}

/** A message that travelled while the call ran: progress, log messages. */
export interface CallMessage {
  /** Wall time, epoch milliseconds. */
  readonly atMs: number;
  /** Milliseconds after the call's start, whole. */
  readonly offsetMs: number;
  /** Who sent it. */
  readonly direction: CallDirection;
  /** The message as text, redacted, cut to the body limit. */
  readonly body: string;
}

/** What a list needs: everything but the transcript. */
export type CallSummary = Omit<Call, "messages">;

/** The call as it is kept when there is no room, or no time left, for its bodies and its transcript. */
export function withoutBodies<Kept extends CallSummary>(call: Kept): Kept {
  return {
    ...call,
    requestBody: "",
    responseBody: "",
    requestTruncated: call.requestBytes > 0,
    responseTruncated: call.responseBytes > 0,
    ...("messages" in call ? { messages: [] } : {}),
  };
}
