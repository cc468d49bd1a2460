/**
 * The head of an answer, byte for byte as `node:http` writes it for a client of HTTP/1.1.
 *
 * In: what the plane says, and whether the client keeps the connection. Out: the text of the head, and how the body is
 * framed. Fields pass as they are given; framing and the connection's are added where the plane has not said them.
 */
import { STATUS_CODES, validateHeaderName, validateHeaderValue } from "node:http";
import { detached } from "../http/field-lines.ts";

export interface AnswerHead {
  readonly statusCode: number;
  /** Absent: the usual one. */
  readonly reason: string | undefined;
  /** Names and values alternating. */
  readonly rawHeaders: readonly string[];
  readonly sendDate: boolean;
  readonly keepsAlive: boolean;
  /** Told in `Keep-Alive`. */
  readonly reuseMs: number;
}

export interface HeadText {
  /** Latin-1, with the empty line. */
  readonly text: string;
  /** False: nothing may follow the head. */
  readonly hasBody: boolean;
  readonly isChunked: boolean;
  /** The connection ends with the answer. */
  readonly isLast: boolean;
}

/** Throws as Node does on what must not be written; on framing by a transfer coding, which is not the plane's to say. */
export function toHeadText(head: AnswerHead): HeadText {
  const { statusCode, rawHeaders } = head;
  const reason = head.reason ?? STATUS_CODES[statusCode] ?? "unknown";
  if (oddValue.test(reason)) validateHeaderValue("reason", reason);
  let text = `HTTP/1.1 ${statusCode} ${reason}\r\n`;
  let seen = 0;
  let closes = false;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    const value = rawHeaders[at + 1] ?? "";
    const flag = flagOf(name);
    if (oddValue.test(value)) validateHeaderValue(name, value);
    if (flag === flags.connection) closes ||= /(?:^|\W)close(?:$|\W)/i.test(value);
    seen |= flag;
    text += `${name}: ${value}\r\n`;
  }
  if (head.sendDate && (seen & flags.date) === 0) text += `Date: ${dateNow()}\r\n`;
  const isSaid = (seen & flags.connection) !== 0;
  if (!isSaid) text += connectionFields(head, (seen & flags["keep-alive"]) !== 0);
  const hasBody = statusCode !== 204 && statusCode !== 304 && statusCode >= 200;
  const isChunked = hasBody && (seen & flags["content-length"]) === 0;
  text += isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n";
  return { text, hasBody, isChunked, isLast: isSaid ? closes : !head.keepsAlive };
}

function connectionFields(head: AnswerHead, isTimeoutSaid: boolean): string {
  if (!head.keepsAlive) return "Connection: close\r\n";
  if (head.reuseMs === 0 || isTimeoutSaid) return "Connection: keep-alive\r\n";
  const seconds = Math.floor(head.reuseMs / 1_000);
  return `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`;
}

const oddValue = /[^\t\x20-\x7e\x80-\xff]/;

const flags = { connection: 1, "content-length": 2, date: 4, "keep-alive": 8 } as const;
const flagsByName = new Map<string, number>(Object.entries(flags));
/** By the spellings met so far, which are sound names; at most 2,048. */
const flagsBySpelling = new Map<string, number>();

function flagOf(name: string): number {
  const known = flagsBySpelling.get(name);
  if (known !== undefined) return known;
  validateHeaderName(name);
  const lower = name.toLowerCase();
  if (lower === "transfer-encoding" || lower === "trailer") {
    throw Object.assign(new Error(`${name} is not the plane's to say`), {
      code: "ERR_HTTP_INVALID_HEADER_VALUE",
    });
  }
  const flag = flagsByName.get(lower) ?? 0;
  // A name may be a part of the upstream's whole head, which would stay with it.
  if (flagsBySpelling.size < 2_048) flagsBySpelling.set(detached(name), flag);
  return flag;
}

let dateSecond = 0;
let dateText = "";

function dateNow(): string {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1_000).toUTCString();
  }
  return dateText;
}
