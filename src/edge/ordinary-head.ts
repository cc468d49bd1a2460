/**
 * Reads the head of an ordinary request; of every other it says so, and nothing more.
 *
 * In: the bytes that begin a request. Out: its head, and whether it is the data plane's; or that more is to come; or that
 * Node's parser must read the connection. What is taken is plain under any reading of RFC 9112: HTTP/1.1, one `Host`,
 * sound fields, lines that end in CRLF, a body with one length or none. So nothing has to be refused here, and no rule of
 * Node's parser is repeated.
 */
import { detached, readFieldLines } from "../http/field-lines.ts";
import type { InboundFields } from "../inbound.ts";
import { proxyPathPrefix } from "./refusal.ts";

/** Larger ones, too, are Node's to read. */
export const ordinaryHeadMaxBytes = 16_384;

export interface OrdinaryHead {
  /** One that we answer; where another ends is certain, too, but Node answers it. */
  readonly isOurs: boolean;
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: string[];
  readonly headers: InboundFields;
  /** 0 without a body. */
  readonly bodyBytes: number;
  /** False when the client wants the connection to end with the answer. */
  readonly keepsAlive: boolean;
  /** With the empty line. */
  readonly headBytes: number;
}

export function readOrdinaryHead(bytes: Buffer): OrdinaryHead | "incomplete" | "other" {
  const end = bytes.indexOf("\r\n\r\n", 0, "latin1");
  if (end === -1) return mayBecomeOrdinary(bytes) ? "incomplete" : "other";
  if (end > ordinaryHeadMaxBytes) return "other";
  const text = bytes.toString("latin1", 0, end + 2);
  const method = methodOf(text);
  const lineEnd = text.indexOf("\r\n");
  if (method === undefined || !text.startsWith(version, lineEnd - version.length)) return "other";
  const url = text.slice(method.length + 1, lineEnd - version.length);
  if (!plainTarget.test(url)) return "other";
  const rawHeaders = readFieldLines(text, lineEnd + 2);
  const known = rawHeaders && readKnown(rawHeaders);
  if (known === undefined || rawHeaders === undefined) return "other";
  const { headers, bodyBytes, keepsAlive } = known;
  const isOurs = ownMethods.has(method) && url.startsWith(proxyPathPrefix);
  return { isOurs, method, url, rawHeaders, headers, bodyBytes, keepsAlive, headBytes: end + 4 };
}

const version = " HTTP/1.1";
/** What makes Node refuse a head before its end. */
const oddBytes = /[^\t\x20-\x7e\x80-\xff\r\n]|[^\r]\n|\r[^\n]/;
/** RFC 3986, 3.3 and 3.4, without checking its escapes. */
const plainTarget = /^\/[\w\-.~!$&'()*+,;=:@%/?]*$/;

const ownMethods: ReadonlySet<string> = new Set(["POST", "GET", "DELETE"]);
const starts = [...ownMethods, "HEAD", "OPTIONS", "PUT", "PATCH"].map((method) => ({
  method,
  start: `${method} /`,
}));

function methodOf(text: string): string | undefined {
  for (const { method, start } of starts) if (text.startsWith(start)) return method;
  return undefined;
}

function mayBecomeOrdinary(bytes: Buffer): boolean {
  if (bytes.length > ordinaryHeadMaxBytes) return false;
  const text = bytes.toString("latin1");
  const begun = starts.some(({ start }) => start.startsWith(text) || text.startsWith(start));
  return begun && !oddBytes.test(text);
}

/** What has a meaning for how a request is read, or is looked at by the edge or the proxy. */
type Kind = keyof InboundFields | "connection" | "plain" | "other";

const kindsByName = new Map<string, Kind>([
  ["host", "host"],
  ["origin", "origin"],
  ["user-agent", "user-agent"],
  ["content-length", "content-length"],
  ["sec-fetch-dest", "sec-fetch-dest"],
  ["mcp-protocol-version", "mcp-protocol-version"],
  ["connection", "connection"],
  // Node reads it as `Connection`.
  ["proxy-connection", "other"],
  ["transfer-encoding", "other"],
  ["upgrade", "other"],
  ["expect", "other"],
]);
/** The same by the spellings met so far, so that the usual ones are looked at once; at most 2,048. */
const kindsBySpelling = new Map<string, Kind>();

function kindOf(name: string): Kind {
  const known = kindsBySpelling.get(name);
  if (known !== undefined) return known;
  const kind = kindsByName.get(name.toLowerCase()) ?? "plain";
  // A name is a part of its whole head, which would stay with it.
  if (kindsBySpelling.size < 2_048) kindsBySpelling.set(detached(name), kind);
  return kind;
}

interface Known {
  readonly headers: InboundFields;
  readonly bodyBytes: number;
  readonly keepsAlive: boolean;
}

/** Undefined where a field is not ordinary. */
function readKnown(rawHeaders: readonly string[]): Known | undefined {
  const headers = noFields();
  let connection: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const kind = kindOf(rawHeaders[at] ?? "");
    if (kind === "plain") continue;
    if (kind === "other") return undefined;
    const value = rawHeaders[at + 1] ?? "";
    if (kind === "connection") {
      if (connection !== undefined) return undefined;
      connection = value.toLowerCase();
    } else {
      // Which of two counts is not to be settled here.
      if (headers[kind] !== undefined) return undefined;
      headers[kind] = value;
    }
  }
  const length = headers["content-length"];
  if (headers.host === undefined) return undefined;
  if (length !== undefined && !/^(?:0|[1-9]\d{0,14})$/.test(length)) return undefined;
  if (connection !== undefined && connection !== "close" && connection !== "keep-alive") {
    return undefined;
  }
  const bodyBytes = length === undefined ? 0 : Number(length);
  return { headers, bodyBytes, keepsAlive: connection !== "close" };
}

type Fields = { -readonly [name in keyof InboundFields]-?: string | undefined };

/** All of them, so that every request's has the same shape. */
function noFields(): Fields {
  return {
    host: undefined,
    origin: undefined,
    upgrade: undefined,
    "user-agent": undefined,
    "content-length": undefined,
    "transfer-encoding": undefined,
    "sec-fetch-dest": undefined,
    "mcp-protocol-version": undefined,
  };
}
