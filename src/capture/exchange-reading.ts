/**
 * Reads one exchange: its two bodies into messages, its end into verdicts.
 *
 * In: the events of the exchange, in order. Out: through `ExchangeCalls`, calls. Bounds: bodies and
 * events of up to `messageScanMaxBytes`, the first `streamKeptBytes` of a stream.
 */

import type { ExchangeEnd, ExchangeOpening } from "../exchange.ts";
import type { Message } from "../message.ts";
import type { CaptureContext } from "./capture-context.ts";
import { concludeExchange } from "./conclude.ts";
import { EventStream, type StreamEvent } from "./event-stream.ts";
import { ExchangeCalls } from "./exchange-calls.ts";
import { ExchangeFacts } from "./exchange-facts.ts";
import { findScope, moveTo, toScope } from "./exchange-scope.ts";
import { findField } from "./fields.ts";
import { HeldBody } from "./held-body.ts";
import { toStreamId } from "./legacy-endpoint.ts";
import { redactPath } from "./redact-path.ts";
import type { SlabEvent } from "./slab-reader.ts";
import { openStreamDecoder, type StreamDecoder } from "./stream-decoder.ts";
import { type BodyText, isEventStream, takeText, unpackMessages } from "./unpack.ts";

/** How much of a stream's own text is kept for the exchange's call; its messages are calls themselves. */
const streamKeptBytes = 16 * 1024;

export class ExchangeReading {
  readonly #context: CaptureContext;
  readonly #facts: ExchangeFacts;
  readonly #calls: ExchangeCalls;
  readonly #request: HeldBody;
  /** The body; of a stream its beginning. */
  readonly #response: HeldBody;
  #stream: EventStream | undefined;
  /** Of a stream that is encoded. */
  #decoder: StreamDecoder | undefined;
  /** What passed on the wire. */
  #responseBytes = 0;
  /** What a legacy stream has told its client, "" without. */
  #endpoint = "";
  #contentType = "";
  #contentEncoding = "";
  /** Goes on with a stream that was seen before. */
  #isResumed = false;
  #requestRead = false;
  #requestMs: number;
  /** When the last byte of the response, or else its head, was seen. */
  #responseMs: number | undefined;

  constructor(context: CaptureContext, opening: ExchangeOpening, openedMs: number) {
    this.#context = context;
    const fields = context.fields.byName(opening.rawHeaders);
    const scope = findScope(context, opening, fields);
    this.#facts = new ExchangeFacts(opening, fields, openedMs, scope, context);
    this.#calls = new ExchangeCalls(context, this.#facts);
    this.#requestMs = openedMs;
    const { budget } = this.#facts;
    this.#request = new HeldBody(budget, context.limits.messageScanMaxBytes, context.loans);
    this.#response = new HeldBody(budget, context.limits.messageScanMaxBytes, context.loans);
  }

  see(event: SlabEvent, atMs: number): void {
    this.#facts.seenMs = atMs;
    switch (event.type) {
      case "own":
        this.#facts.own = event.own;
        break;
      case "request":
        this.#requestMs = atMs;
        this.#request.add(event.bytes);
        break;
      case "requestSkipped":
        this.#request.skip(event.skippedBytes);
        break;
      case "requestEnd":
        this.#facts.requestEndMs = atMs;
        this.#readRequest();
        break;
      case "upstream":
        this.#facts.upstream = event.times;
        break;
      case "head":
        this.#readHead(event.statusCode, event.rawHeaders, atMs);
        break;
      case "response":
        this.#responseMs = atMs;
        this.#readResponse(event.bytes);
        break;
      case "responseSkipped":
        this.#responseMs = atMs;
        this.#responseBytes += event.skippedBytes;
        this.#response.skip(event.skippedBytes);
        this.#decoder?.skip();
        this.#stream?.skip();
        break;
      case "end":
        this.#end(event.end, atMs);
        break;
      case "opening":
    }
  }

  /** Ends the looking: whatever is open becomes a call that gives the reason. */
  abandon(reason: string): void {
    this.#facts.ended = true;
    if (!this.#calls.isTold) this.#calls.openHttp({ text: "", whole: true, bytes: 0 });
    this.#conclude({ outcome: "upstream_failed", reason }, { text: "", whole: true, bytes: 0 });
    this.#release();
  }

  #readRequest(): void {
    if (this.#requestRead) return;
    this.#requestRead = true;
    const { fields, opening } = this.#facts;
    const body = takeText(
      this.#request,
      fields.get("content-type") ?? "",
      fields.get("content-encoding") ?? "",
    );
    const parsed = opening.method === "POST" && body.whole ? unpackMessages(body.text) : undefined;
    if (parsed?.kind === "messages") {
      for (const message of parsed.messages) {
        this.#calls.fromClient(message, sizeOf(message, body), this.#requestMs);
      }
    }
    if (this.#calls.isTold) return;
    if (opening.method === "POST" && !body.whole && this.#calls.openUnread(body)) return;
    this.#calls.openHttp(body);
  }

  #readHead(statusCode: number, rawHeaders: readonly string[], atMs: number): void {
    const facts = this.#facts;
    facts.statusCode = statusCode;
    facts.headMs = atMs;
    this.#responseMs = atMs;
    this.#contentType = findField(rawHeaders, "content-type");
    this.#contentEncoding = findField(rawHeaders, "content-encoding").trim();
    if (statusCode < 300) this.#meetSession(findField(rawHeaders, "mcp-session-id"));
    if (!isEventStream(this.#contentType)) return;
    this.#decoder = openStreamDecoder(this.#contentEncoding, this.#facts.budget);
    if (!this.#decoder && !isIdentity(this.#contentEncoding)) return;
    this.#response.limit(streamKeptBytes);
    this.#openStream();
  }

  #readResponse(bytes: Uint8Array): void {
    this.#responseBytes += bytes.length;
    if (!this.#decoder) this.#readClear(bytes);
    else {
      this.#decoder.decode(bytes, (clear) => {
        this.#readClear(clear);
        // It is the decoder's to use again.
        this.#context.loans.end();
      });
    }
  }

  #readClear(bytes: Uint8Array): void {
    this.#response.add(bytes);
    this.#stream?.add(bytes);
  }

  /** The session is known from here on: the upstream issued it, or at least did not refuse it. */
  #meetSession(issuedId: string): void {
    const facts = this.#facts;
    if (issuedId !== "" && !facts.scope.isShared) {
      const { serverId } = facts.opening;
      facts.scope = moveTo(
        this.#context,
        facts.scope,
        toScope(this.#context, serverId, "session", issuedId),
      );
    } else if (facts.scope.isShared) {
      facts.scope = moveTo(this.#context, facts.scope, facts.scope);
    }
  }

  #openStream(): void {
    const { limits, loans } = this.#context;
    const bounds = { blockMaxBytes: limits.messageScanMaxBytes, loans };
    this.#stream = new EventStream((event) => this.#readEvent(event), this.#facts.budget, bounds);
    if (this.#facts.opening.method === "GET") this.#facts.scope.openStreams += 1;
    this.#resume();
  }

  /** A client that names the last event it got goes on with the stream that carried it. */
  #resume(): void {
    const { streams } = this.#context;
    const { fields, opening, scope } = this.#facts;
    const lastId = fields.get("last-event-id") ?? "";
    const known =
      lastId !== "" && opening.method === "GET" && scope.isShared
        ? streams.find(scope, lastId)
        : undefined;
    const stream = known ?? streams.next();
    this.#facts.stream = stream;
    this.#isResumed = known !== undefined;
    if (!this.#isResumed) return;
    const waiting = [...scope.fromClient.values()];
    this.#calls.resume(waiting.filter(({ facts }) => facts.stream === stream));
  }

  #readEvent(event: StreamEvent): void {
    this.#readRequest();
    const atMs = this.#responseMs ?? this.#facts.seenMs;
    if (event.oversize) {
      const { text, blockBytes: bytes } = event;
      this.#calls.answerUnread({ text, whole: false, bytes }, atMs);
      return;
    }
    if (event.name === "endpoint") this.#meetLegacyStream(event.text);
    const isRepeated = this.#isRepeated(event.id);
    if (event.text === "" || (event.name !== "" && event.name !== "message")) return;
    const parsed = unpackMessages(event.text);
    if (parsed.kind === "garbled") {
      this.#context.counts.eventsGarbled += 1;
      return;
    }
    for (const message of parsed.messages) {
      // An answer can settle its call but once.
      if (isRepeated && message.kind !== "response") continue;
      this.#calls.fromServer(message, Buffer.byteLength(message.text), atMs);
    }
  }

  /** A resumed stream begins with what the client had not got; it may have passed here. */
  #isRepeated(eventId: string): boolean {
    const { scope, stream } = this.#facts;
    if (eventId === "" || stream === undefined || !scope.isShared) return false;
    const isNew = this.#context.streams.add(scope, eventId, stream);
    return this.#isResumed && !isNew;
  }

  /** The first event of a legacy stream names where its client will post; that is its session. */
  #meetLegacyStream(endpoint: string): void {
    const facts = this.#facts;
    if (facts.opening.method !== "GET" || facts.scope.isShared) return;
    this.#endpoint = endpoint;
    const streamId = toStreamId(endpoint);
    if (streamId === undefined) return;
    const scope = toScope(this.#context, facts.opening.serverId, "stream", streamId);
    scope.openStreams = facts.scope.openStreams;
    facts.scope = moveTo(this.#context, facts.scope, scope);
  }

  #end(end: ExchangeEnd, atMs: number): void {
    this.#readRequest();
    this.#facts.ended = true;
    this.#responseMs ??= atMs;
    this.#conclude(end, this.#withoutEndpoint(this.#takeBody()));
    this.#release();
  }

  #takeBody(): BodyText {
    const bytes = this.#responseBytes;
    const flaw = this.#decoder?.flaw;
    if (flaw) return { text: `[${flaw.reason}]`, whole: false, garbled: flaw.garbled, bytes };
    const coding = this.#stream ? "" : this.#contentEncoding;
    return { ...takeText(this.#response, this.#contentType, coding), bytes };
  }

  /** Where a legacy stream told its client to post to: with a session in its path, a credential. */
  #withoutEndpoint(body: BodyText): BodyText {
    const endpoint = this.#endpoint;
    if (endpoint === "") return body;
    const shown = redactPath(endpoint, this.#context.seal);
    return { ...body, text: body.text.replace(endpoint, () => shown) };
  }

  #conclude(end: ExchangeEnd, body: BodyText): void {
    const first = this.#facts.resumes ?? this.#facts;
    first.retryMs = this.#stream?.retryMs || first.retryMs;
    concludeExchange(this.#context, this.#facts, this.#calls, {
      ...end,
      body,
      contentType: this.#contentType,
      streamed: this.#stream !== undefined,
      unfinished: this.#decoder?.flaw ? undefined : this.#stream?.takeRest(),
      resumable: this.#isResumed || (this.#stream?.seenIds ?? false),
      answeredMs: this.#responseMs ?? this.#facts.seenMs,
    });
  }

  #release(): void {
    this.#request.clear();
    this.#response.clear();
    this.#stream?.clear();
    this.#decoder?.close();
  }
}

function isIdentity(contentEncoding: string): boolean {
  return contentEncoding === "" || contentEncoding.toLowerCase() === "identity";
}

function sizeOf(message: Message, body: BodyText): number {
  return message.text.length === body.text.length ? body.bytes : Buffer.byteLength(message.text);
}
