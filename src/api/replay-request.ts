/**
 * The request that a recorded call is sent again with: its text, edited or not, and the header fields that go with it.
 *
 * In: a call and what is to be different. Out: a request that may be sent, or a `validation_error` that says what is missing: what
 * was redacted or cut is gone, and a placeholder is never sent in its place.
 */
import type { CallSummary } from "../call.ts";
import {
  asRecord,
  type NotificationMessage,
  parseMessages,
  type RequestMessage,
} from "../message.ts";
import { invalid } from "../problem.ts";
import type { PassedHeaders } from "./passed-headers.ts";

export interface ReplayEdits {
  /** In place of `params.arguments`. */
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
  /** In place of the whole message. */
  readonly request_body?: string | undefined;
  readonly headers?: PassedHeaders | undefined;
}

export interface ReplayRequest {
  readonly body: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** What follows the proxy URL; never with a query. */
  readonly path: string;
  /** The call was made in a session, which is over: another one must be opened first. */
  readonly needsSession: boolean;
}

const modernVersion = "2026-07-28";
/** What capture puts in place of a secret. */
const placeholder = /\[redacted:[a-z0-9_-]{1,40}(?::[0-9a-f]{8})?\]/g;
const placeholdersTold = 5;

/** @throws Problem `validation_error` — the call cannot be sent again as it is. */
export function toReplayRequest(call: CallSummary, edits: ReplayEdits): ReplayRequest {
  refuseUnsendable(call);
  const body = editedBody(call, edits);
  const message = readMessage(body);
  const isModern = call.protocolVersion >= modernVersion;
  const passed = edits.headers ?? {};
  const edited = edits.arguments !== undefined || edits.request_body !== undefined;
  return {
    body,
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(call.protocolVersion !== "" && { "mcp-protocol-version": call.protocolVersion }),
      ...(isModern && mirrored(message)),
      ...(isModern && !edited && mirroredArguments(call)),
      ...passed,
    },
    path: call.path,
    needsSession:
      call.sessionId !== "" &&
      message.method !== "initialize" &&
      passed["mcp-session-id"] === undefined,
  };
}

function refuseUnsendable({ kind, direction, path }: CallSummary): void {
  const refuse = (message: string) => invalid({ field: "id", message });
  if (direction === "server") {
    throw refuse("is of a request that the server made; only those of clients can be sent again");
  }
  if (kind === "http") throw refuse("is of an exchange that was no JSON-RPC message");
  if (path.includes("?") || path.search(placeholder) >= 0) {
    throw refuse(
      "went to an address that held a session or values which are not kept; it cannot be sent there again",
    );
  }
}

function editedBody(
  call: CallSummary,
  { arguments: given, request_body: text }: ReplayEdits,
): string {
  if (text !== undefined && given !== undefined) {
    throw invalid({ field: "arguments", message: "must not be given beside request_body" });
  }
  const field = given !== undefined ? "arguments" : "request_body";
  if (text === undefined && (call.requestTruncated || call.requestBody === "")) {
    const message = "is needed, since the log holds only a part of what was sent, or nothing of it";
    throw invalid({ field: "request_body", message });
  }
  const body = text ?? (given === undefined ? call.requestBody : withArguments(call, given));
  const hidden = [...new Set(body.match(placeholder) ?? [])];
  if (hidden.length === 0) return body;
  const told = hidden.slice(0, placeholdersTold).join(", ");
  const more =
    hidden.length > placeholdersTold ? ` and ${hidden.length - placeholdersTold} more` : "";
  const message = `holds secrets that were redacted before they were stored, ${told}${more}; give values in their place`;
  throw invalid({ field, message });
}

function withArguments(
  { requestBody }: CallSummary,
  given: Readonly<Record<string, unknown>>,
): string {
  const request = asRecord(JSON.parse(requestBody)) ?? {};
  return JSON.stringify({ ...request, params: { ...asRecord(request.params), arguments: given } });
}

function readMessage(body: string): RequestMessage | NotificationMessage {
  const parsed = parseMessages(body);
  const message = parsed.kind === "messages" && !parsed.batch ? parsed.messages[0] : undefined;
  if (message && message.kind !== "response") return message;
  throw invalid({
    field: "request_body",
    message: "must be one JSON-RPC request or notification, not a batch or an answer",
  });
}

/** https://modelcontextprotocol.io/specification/2026-07-28/basic/transports */
function mirrored({
  method,
  params,
}: RequestMessage | NotificationMessage): Record<string, string> {
  const member = namingMembers.get(method);
  const name = member === undefined ? undefined : asRecord(params)?.[member];
  return {
    "mcp-method": toFieldValue(method),
    ...(typeof name === "string" && { "mcp-name": toFieldValue(name) }),
  };
}

const namingMembers: ReadonlyMap<string, string> = new Map([
  ["tools/call", "name"],
  ["prompts/get", "name"],
  ["resources/read", "uri"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"],
]);

/** Which arguments are mirrored is said by a schema that is not known here; the fields that came along are. */
function mirroredArguments({ headers }: CallSummary): Record<string, string> {
  const fields = Object.entries(headers).filter(([name]) => name.startsWith("mcp-param-"));
  return Object.fromEntries(fields.filter(([, value]) => value.search(placeholder) < 0));
}

function toFieldValue(text: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith("=?base64?")) {
    return text;
  }
  return `=?base64?${Buffer.from(text).toString("base64")}?=`;
}
