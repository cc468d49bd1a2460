/** What all calls of one exchange have in common. */
import type { ExchangeOpening } from "../exchange.ts";
import { type ClientFacts, toTraceId } from "./client-facts.ts";
import type { FieldRedactor } from "./redact-fields.ts";
import type { Scope } from "./scopes.ts";

export class ExchangeFacts {
  readonly opening: ExchangeOpening;
  /** Request fields by name in lower case, as they came. */
  readonly fields: ReadonlyMap<string, string>;
  /** Monotonic, of the thread that saw the exchange. */
  readonly openedMs: number;
  scope: Scope;
  /** What this exchange says of its client itself. */
  ownClient: ClientFacts | undefined;
  /** 0 until the response's head has come. */
  statusCode = 0;
  headMs: number | undefined;
  /** When something was seen of it last. */
  seenMs: number;
  /** Nothing more will be seen of this exchange. */
  ended = false;
  readonly #redactor: FieldRedactor;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(
    opening: ExchangeOpening,
    fields: ReadonlyMap<string, string>,
    openedMs: number,
    scope: Scope,
    redactor: FieldRedactor,
  ) {
    this.opening = opening;
    this.fields = fields;
    this.openedMs = openedMs;
    this.seenMs = openedMs;
    this.scope = scope;
    this.#redactor = redactor;
  }

  /** The request's fields as the log shows them. */
  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= this.#redactor.redact(this.fields);
    return this.#headers;
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
