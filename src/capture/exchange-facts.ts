/** What all calls of one exchange have in common. */
import type { ExchangeOpening, OwnCall, UpstreamTimes } from "../exchange.ts";
import type { CaptureLevel } from "../server.ts";
import type { Room } from "./budget.ts";
import type { CaptureContext } from "./capture-context.ts";
import { type ClientFacts, toTraceId } from "./client-facts.ts";
import { type Keeping, keepsText } from "./kept-text.ts";
import { redactPath } from "./redact-path.ts";
import type { Scope } from "./scopes.ts";

export class ExchangeFacts {
  readonly opening: ExchangeOpening;
  /** Request fields by name in lower case, as they came. */
  readonly fields: ReadonlyMap<string, string>;
  /** Monotonic, of the thread that saw the exchange. */
  readonly openedMs: number;
  scope: Scope;
  /** For what is held of it and of its calls. */
  readonly budget: Room;
  /** What this exchange says of its client itself. */
  ownClient: ClientFacts | undefined;
  /** 0 until the response's head has come. */
  statusCode = 0;
  headMs: number | undefined;
  /** Undefined while not known, and for what did not go to the upstream. */
  upstream: UpstreamTimes | undefined;
  /** When the request's last byte was there; undefined before. */
  requestEndMs: number | undefined;
  /** When something was seen of it last. */
  seenMs: number;
  /** Of its event stream; a number that it shares with those that go on with it. */
  stream: number | undefined;
  /** What its event stream, or one that went on with it, told the client to wait before it resumes it. */
  retryMs = 0;
  /** Exchanges under way that go on with its stream. */
  resumptions = 0;
  /** The exchange whose stream this one goes on with, while a request of it waits. */
  resumes: ExchangeFacts | undefined;
  /** What the first call of an exchange of our own is to be known as. */
  own: OwnCall | undefined;
  /** Nothing more will be seen of this exchange. */
  ended = false;
  readonly #context: Pick<CaptureContext, "budget" | "fields" | "limits" | "seal">;
  /** How many of the client's calls in it are over. */
  settledCalls = 0;
  #path: string | undefined;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(
    opening: ExchangeOpening,
    fields: ReadonlyMap<string, string>,
    openedMs: number,
    scope: Scope,
    context: Pick<CaptureContext, "budget" | "fields" | "limits" | "seal">,
  ) {
    this.opening = opening;
    this.fields = fields;
    this.openedMs = openedMs;
    this.seenMs = openedMs;
    this.scope = scope;
    this.budget = context.budget.of(opening.teamId);
    this.#context = context;
  }

  get level(): CaptureLevel {
    return this.opening.captureLevel;
  }

  /** How bodies that this exchange carries are kept. */
  get keeping(): Keeping {
    const { limits, seal } = this.#context;
    return { maxBytes: limits.bodyCaptureMaxBytes, level: this.level, seal };
  }

  /** The request's fields as the log shows them. */
  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= keepsText(this.level) ? this.#context.fields.redact(this.fields) : {};
    return this.#headers;
  }

  /** What followed the slug as the log shows it. */
  get path(): string {
    this.#path ??= this.#shownPath();
    return this.#path;
  }

  #shownPath(): string {
    const path = redactPath(this.opening.path, this.#context.seal);
    const mark = keepsText(this.level) ? -1 : path.indexOf("?");
    return mark === -1 ? path : path.slice(0, mark);
  }

  /** Whatever tells this client from another. A credential: nothing to be kept or shown. */
  get clientMarks(): string {
    const { name, version } = this.client;
    const credentials = ["authorization", "cookie", "x-api-key"].map((field) =>
      this.fields.get(field),
    );
    return JSON.stringify([this.opening.sourceIp, name, version, ...credentials]);
  }

  get client(): ClientFacts {
    const { client } = this.scope;
    if (!this.ownClient) return client;
    return this.ownClient.name === "" && client.name !== ""
      ? { ...client, protocolVersion: this.ownClient.protocolVersion }
      : this.ownClient;
  }

  get protocolVersion(): string {
    return this.fields.get("mcp-protocol-version") ?? this.client.protocolVersion;
  }

  get traceId(): string {
    return toTraceId(this.fields.get("traceparent"));
  }

  /** Wall time of a moment of the writer's monotonic clock, epoch milliseconds, whole. */
  wallMs(atMs: number): number {
    return this.opening.startedAtMs + elapsedMs(this.openedMs, atMs);
  }
}

/** Whole milliseconds from one moment to another, never negative. */
export function elapsedMs(fromMs: number, toMs: number): number {
  return Math.max(0, Math.round(toMs - fromMs));
}
