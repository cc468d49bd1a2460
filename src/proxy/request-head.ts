/**
 * The head of a request as it goes out: one text whose characters are bytes.
 *
 * In: what is asked, fields as names and values alternating. Out: the head with its empty line, and how its body is framed;
 * undefined when something in it could be read as more than it is. Adds `Host`, `Connection` and, last, what frames the body.
 */
import { isFieldText, isToken } from "../http/field-lines.ts";
import type { Upload } from "./upload.ts";

export interface LineRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values alternating, without `Host`, `Connection` and `Transfer-Encoding`. */
  readonly headers: readonly string[];
  readonly body: Buffer | Upload | null;
}

export interface RequestHead {
  readonly text: string;
  /** -1: in chunks. */
  readonly bodyBytes: number;
  /** The connection may serve another exchange after this one. */
  readonly persistent: boolean;
}

/** `via`: what to add to the fields; empty for nothing. */
export function requestHead(
  request: LineRequest,
  host: string,
  via: string,
): RequestHead | undefined {
  const { method, path, headers, body } = request;
  if (!isToken(method) || path === "" || beyondTarget.test(path)) return undefined;
  // Many servers answer it with a body all the same.
  const persistent = method !== "HEAD";
  let text = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${persistent ? "keep-alive" : "close"}\r\n`;
  let bodyBytes = -1;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? "";
    const value = headers[at + 1] ?? "";
    if (!isToken(name) || !isFieldText(value)) return undefined;
    if (name.length === 14 && name.toLowerCase() === "content-length") {
      if (bodyBytes !== -1 || !/^\d{1,15}$/.test(value)) return undefined;
      bodyBytes = Number(value);
    } else text += `${name}: ${value}\r\n`;
  }
  if (via !== "") text += `Via: ${via}\r\n`;
  if (body === null || Buffer.isBuffer(body)) {
    const bytes = body?.length ?? 0;
    if (bodyBytes !== -1 && bodyBytes !== bytes) return undefined;
    bodyBytes = bytes;
  }
  if (bodyBytes === -1) text += "transfer-encoding: chunked\r\n";
  else if (bodyBytes > 0 || expectsBody.has(method)) text += `content-length: ${bodyBytes}\r\n`;
  text += "\r\n";
  // A server that expects no body may take it for the next request.
  return {
    text,
    bodyBytes,
    persistent: persistent && (bodyBytes === 0 || expectsBody.has(method)),
  };
}

/** What no request target contains. */
const beyondTarget = /[^\x21-\x7e\x80-\xff]/;

const expectsBody: ReadonlySet<string> = new Set([
  "POST",
  "PUT",
  "PATCH",
  "QUERY",
  "PROPFIND",
  "PROPPATCH",
]);
