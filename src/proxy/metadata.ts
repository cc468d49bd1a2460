/**
 * Finds one metadata document of one server, where a client would look for it, in that order.
 *
 * In: what is asked for. Out: an answer: the document, 404 when the upstream has none, 503 or 504 when that cannot be
 * told. Upstream documents that are not JSON objects, or name places that are no web addresses, are refused as trouble.
 */
import type { Dial } from "./dial.ts";
import { type Failure, failures } from "./failure.ts";
import type { KnownChallenges } from "./known-challenges.ts";
import { madeResource, proxiedResource, readMetadata } from "./metadata-document.ts";
import { fetchDocument } from "./metadata-fetch.ts";
import type { Hop } from "./redirect.ts";
import type { ProxyPath, Target } from "./target.ts";

export interface MetadataAnswer {
  readonly statusCode: number;
  readonly body?: Buffer;
  /** What went wrong upstream, or why it is not asked. */
  readonly failure?: Failure;
  readonly retryAfterSeconds?: number;
}

export interface Quest {
  /** The name lies before the server's path, or behind it. */
  readonly kind: "protected-resource" | "inserted" | "appended";
  /** `/.well-known/oauth-protected-resource`. */
  readonly name: string;
  readonly path: ProxyPath;
  readonly target: Target;
  /** The server's URL, or the document's for an appended name. */
  readonly upstream: Hop;
  /** The server's URL as the client uses it. */
  readonly clientUrl: string;
  /** For the upstream. */
  readonly headers: readonly string[];
  readonly signal: AbortSignal;
}

export async function metadataOf(
  quest: Quest,
  dial: Dial,
  known: KnownChallenges,
): Promise<MetadataAnswer> {
  const { target, headers, signal, kind, upstream, clientUrl } = quest;
  const names = { upstreamUrl: upstream.origin + upstream.path, clientUrl };
  for (const at of places(quest, known)) {
    const fetched = await fetchDocument(dial, { target, at, headers }, signal);
    if (fetched.kind === "failed") return trouble(fetched.failure);
    const { statusCode, body } = fetched;
    if (statusCode >= 200 && statusCode < 300) {
      const passed =
        kind === "protected-resource"
          ? proxiedResource(body, names)
          : readMetadata(body, upstream.origin) && body;
      return passed ? { statusCode: 200, body: passed } : trouble(failures.metadataUnusable);
    }
    if (!isAbsence(statusCode)) return trouble(failures.metadataRefused);
  }
  if (kind !== "protected-resource") return { statusCode: 404 };
  if (known.hasChallenged(target)) return { statusCode: 200, body: madeResource(names) };
  const fields = ["Accept", "application/json, text/event-stream", ...headers.slice(2)];
  const probe = { target, at: upstream, headers: fields, withoutBody: true };
  const probed = await fetchDocument(dial, probe, signal);
  if (probed.kind === "failed") return trouble(probed.failure);
  if (probed.statusCode !== 401) return { statusCode: 404 };
  return { statusCode: 200, body: madeResource(names) };
}

/** At most three. */
function places({ kind, name, path, target, upstream }: Quest, known: KnownChallenges): Hop[] {
  if (kind === "appended") return [upstream];
  const { origin } = target;
  const found: Hop[] = [];
  const told = kind === "protected-resource" ? known.metadata(target, path.rest) : undefined;
  if (told) found.push(told);
  const mark = upstream.path.indexOf("?");
  const pathname = mark === -1 ? upstream.path : upstream.path.slice(0, mark);
  const query = mark === -1 ? "" : upstream.path.slice(mark);
  const inserted = `${name}${pathname.replace(/\/$/, "")}${query}`;
  for (const one of [inserted, name]) {
    if (!found.some((at) => at.origin === origin && at.path === one)) {
      found.push({ origin, path: one });
    }
  }
  return found;
}

/** What clients take for "not here"; but too many requests, or too slow ones, tell nothing. */
function isAbsence(statusCode: number): boolean {
  return statusCode >= 400 && statusCode < 500 && statusCode !== 429 && statusCode !== 408;
}

function trouble(failure: Failure): MetadataAnswer {
  const statusCode = failure.statusCode === 504 ? 504 : 503;
  return { statusCode, failure: { ...failure, statusCode } };
}
