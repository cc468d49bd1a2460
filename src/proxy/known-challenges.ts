/**
 * Which servers have asked for a token, and where they say that their metadata is.
 *
 * In: challenges in passing. Out: a URL to look at first. Never more than one entry for each server, and only of the
 * upstream's own origin or its `https` form: what an upstream says must not choose whom we call. A convenience: a host
 * that has not seen a challenge asks the upstream.
 */
import { metadataUrlMaxLength } from "./limits.ts";
import { type Hop, isUpgrade } from "./redirect.ts";
import type { Target } from "./target.ts";

interface Known {
  readonly origin: string;
  readonly rest: string;
  readonly metadata: Hop | undefined;
}

export class KnownChallenges {
  readonly #byServer = new Map<string, Known>();

  note({ serverId, origin }: Target, rest: string, metadataUrl: string | undefined): void {
    const url = metadataUrl === undefined ? null : URL.parse(metadataUrl);
    const isOwn = url !== null && (url.origin === origin || isUpgrade(origin, url));
    const isShort = metadataUrl !== undefined && metadataUrl.length <= metadataUrlMaxLength;
    const metadata =
      isOwn && isShort ? { origin: url.origin, path: url.pathname + url.search } : undefined;
    this.#byServer.set(serverId, { origin, rest: withoutSlash(rest), metadata });
  }

  hasChallenged({ serverId, origin }: Target): boolean {
    return this.#byServer.get(serverId)?.origin === origin;
  }

  /** Where the metadata is of what lies at `rest` below the slug. */
  metadata({ serverId, origin }: Target, rest: string): Hop | undefined {
    const known = this.#byServer.get(serverId);
    if (known?.origin !== origin || known.rest !== withoutSlash(rest)) return undefined;
    return known.metadata;
  }

  forget(serverId: string): void {
    this.#byServer.delete(serverId);
  }
}

function withoutSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
