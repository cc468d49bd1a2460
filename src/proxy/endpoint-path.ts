/**
 * Paths of the upstream's that a legacy stream has told its client to post to, as paths below our own.
 *
 * In: a path on the upstream's origin. Out: one segment that holds it, `~endpoint.<path>.<proof>`, which any host
 * with the same key can open and nobody else can make: else whoever knows the proxy URL could reach every path
 * of the upstream's origin. What cannot be opened is an ordinary path. Holds nothing.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Target } from "./target.ts";

const proofBytes = 16;
const form = /^\/~endpoint\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{22})$/;

export class EndpointPaths {
  readonly #key: Uint8Array;

  /** The same key on every host of a fleet. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** `/~endpoint.L21lc3NhZ2Vz.q83vEjRWeJCrze8SNFZ4kA` of `/messages`; undefined for a path that readers disagree about. */
  seal(target: Target, path: string): string | undefined {
    if (!isSound(path)) return undefined;
    const proof = this.#prove(target, path).toString("base64url");
    return `/~endpoint.${Buffer.from(path).toString("base64url")}.${proof}`;
  }

  /** The path that `rest`, what follows the slug, was made of for this target; undefined if it was not. */
  open(target: Target, rest: string): string | undefined {
    if (!rest.startsWith("/~endpoint.")) return undefined;
    const [, encoded = "", proof = ""] = form.exec(rest) ?? [];
    if (proof === "") return undefined;
    const path = Buffer.from(encoded, "base64url").toString();
    if (!isSound(path)) return undefined;
    const given = Buffer.from(proof, "base64url");
    return timingSafeEqual(given, this.#prove(target, path)) ? path : undefined;
  }

  #prove({ serverId, origin }: Target, path: string): Buffer {
    const text = `${serverId}\0${origin}\0${path}`;
    return createHmac("sha256", this.#key).update(text).digest().subarray(0, proofBytes);
  }
}

export interface EndpointContext {
  readonly target: Target;
  /** Of the stream, upstream: `https://example.com/sse?key=1`. */
  readonly streamUrl: string;
  readonly slug: string;
  /** How the client names us: `http://localhost:7070`. */
  readonly clientOrigin: string;
}

/**
 * What the client is to read instead of an endpoint reference, in the form that the reference has: absolute, or
 * from the root. Undefined when it leads to another origin than the upstream's.
 */
export function proxiedEndpoint(
  reference: string,
  { target, streamUrl, slug, clientOrigin }: EndpointContext,
  paths: EndpointPaths,
): string | undefined {
  const [text = ""] = reference.trim().split("#", 1);
  // The stream's own URL, which the client has from us.
  if (text === "") return reference;
  const url = URL.parse(text, streamUrl);
  if (url === null || url.origin !== URL.parse(streamUrl)?.origin) return undefined;
  if (url.username !== "" || url.password !== "" || /[\p{Cc}\s]/u.test(text)) return undefined;
  const sealed = paths.seal(target, url.pathname);
  if (sealed === undefined) return undefined;
  const mark = text.indexOf("?");
  const local = `/p/${slug}${sealed}${mark === -1 ? "" : text.slice(mark)}`;
  return /^[a-z][a-z\d+.-]*:/i.test(text) ? clientOrigin + local : local;
}

/** From the root, in visible ASCII, and one path to every reader. */
function isSound(path: string): boolean {
  return /^\/[\x21-\x7e]*$/.test(path) && !/[?#\\]|\/\.{1,2}(?:\/|$)|%2e|%5c|%00/i.test(path);
}
