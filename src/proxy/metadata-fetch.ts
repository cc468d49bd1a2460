/**
 * One small document of an upstream's, fetched over that server's own connections and its egress check.
 *
 * In: where it is, on one of the target's origins. Out: the answer, after redirects that stay there, or what failed.
 * Bounds: 64 KiB, five redirects, and the caller's signal, whose reason is the failure to report.
 */
import type { ResponseHead } from "../http/response-head.ts";
import type { Dial } from "./dial.ts";
import { type Failure, failures } from "./failure.ts";
import { metadataMaxBytes, redirectsMax } from "./limits.ts";
import type { Line, LineUser } from "./line.ts";
import { type Hop, redirection } from "./redirect.ts";
import type { Target } from "./target.ts";

export interface DocumentRequest {
  readonly target: Target;
  readonly at: Hop;
  /** Names and values alternating, without `Host`. */
  readonly headers: readonly string[];
  /** The status is all that is wanted. */
  readonly withoutBody?: boolean;
}

export type Fetched =
  | { readonly kind: "document"; readonly statusCode: number; readonly body: Buffer }
  | { readonly kind: "failed"; readonly failure: Failure };

/** Resolves in any case. */
export async function fetchDocument(
  dial: Dial,
  request: DocumentRequest,
  signal: AbortSignal,
): Promise<Fetched> {
  let { at } = request;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await fetchOnce(dial, { ...request, at }, signal);
    if (answer.kind === "failed") return answer;
    const onward = redirection(answer.statusCode, answer.rawHeaders, at, "GET");
    if (onward === undefined) return answer;
    if (onward.hop === undefined || redirects >= redirectsMax) {
      return failed(failures.metadataElsewhere);
    }
    at = onward.hop;
  }
}

type Answer =
  | (Extract<Fetched, { kind: "document" }> & { readonly rawHeaders: readonly string[] })
  | Extract<Fetched, { kind: "failed" }>;

function fetchOnce(dial: Dial, request: DocumentRequest, signal: AbortSignal): Promise<Answer> {
  if (signal.aborted) return Promise.resolve(failed(signal.reason as Failure));
  const line = dial.open(request.target, request.at.origin);
  if (line === undefined) return Promise.resolve(failed(failures.tooManyConnections));
  const collector = new Collector(line, request.withoutBody === true);
  const abort = () => collector.abandon(signal.reason as Failure);
  signal.addEventListener("abort", abort);
  line.dispatch(
    { method: "GET", path: request.at.path, headers: request.headers, body: null },
    collector,
  );
  return collector.answer.finally(() => signal.removeEventListener("abort", abort));
}

class Collector implements LineUser {
  readonly answer: Promise<Answer>;
  readonly #settle: (answer: Answer) => void;
  readonly #withoutBody: boolean;
  #line: Line | undefined;
  #statusCode = 0;
  #rawHeaders: readonly string[] = [];
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(line: Line, withoutBody: boolean) {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.answer = promise;
    this.#settle = resolve;
    this.#line = line;
    this.#withoutBody = withoutBody;
  }

  /** Has no effect once the answer is there. */
  abandon(failure: Failure): void {
    this.#settle(failed(failure));
    this.#abort();
  }

  onHead({ statusCode, rawHeaders }: ResponseHead): void {
    this.#statusCode = statusCode;
    this.#rawHeaders = rawHeaders;
    if (!this.#withoutBody) return;
    this.#finish();
    this.#abort();
  }

  onBody(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > metadataMaxBytes) this.abandon(failures.metadataTooLarge);
    else this.#chunks.push(piece);
  }

  onEnd(): void {
    this.#line?.release();
    this.#line = undefined;
    this.#finish();
  }

  onFailure(failure: Failure): void {
    this.abandon(failure);
  }

  #finish(): void {
    const body = Buffer.concat(this.#chunks);
    this.#settle({
      kind: "document",
      statusCode: this.#statusCode,
      rawHeaders: this.#rawHeaders,
      body,
    });
  }

  #abort(): void {
    const line = this.#line;
    this.#line = undefined;
    this.#chunks = [];
    line?.abort();
  }
}

function failed(failure: Failure): { readonly kind: "failed"; readonly failure: Failure } {
  return { kind: "failed", failure };
}
