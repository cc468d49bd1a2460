/**
 * Where a redirect leads, and whether it may be followed here: only to where the request was bound anyway.
 *
 * In: the head of an answer, and what it answers. Out: the absolute URL for the client, which would read a relative
 * one against us; and the next hop if there is one. A redirect has taken no call (RFC 9110, 15.4), so following it
 * sends none twice.
 */

/** What is asked of an upstream. */
export interface Hop {
  /** `https://example.com`. */
  readonly origin: string;
  /** The request target: path and query. */
  readonly path: string;
}

export interface Redirection {
  /** For a client that is to follow by itself. */
  readonly location: string;
  /** Undefined when it leads elsewhere, or would change the method. */
  readonly hop: Hop | undefined;
}

/** Undefined for an answer that is no redirect, or names no one place. */
export function redirection(
  statusCode: number,
  rawHeaders: readonly string[],
  from: Hop,
  method: string,
): Redirection | undefined {
  if (!redirects.has(statusCode)) return undefined;
  const location = onlyLocation(rawHeaders);
  const url = location === undefined ? null : URL.parse(location, from.origin + from.path);
  if (url === null) return undefined;
  const keepsMethod = statusCode > 303 || method === "GET" || method === "HEAD";
  const isPlain = url.username === "" && url.password === "";
  const stays = url.origin === from.origin || isUpgrade(from.origin, url);
  const hop = { origin: url.origin, path: url.pathname + url.search };
  return { location: url.href, hop: keepsMethod && isPlain && stays ? hop : undefined };
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** `https` of the very host, both on their scheme's own port. */
export function isUpgrade(origin: string, url: URL): boolean {
  return url.origin === origin.replace(/^http:/, "https:") && url.port === "";
}

function onlyLocation(rawHeaders: readonly string[]): string | undefined {
  let location: string | undefined;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== "location") continue;
    if (location !== undefined) return undefined;
    // Browsers read the bytes as UTF-8.
    location = Buffer.from(rawHeaders[at + 1] ?? "", "latin1").toString();
  }
  return location;
}
