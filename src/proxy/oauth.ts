/**
 * OAuth metadata of servers, seen through the proxy: `/.well-known/<name>/p/<slug>` and what lies below.
 *
 * In: requests that the edge has approved. Out: the upstream's documents, its protected-resource metadata with our URL
 * as `resource` (RFC 9728), or made for upstreams that have none. Authorization servers are not proxied, so documents
 * at the root, which would be all servers' at once, do not exist. Trouble of the upstream is 503 or 504: clients take
 * every 4xx, and 502 too, for "there is none" and would try us as the authorization server. Nothing is kept but what
 * `known-challenges.ts` keeps. Bounds: those of `metadata-fetch.ts`, and ten seconds in all.
 */

import type { ExchangeOutcome, ExchangeWitness } from "../exchange.ts";
import type { InboundRequest, InboundResponse } from "../inbound.ts";
import type { Admission } from "./admission.ts";
import type { Dial } from "./dial.ts";
import { type Failure, failures } from "./failure.ts";
import { type OwnMarks, toUpstream } from "./headers.ts";
import type { KnownChallenges } from "./known-challenges.ts";
import { metadataTimeoutMs } from "./limits.ts";
import { type MetadataAnswer, metadataOf, type Quest } from "./metadata.ts";
import { toMetadataHead } from "./metadata-answer.ts";
import { clientOrigin } from "./passage.ts";
import { isPlainPath, splitPath, type Target, upstreamPath } from "./target.ts";

export interface OAuthOptions {
  readonly dial: Dial;
  readonly known: KnownChallenges;
  readonly publicUrl: URL | undefined;
  readonly own: OwnMarks;
  readonly admission: Admission;
  sourceIp(request: InboundRequest): string;
  find(slug: string): Target | undefined;
  /** Opens an exchange of the log. */
  watch(request: InboundRequest, target: Target, path: string): ExchangeWitness;
  /** Called once for each exchange that was opened. */
  settled(outcome: ExchangeOutcome, failure: Failure | undefined): void;
}

type Asked = Pick<Quest, "kind" | "name" | "path">;

export class OAuth {
  readonly #options: OAuthOptions;

  constructor(options: OAuthOptions) {
    this.#options = options;
  }

  /** Answers for everything below `/.well-known/`. */
  handle(request: InboundRequest, response: InboundResponse): void {
    const url = request.url ?? "";
    const at = url.indexOf("/p/");
    const name = at === -1 ? "" : url.slice(0, at);
    const path = at === -1 ? undefined : splitPath(url.slice(at));
    const kind = kinds[name];
    if (path && kind) this.answer(request, response, { kind, name, path });
    else this.#refuse(request, response, { statusCode: 404 });
  }

  /** Answers for one document. */
  answer(request: InboundRequest, response: InboundResponse, asked: Asked): void {
    const { find, admission, sourceIp } = this.#options;
    const target = find(asked.path.slug);
    if (target && isPlainPath(asked.path)) {
      void this.#serve(request, response, { ...asked, target });
      return;
    }
    // What is unsound is answered as what is not there, but is no attempt to find out what is.
    const { retryAfterSeconds } = target
      ? failures.unknownServer
      : admission.miss(sourceIp(request));
    const answer =
      retryAfterSeconds === undefined
        ? { statusCode: 404 }
        : { statusCode: 429, retryAfterSeconds };
    this.#refuse(request, response, answer);
  }

  async #serve(
    request: InboundRequest,
    response: InboundResponse,
    asked: Asked & { readonly target: Target },
  ): Promise<void> {
    request.resume();
    const { kind, name, path, target } = asked;
    const shown = kind === "appended" ? path.rest : name + path.rest;
    const witness = this.#options.watch(request, target, shown + path.query);
    witness.requestEnd();
    const abort = new AbortController();
    const late = setTimeout(() => abort.abort(failures.metadataTimeout), metadataTimeoutMs);
    const leave = () => abort.abort(failures.shuttingDown);
    response.once("close", leave);
    const answer = await this.#find(request, { ...asked, signal: abort.signal });
    clearTimeout(late);
    response.off("close", leave);
    this.#send(request, response, answer, witness);
  }

  async #find(
    { method, headers, rawHeaders }: InboundRequest,
    asked: Omit<Quest, "headers" | "upstream" | "clientUrl">,
  ): Promise<MetadataAnswer> {
    if (method === "OPTIONS") return { statusCode: 204 };
    if (method !== "GET" && method !== "HEAD") return { statusCode: 405 };
    const { target, path } = asked;
    const refusal = this.#refusal(rawHeaders, target);
    if (refusal) return { statusCode: 503, failure: { ...refusal, statusCode: 503 } };
    const origin = clientOrigin(headers.host, this.#options.publicUrl);
    const upstream = { origin: target.origin, path: upstreamPath(target, path) };
    const clientUrl = `${origin}/p/${path.slug}${path.rest}${path.query}`;
    // A request of our own, so that nobody is misled by it, and one that comes back to us is known.
    const fields = ["Accept", "application/json", "Via", `1.1 ${this.#options.own.via}`];
    const version = headers["mcp-protocol-version"];
    if (typeof version === "string") fields.push("MCP-Protocol-Version", version);
    const agent = headers["user-agent"];
    if (agent !== undefined) fields.push("User-Agent", agent);
    const quest: Quest = { ...asked, headers: fields, upstream, clientUrl };
    return metadataOf(quest, this.#options.dial, this.#options.known);
  }

  /** As clients take every 4xx for "there is none", a refusal is 503 whatever it is elsewhere. */
  #refusal(rawHeaders: readonly string[], target: Target): Failure | undefined {
    const { own, admission } = this.#options;
    if (toUpstream(rawHeaders, own).loops) return failures.ownAddress;
    return admission.overLimit(target);
  }

  #send(
    request: InboundRequest,
    response: InboundResponse,
    answer: MetadataAnswer,
    witness: ExchangeWitness,
  ): void {
    if (response.destroyed) {
      witness.end({ outcome: "client_left", reason: "the client closed the connection" });
      this.#options.settled("client_left", undefined);
      return;
    }
    const { rawHeaders, body } = toMetadataHead(answer);
    response.writeHead(answer.statusCode, rawHeaders);
    response.end(request.method === "HEAD" ? undefined : body);
    witness.head(answer.statusCode, rawHeaders);
    if (request.method !== "HEAD" && body.length > 0) witness.response(body);
    const { failure } = answer;
    witness.end({ outcome: failure?.outcome ?? "complete", reason: failure?.message ?? "" });
    this.#options.settled(failure?.outcome ?? "complete", failure);
  }

  #refuse(request: InboundRequest, response: InboundResponse, answer: MetadataAnswer): void {
    request.resume();
    const statusCode = request.method === "OPTIONS" ? 204 : answer.statusCode;
    const { rawHeaders, body } = toMetadataHead({ ...answer, statusCode });
    response.writeHead(statusCode, rawHeaders);
    response.end(request.method === "HEAD" ? undefined : body);
  }
}

const kinds: Readonly<Record<string, Quest["kind"]>> = {
  "/.well-known/oauth-protected-resource": "protected-resource",
  "/.well-known/oauth-authorization-server": "inserted",
  "/.well-known/openid-configuration": "inserted",
};

export const appendedName = "/.well-known/openid-configuration";
