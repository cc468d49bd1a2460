/** What the list keeps of a call: little, for there may be a hundred thousand of them. */
import type { WireCall } from "../../src/api/wire.ts";

type Kept =
  | "id"
  | "mcp_server_id"
  | "kind"
  | "direction"
  | "method"
  | "tool_name"
  | "status"
  | "status_code"
  | "result_type"
  | "error_kind"
  | "duration_ms"
  | "client_name"
  | "session_id";

export type CallRow = Pick<WireCall, Kept> & {
  readonly createdAtMs: number;
  /** Of both bodies, as they went over the wire. */
  readonly bytes: number;
  /** Where a searched word stands; else the error's message; else what was asked for. Cut; may be empty. */
  readonly note: string;
  /** When it came, on the page's clock, if it came while the list was shown. */
  readonly arrivedMs: number | undefined;
};

const noteMaxLength = 240;
const aroundWord = 60;
/** Requests longer than this are not looked into for the list. */
const readMaxLength = 8_192;

/** @param words what was searched for, lower case. */
export function toRow(call: WireCall, words: readonly string[], arrivedMs?: number): CallRow {
  return {
    id: call.id,
    mcp_server_id: call.mcp_server_id,
    kind: call.kind,
    direction: call.direction,
    method: call.method,
    tool_name: call.tool_name,
    status: call.status,
    status_code: call.status_code,
    result_type: call.result_type,
    error_kind: call.error_kind,
    duration_ms: call.duration_ms,
    client_name: call.client_name,
    session_id: call.session_id,
    createdAtMs: Date.parse(call.created_at),
    bytes: call.request_bytes + call.response_bytes,
    note: noteOf(call, words),
    arrivedMs,
  };
}

/** Newest first, as the API lists them: by start, then by id. */
export function comesBefore(a: CallRow, b: CallRow): boolean {
  return a.createdAtMs === b.createdAtMs ? a.id > b.id : a.createdAtMs > b.createdAtMs;
}

/** Words and phrases of a text search, as the API takes them. */
export function searchedWords(q: string | undefined): readonly string[] {
  return [...(q ?? "").matchAll(/"([^"]*)"?|(\S+)/g)]
    .map(([, phrase, word]) => (phrase ?? word ?? "").toLowerCase())
    .filter((word) => word !== "");
}

function noteOf(call: WireCall, words: readonly string[]): string {
  for (const text of [call.error_message, call.response_body, call.request_body]) {
    // Null for who may not read bodies.
    if (words.length === 0 || !text) continue;
    const lower = text.toLowerCase();
    for (const word of words) {
      const at = lower.indexOf(word);
      if (at === -1) continue;
      const start = Math.max(0, at - aroundWord);
      return `${start > 0 ? "…" : ""}${text.slice(start, start + noteMaxLength)}`;
    }
  }
  return call.error_message ? call.error_message.slice(0, noteMaxLength) : askedFor(call);
}

/** The arguments, in short: `city: Oslo, days: 3`; empty when there are none, or more than is read. */
function askedFor({ method, request_body: body }: WireCall): string {
  if (!body || body.length > readMaxLength || !body.includes('"params"')) return "";
  const { params } = parsed(body) as { params?: Record<string, unknown> };
  const asked = method === "tools/call" || method === "prompts/get" ? params?.arguments : params;
  if (typeof asked !== "object" || asked === null) return "";
  return Object.entries(asked)
    .filter(([name]) => name !== "_meta")
    .slice(0, 10)
    .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ")
    .slice(0, noteMaxLength);
}

/** Bodies are whatever somebody sent. */
function parsed(body: string): object {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
