/**
 * One request's way through: what the client called it, what the upstream is asked, and how URLs on either side
 * read on the other.
 *
 * In: the client's request target and `Host`, both validated; the upstream's fields and `endpoint` event. Out: the
 * same with the upstream's URLs exchanged for ours, where a client would compare or call them.
 */
import type { InboundRequest } from "../inbound.ts";
import { hasLength } from "./answer-head.ts";
import { exchangeMetadataUrl } from "./challenge.ts";
import { EndpointFilter } from "./endpoint.ts";
import { type EndpointPaths, proxiedEndpoint } from "./endpoint-path.ts";
import type { UpstreamFields, UrlFields } from "./headers.ts";
import { redirectsMax } from "./limits.ts";
import { type Hop, redirection } from "./redirect.ts";
import { type ProxyPath, type Target, upstreamPath } from "./target.ts";

/** What all passages share. */
export interface Border {
  readonly publicUrl: URL | undefined;
  /** Of servers that have none of their own. */
  readonly upstreamIdleTimeoutMs: number;
  readonly endpoints: EndpointPaths;
  /** Told where a server's metadata is, when one of its challenges says so; and that it has challenged. */
  challenged(target: Target, rest: string, metadataUrl: string | undefined): void;
}

export class Passage implements UrlFields, Hop {
  readonly target: Target;
  readonly slug: string;
  readonly method: string;
  readonly headers: string[];
  /** Of the request; -1 when there is none. */
  readonly contentLength: number;
  /** No byte from the upstream for so long ends the exchange; a GET stream may be silent for ever. */
  readonly idleTimeoutMs: number;
  /** Of the upstream; both change when a redirect is followed. */
  origin: string;
  path: string;
  /** For the log: what follows the slug, or the place on the upstream's origin that it stands for. */
  readonly shownPath: string;
  /** What follows the slug as far as it names the server's URL: not a place that its stream named. */
  readonly #own: ProxyPath;
  readonly #border: Border;
  readonly #host: string | undefined;
  #redirects = 0;
  /** The absolute form of the answer's `Location`, if it must have one. */
  #location: string | undefined;

  constructor(
    border: Border,
    target: Target,
    path: ProxyPath,
    { method = "", headers }: InboundRequest,
    { headers: fields, contentLength }: UpstreamFields,
  ) {
    const endpoint = border.endpoints.open(target, path.rest);
    this.#border = border;
    this.#host = headers.host;
    this.#own = endpoint === undefined ? path : { ...path, rest: "", query: "" };
    this.target = target;
    this.slug = path.slug;
    this.method = method;
    this.headers = fields;
    this.contentLength = contentLength;
    this.idleTimeoutMs =
      method === "GET"
        ? Number.POSITIVE_INFINITY
        : (target.upstreamIdleTimeoutMs ?? border.upstreamIdleTimeoutMs);
    this.origin = target.origin;
    this.path = endpoint === undefined ? upstreamPath(target, path) : endpoint + path.query;
    this.shownPath = (endpoint ?? path.rest) + path.query;
  }

  /** Goes where the redirect leads; false when that is the client's to do, or when there is no redirect. */
  follow(statusCode: number, rawHeaders: readonly string[], replayable: boolean): boolean {
    const found = redirection(statusCode, rawHeaders, this, this.method);
    this.#location = found?.location;
    if (!found?.hop || !replayable || this.#redirects >= redirectsMax) return false;
    this.#redirects += 1;
    this.origin = found.hop.origin;
    this.path = found.hop.path;
    return true;
  }

  location(value: string): string {
    return this.#location ?? value;
  }

  challenge(value: string): string {
    const { rest, query } = this.#own;
    let metadataUrl: string | undefined;
    const changed = exchangeMetadataUrl(value, (url) => {
      metadataUrl ??= url;
      return sound(`${this.#clientOrigin()}${metadataPrefix}/p/${this.slug}${rest}${query}`);
    });
    this.#border.challenged(this.target, rest, metadataUrl);
    return changed;
  }

  /** For a stream of events, if it may be a legacy one. One that tells its length is a document, which must keep it. */
  endpointFilter(statusCode: number, rawHeaders: readonly string[]): EndpointFilter | undefined {
    if (this.method !== "GET" || statusCode !== 200 || hasLength(rawHeaders)) return undefined;
    return new EndpointFilter((reference) =>
      proxiedEndpoint(
        reference,
        {
          target: this.target,
          streamUrl: this.origin + this.path,
          slug: this.slug,
          clientOrigin: this.#clientOrigin(),
        },
        this.#border.endpoints,
      ),
    );
  }

  #clientOrigin(): string {
    return clientOrigin(this.#host, this.#border.publicUrl);
  }
}

export const metadataPrefix = "/.well-known/oauth-protected-resource";

/** Our origin as the client wrote it. Only the public URL is ever behind TLS: somebody else ends it for us. */
export function clientOrigin(host: string | undefined, publicUrl: URL | undefined): string {
  const named = host?.toLowerCase() ?? "";
  if (publicUrl === undefined) return `http://${named}`;
  const port = publicUrl.protocol === "https:" ? 443 : 80;
  const isPublic = named === publicUrl.host || named === `${publicUrl.hostname}:${port}`;
  return isPublic || named === "" ? publicUrl.origin : `http://${named}`;
}

/** Safe in a field's value, quoted or not. */
function sound(url: string): string {
  return url.replace(/[^\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]/g, (char) => encodeURIComponent(char));
}
