/**
 * The head of an answer, read strictly (RFC 9112, 4 to 6).
 *
 * In: its text as `HeadBytes` gives it. Out: its parts, or undefined when it is malformed. Versions are 1.0 and 1.1;
 * an answer in chunks to which no version gives them (1.0), and a provisional one with a body, are malformed.
 */
import { isFieldText, readFieldLines } from "./field-lines.ts";
import { type Framing, readFraming } from "./framing.ts";

export interface ResponseHead {
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minorVersion: number;
  /** 100 to 999. */
  readonly statusCode: number;
  /** Its characters are bytes. */
  readonly reason: string;
  /** Names and values alternating, in order and case as sent. */
  readonly rawHeaders: string[];
  readonly framing: Framing;
}

/** With what every head begins that can be read here. */
export const responseBeginning = "HTTP/1.";

export function readResponseHead(text: string): ResponseHead | undefined {
  const lineEnd = text.indexOf("\r\n");
  const minorVersion = text.charCodeAt(7) - 0x30;
  const statusCode = toStatus(text);
  if (!text.startsWith(responseBeginning) || lineEnd < statusEnd) return undefined;
  if (!(minorVersion === 0 || minorVersion === 1) || statusCode === -1) return undefined;
  // Many leave out the blank before a reason that is empty.
  if (lineEnd > statusEnd && text.charCodeAt(statusEnd) !== blank) return undefined;
  const reason = text.slice(statusEnd + 1, lineEnd);
  const rawHeaders = isFieldText(reason) ? readFieldLines(text, lineEnd + 2) : undefined;
  const framing = rawHeaders && readFraming(rawHeaders);
  if (framing === undefined || rawHeaders === undefined) return undefined;
  if (framing.chunked && minorVersion === 0) return undefined;
  if (statusCode < 200 && (framing.chunked || framing.contentLength > 0)) return undefined;
  return { minorVersion, statusCode, reason, rawHeaders, framing };
}

/** `HTTP/1.1 200`. */
const statusEnd = 12;
const blank = 0x20;

function toStatus(text: string): number {
  if (text.charCodeAt(8) !== blank) return -1;
  let status = 0;
  for (let at = 9; at < statusEnd; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    status = status * 10 + digit;
  }
  return status < 100 ? -1 : status;
}
