/**
 * Lets in what is unambiguous HTTP/1.1, meant for us, and not sent by a stranger's web page. Every route
 * lies behind it.
 *
 * In: requests as `ordinary-head.ts` has read them, or as Node has, whose parser accepts more than RFC 9112 does. Out:
 * the same to the plane, `url` in origin form; or a refusal, before anything behind has seen the request.
 */

import { isIP } from "node:net";
import { detached } from "../http/field-lines.ts";
import type { InboundRequest, InboundResponse } from "../inbound.ts";
import { badVersion, proxyPathPrefix, type Refusal, refuse } from "./refusal.ts";

export interface GuardOptions {
  /** Where clients reach us if not by our own address; its host and origin are let in. */
  readonly publicUrl?: string;
}

/** The plane, guarded. */
export function guarded<Request extends InboundRequest, Response extends InboundResponse>(
  options: GuardOptions,
  plane: (request: Request, response: Response) => void,
): (request: Request, response: Response) => void {
  const own = ownNames(options.publicUrl);
  return (request, response) => {
    const refusal = refusalOf(request, own);
    if (refusal === undefined) plane(request, response);
    else refuse(response, refusal, (request.url ?? "").startsWith(proxyPathPrefix));
  };
}

interface OwnNames {
  /** `Host` of the public URL, with and without its scheme's port. */
  readonly hosts: ReadonlySet<string>;
  readonly origin: string | undefined;
}

function ownNames(publicUrl: string | undefined): OwnNames {
  if (publicUrl === undefined) return { hosts: new Set(), origin: undefined };
  const { host, hostname, port, protocol, origin } = new URL(publicUrl);
  const hosts = new Set([host]);
  if (port === "") hosts.add(`${hostname}:${protocol === "https:" ? 443 : 80}`);
  return { hosts, origin };
}

function refusalOf(request: InboundRequest, own: OwnNames): Refusal | undefined {
  const { httpVersionMajor, httpVersionMinor, headers, method = "" } = request;
  // Node takes a request line without a version for "HTTP/0.9", with fields and all.
  if (httpVersionMajor === 0) return noVersion;
  if (httpVersionMajor !== 1 || httpVersionMinor > 1) return badVersion;
  if (method === "TRACE" || method === "CONNECT") return badMethod;
  if (isWebSocket(headers.upgrade)) return badUpgrade;
  const seen = fieldsSeen(request.rawHeaders);
  if (seen & repeatedFlag) return repeated;
  const chunked = (seen & flags["transfer-encoding"]) !== 0;
  if (chunked && (seen & flags["content-length"] || httpVersionMinor === 0)) return badFraming;
  // Node takes "gzip, chunked" and undoes the second alone; the upstream would get the first unnamed.
  if (chunked && headers["transfer-encoding"]?.trim().toLowerCase() !== "chunked") return badCoding;
  const host = headers.host?.toLowerCase() ?? "";
  if (!isOwnHost(host, request, own)) return misdirected;
  if (!toOriginForm(request, own)) return badTarget;
  const { origin } = headers;
  if ((seen & flags.origin) !== 0 && !isOwnOrigin(origin ?? "", host, own)) return foreignOrigin;
  return isEmbedded(request) ? embedded : undefined;
}

/**
 * A browser that wants an answer of an upstream's for a script, a frame or a part of a page: it would act on our origin,
 * the dashboard's, which trusts its own. Clients in pages use `fetch`, whose destination is `empty`.
 */
function isEmbedded({ url = "", headers }: InboundRequest): boolean {
  const destination = headers["sec-fetch-dest"];
  if (destination === undefined || !url.startsWith(proxyPathPrefix)) return false;
  return destination !== "empty" && destination !== "document";
}

/** Fields whose repetition two readers could take differently (security: first wins, last wins, joined). */
const flags = {
  host: 1,
  "content-length": 2,
  authorization: 4,
  "content-type": 8,
  "mcp-session-id": 16,
  "mcp-protocol-version": 32,
  "mcp-method": 64,
  "mcp-name": 128,
  origin: 256,
  "transfer-encoding": 512,
} as const;

const repeatedFlag = 1_024;
const flagsByName = new Map<string, number>(Object.entries(flags));
/** Spellings met so far, so that the usual ones are not lowered again; at most 2,048. */
const flagsBySpelling = new Map<string, number>();

/** Which of the flagged fields are there, and whether one of them is there twice. */
function fieldsSeen(rawHeaders: readonly string[]): number {
  let seen = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    let flag = flagsBySpelling.get(name);
    if (flag === undefined) {
      flag = flagsByName.get(name.toLowerCase()) ?? 0;
      // A name may be a part of its whole head, which would stay with it.
      if (flagsBySpelling.size < 2_048) flagsBySpelling.set(detached(name), flag);
    }
    if ((seen & flag) !== 0) return seen | repeatedFlag;
    seen |= flag;
  }
  return seen;
}

function isOwnHost(host: string, request: InboundRequest, own: OwnNames): boolean {
  const { localPort, localAddress = "" } = request.socket;
  if (own.hosts.has(host)) return true;
  const name = withoutPort(host, localPort);
  if (name === undefined) return false;
  if (name === "localhost" || name === "127.0.0.1" || name === "[::1]") return true;
  const literal = name.replace(/^\[|\]$/g, "");
  return isIP(literal) !== 0 && literal === localAddress.replace(/^::ffff:/, "");
}

/** What was asked last, as most requests name the same host. */
let lastHost = "";
let lastPort: number | undefined;
let lastName: string | undefined;

function withoutPort(host: string, port: number | undefined): string | undefined {
  if (host === lastHost && port === lastPort) return lastName;
  const name = nameOf(host, port);
  // A host is a part of its whole head, which would stay with it.
  lastHost = detached(host);
  lastPort = port;
  lastName = name === undefined ? undefined : detached(name);
  return name;
}

/** The name of a `Host` whose port is ours; a port left out is 80. Undefined for every other. */
function nameOf(host: string, port: number | undefined): string | undefined {
  const suffix = `:${port}`;
  if (host.endsWith(suffix) && !host.endsWith(`:${suffix}`)) return host.slice(0, -suffix.length);
  return port === 80 && /^(?:\[[0-9a-f:.]+\]|[^:]+)$/.test(host) ? host : undefined;
}

/** `POST http://host/path` is legal towards any server (RFC 9112, 3.2.2) if the host is ours. */
function toOriginForm(request: InboundRequest, own: OwnNames): boolean {
  const url = request.url ?? "";
  if (url.startsWith("/")) return true;
  const [, authority = "", rest = ""] = /^https?:\/\/([^/?#]+)([/?].*)?$/i.exec(url) ?? [];
  if (!isOwnHost(authority.toLowerCase(), request, own)) return false;
  request.url = rest.startsWith("/") ? rest : `/${rest}`;
  return true;
}

const loopbackOrigin = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/;

/** Pages of this machine, of the public URL, and of the very host that was asked. Never `null`. */
function isOwnOrigin(origin: string, host: string, own: OwnNames): boolean {
  const text = origin.toLowerCase();
  if (loopbackOrigin.test(text) || text === own.origin) return true;
  return text === `http://${host}` || text === `https://${host}`;
}

function isWebSocket(upgrade: string | undefined): boolean {
  return upgrade !== undefined && /(?:^|,)\s*websocket\s*(?:,|$)/i.test(upgrade);
}

const noVersion = refusal(400, "http_version", "the request line has no version of HTTP");
const badMethod = refusal(501, "method", "this method is not supported");
// Other upgrades, such as the h2c that Java clients offer, are declined by ignoring them (RFC 9110, 7.8).
const badUpgrade = refusal(501, "upgrade", "WebSocket is not supported");
const repeated = refusal(400, "repeated_field", "a header field that must be unique is repeated");
const badFraming = refusal(400, "framing", "the length of the request body is ambiguous");
const badCoding = refusal(501, "transfer_coding", "no transfer coding but chunked is supported");
const misdirected = refusal(421, "host", "the Host field does not name this server");
const badTarget = refusal(400, "request_target", "the request target does not name this server");
const foreignOrigin: Refusal = {
  ...refusal(403, "origin", "requests from pages of this origin are not allowed"),
  code: "forbidden",
};

const embedded: Refusal = {
  ...refusal(403, "destination", "a proxy URL cannot be a part of a page"),
  code: "forbidden",
};

function refusal(statusCode: number, reason: string, message: string): Refusal {
  return { statusCode, code: "validation_error", reason, message };
}
