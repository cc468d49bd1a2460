/**
 * Where a server's exchanges go, taken apart once so that no exchange parses a URL.
 *
 * In: a `Server`, then request targets as they arrived. Out: request targets for the upstream, built by
 * joining text: `new URL(path, base)` would let a path choose another host.
 */
import type { CaptureLevel, Server } from "../server.ts";

export interface Target {
  readonly serverId: string;
  readonly teamId: string;
  /** `https://example.com:8443`: scheme, host and, unless it is the scheme's own, port. */
  readonly origin: string;
  /** `/mcp`; at least `/`. */
  readonly path: string;
  /** With its question mark: `?key=1`; empty without one. */
  readonly query: string;
  readonly captureLevel: CaptureLevel;
  /** In place of the installation's. */
  readonly upstreamIdleTimeoutMs?: number;
}

export function toTarget(server: Server): Target {
  const url = new URL(server.targetUrl);
  return {
    serverId: server.id,
    teamId: server.teamId,
    origin: url.origin,
    path: url.pathname,
    query: url.search,
    captureLevel: server.captureLevel,
    ...(server.upstreamIdleTimeoutMs !== undefined && {
      upstreamIdleTimeoutMs: server.upstreamIdleTimeoutMs,
    }),
  };
}

/** The part of a request target behind `/p/`: whose it is, and what it asks for below that. */
export interface ProxyPath {
  readonly slug: string;
  /** "" or "/messages"; always without the query. */
  readonly rest: string;
  /** With its question mark; empty without one. */
  readonly query: string;
}

export const proxyPrefix = "/p/";

/** Takes a raw request target apart. Undefined when it does not begin with `/p/`. */
export function splitPath(raw: string): ProxyPath | undefined {
  if (!raw.startsWith(proxyPrefix)) return undefined;
  const mark = raw.indexOf("?", proxyPrefix.length);
  const pathEnd = mark === -1 ? raw.length : mark;
  const slash = raw.indexOf("/", proxyPrefix.length);
  const slugEnd = slash === -1 || slash > pathEnd ? pathEnd : slash;
  return {
    slug: raw.slice(proxyPrefix.length, slugEnd),
    rest: raw.slice(slugEnd, pathEnd),
    query: raw.slice(pathEnd),
  };
}

// Dot segments (also with parameters, as Java servers take them off first), empty segments, and everything
// that an upstream might decode, once or twice, into one of them or into a separator. A fragment has no place
// in a request target.
const ambiguousPath = /\/\.{1,2}(?:[/;]|$)|\/\/|%(?:25)*(?:2e|2f|5c|00)|[\\#\p{Cc}]/iu;

/** False for a path that two parsers could read differently; it never reaches an upstream. */
export function isPlainPath({ rest, query }: ProxyPath): boolean {
  return (rest === "" || !ambiguousPath.test(rest)) && !/[#\p{Cc}]/u.test(query);
}

/**
 * The request target for the upstream: the server's own path and query first, then what the client added. A parameter
 * that the server's URL has is left out of the client's, as many programs take the last one of a name.
 */
export function upstreamPath(target: Target, { rest, query }: ProxyPath): string {
  const path =
    rest === ""
      ? target.path
      : target.path.endsWith("/")
        ? target.path + rest.slice(1)
        : target.path + rest;
  if (query.length <= 1) return path + target.query;
  if (target.query === "") return path + query;
  const own = new Set(pairsOf(target.query).map(parameterName));
  const added = pairsOf(query).filter((pair) => pair === "" || !own.has(parameterName(pair)));
  return [path + target.query, ...added].join("&");
}

function pairsOf(query: string): string[] {
  return query.slice(1).split("&");
}

/** As a server would read it: `k%65y=1` and `key[]=1` are called `key`. */
function parameterName(pair: string): string {
  const [text = ""] = pair.split("=");
  const name = text.replaceAll("+", " ").replace(/(?:%[0-9a-f]{2})+/gi, decoded);
  const bracket = name.indexOf("[");
  return bracket > 0 ? name.slice(0, bracket) : name;
}

function decoded(escapes: string): string {
  return Buffer.from(escapes.replaceAll("%", ""), "hex").toString();
}
