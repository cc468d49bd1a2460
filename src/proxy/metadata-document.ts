/**
 * OAuth metadata documents as the client is to read them (RFC 9728, RFC 8414).
 *
 * In: an upstream's document. Out: the same bytes, or the document with `resource` replaced, never another member:
 * `resource` must be the URL that the client uses, but only after it has proved to be the upstream's own, or the
 * client would lose the check that keeps its tokens from a wrong server (RFC 9728, 3.3).
 */

export interface ResourceNames {
  /** The server's URL, upstream. */
  readonly upstreamUrl: string;
  /** The same as the client uses it. */
  readonly clientUrl: string;
}

/**
 * Undefined for what is no metadata, or names places that no client must be sent to. `upstreamUrl` is the server's, whose
 * clients must not be led from https to http.
 */
export function readMetadata(
  body: Buffer,
  upstreamUrl: string,
): Readonly<Record<string, unknown>> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString());
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  const members = Object.entries(parsed);
  const plainHttp = upstreamUrl.startsWith("http:");
  return members.every(([name, value]) => isHarmless(name, value, plainHttp))
    ? (parsed as Record<string, unknown>)
    : undefined;
}

/** With the client's own URL as `resource`; as it is when its resource is not the upstream, so that the client refuses it. */
export function proxiedResource(body: Buffer, names: ResourceNames): Buffer | undefined {
  const document = readMetadata(body, names.upstreamUrl);
  if (document === undefined) return undefined;
  if (!isResourceOf(document.resource, names.upstreamUrl)) return body;
  // Its signature covers the resource that is replaced.
  const { signed_metadata: _, ...kept } = document;
  return Buffer.from(JSON.stringify({ ...kept, resource: names.clientUrl }));
}

/** For an upstream that asks for tokens but has no metadata: clients of 2025-03-26 took its origin for the authorization server. */
export function madeResource({ upstreamUrl, clientUrl }: ResourceNames): Buffer {
  const { origin } = new URL(upstreamUrl);
  return Buffer.from(JSON.stringify({ resource: clientUrl, authorization_servers: [origin] }));
}

/** As the SDKs judge it: the same origin, and a path that the URL's begins with. */
export function isResourceOf(resource: unknown, url: string): boolean {
  const named = typeof resource === "string" ? URL.parse(resource) : null;
  const used = URL.parse(url);
  if (named === null || used === null || named.origin !== used.origin) return false;
  return withSlash(used.pathname).startsWith(withSlash(named.pathname));
}

function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}

/** A client opens, or sends secrets to, what these members name; `javascript:` has been tried (CVE-2025-6514). */
function isHarmless(name: string, value: unknown, plainHttp: boolean): boolean {
  const isGood = (one: unknown) => isWebUrl(one, plainHttp);
  if (name === "authorization_servers") return Array.isArray(value) && value.every(isGood);
  if (value === null) return true;
  if (name === "issuer" || name === "jwks_uri" || name.endsWith("_endpoint")) return isGood(value);
  // Pages for people, which nothing secret is sent to.
  return !/_(?:uri|documentation)$/.test(name) || isWebUrl(value, true);
}

function isWebUrl(value: unknown, plainHttp: boolean): boolean {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null || !/^https?:\/\//i.test(String(value))) return false;
  return url.protocol === "https:" || plainHttp || isThisMachine(url.hostname);
}

/** The client's, where it may have an authorization server of its own. */
function isThisMachine(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}
