/**
 * One exchange under way: the client's request to the upstream, the upstream's answer to the client.
 *
 * In and out: bytes, in the chunks and at the pace they come; a side that takes nothing stops the other. Holds
 * what the sockets' buffers hold, and no more. A side that breaks breaks the other: never is a cut answer
 * ended as if it were whole. The witness is shown what the upstream sent, also where the client reads another URL.
 */
import type { Dispatcher } from "undici";
import type { ExchangeOutcome, ExchangeWitness } from "../exchange.ts";
import type { InboundRequest, InboundResponse } from "../inbound.ts";
import { isPlainEventStream, toReason, toStrings } from "./answer-head.ts";
import { toFailure } from "./diagnosis.ts";
import type { Line } from "./dial.ts";
import { type Failure, failures } from "./failure.ts";
import { toClient } from "./headers.ts";
import { Intake, type IntakeSink, type KeptBytes } from "./intake.ts";
import {
  echoMaxBytes,
  echoWaitMs,
  lingerMs,
  readerStallMs,
  redirectBodyMaxBytes,
} from "./limits.ts";
import { type Durable, Outlet } from "./outlet.ts";
import type { Passage } from "./passage.ts";
import type { Upload } from "./upload.ts";

/** What an exchange needs from where it runs. */
export interface RelayOwner {
  readonly requestMaxBytes: number;
  readonly kept: KeptBytes;
  /** Absent: answers end when the upstream's do. */
  readonly durable?: Durable | undefined;
  /** Monotonic. */
  now(): number;
  /** To where the passage leads now. */
  dial(passage: Passage): Line | undefined;
  /** Called once, when the outcome is certain. */
  settled(relay: Relay, outcome: ExchangeOutcome, failure: Failure | undefined): void;
  /** Called once after `settled`, when nothing of the exchange is left. */
  gone(relay: Relay): void;
}

export class Relay implements IntakeSink, Dispatcher.DispatchHandler {
  responseBytes = 0;
  readonly #owner: RelayOwner;
  readonly #request: InboundRequest;
  readonly #witness: ExchangeWitness;
  readonly #intake: Intake;
  readonly #outlet: Outlet;
  #passage: Passage | undefined;
  #line: Line | undefined;
  /** Of the connection that answers now. */
  #controller: Dispatcher.DispatchController | undefined;
  #refusal: Failure | undefined;
  /** No answer has begun; one has; the outcome is certain; nothing is left. */
  #phase: "request" | "answer" | "settled" | "gone" = "request";
  #answerWhole = false;
  /** The witness knows how it ended. */
  #told = false;
  /** What comes is the body of a redirect that is followed; how much of it has come. */
  #redirectBytes = -1;
  /** Monotonic time of the last progress, whoever made it. */
  #movedAtMs: number;

  constructor(
    owner: RelayOwner,
    request: InboundRequest,
    response: InboundResponse,
    witness: ExchangeWitness,
  ) {
    this.#owner = owner;
    this.#request = request;
    this.#witness = witness;
    this.#intake = new Intake(request, witness, owner.kept);
    this.#outlet = new Outlet(request, response, () => this.#onDrain(), owner.durable);
    this.#movedAtMs = owner.now();
    response.on("close", () => this.#onClose());
  }

  get requestBytes(): number {
    return this.#intake.bytes;
  }

  /** Sends the request on to the upstream. */
  forward(passage: Passage): void {
    const line = this.#owner.dial(passage);
    if (line === undefined) {
      this.refuse(failures.tooManyConnections, passage.contentLength);
      return;
    }
    this.#passage = passage;
    this.#line = line;
    const limit = { maxBytes: this.#owner.requestMaxBytes, whole: false };
    this.#intake.read(passage.contentLength, limit, this);
  }

  /** Answers with a failure, once the request's id is known or proves not to be. */
  refuse(failure: Failure, contentLength: number): void {
    this.#refusal = failure;
    this.#intake.read(contentLength, { maxBytes: echoMaxBytes, whole: true }, this);
  }

  /** Ends what has waited for too long, but for a held end, whose wait is bounded. To be called about once a second. */
  checkDeadline(nowMs: number): void {
    if (this.#outlet.waits) return;
    const waitedMs = nowMs - this.#movedAtMs;
    if (this.#phase === "settled") {
      if (waitedMs > lingerMs) this.#request.socket.destroy();
    } else if (this.#refusal) {
      if (waitedMs > echoWaitMs) this.#fail(this.#refusal);
    } else if (this.#outlet.stalled || this.#answerWhole) {
      if (waitedMs > readerStallMs) this.#giveUpReader();
    } else if (this.#phase === "request" && this.#intake.arriving) {
      if (this.#intake.isTooSlow(nowMs)) this.#fail(failures.uploadStalled);
    } else if (this.#passage && waitedMs > this.#passage.idleTimeoutMs) {
      this.#fail(failures.idleTimeout);
    }
  }

  /** Ends an event stream that stands between two events, one that answers a call only `late`; false for everything else. */
  endBetweenEvents(failure: Failure, late: boolean): boolean {
    if (this.#phase !== "answer" || !this.#outlet.isBetweenEvents) return false;
    if (!late && this.#passage?.method !== "GET") return false;
    this.#settle(failure.outcome, failure.message, failure);
    this.#outlet.end(true);
    return true;
  }

  /** Ends the exchange now, whatever it is at. */
  end(failure: Failure): void {
    if (this.#outlet.waits) this.#outlet.endWaiting();
    else if (this.#phase === "settled") this.#request.socket.destroy();
    else this.#fail(failure);
  }

  onProgress(): void {
    this.#movedAtMs = this.#owner.now();
  }

  onExcess(failure: Failure): void {
    this.#fail(this.#refusal ?? failure);
  }

  onWhole(body: Buffer | null): void {
    if (this.#refusal) this.#fail(this.#refusal);
    else this.#dispatch(body);
  }

  onUpload(upload: Upload): void {
    this.#dispatch(upload);
  }

  #dispatch(body: Buffer | Upload | null): void {
    if (!this.#passage) return;
    const { method, path, headers } = this.#passage;
    this.#line?.dispatch({ method, path, headers, body, idempotent: false }, this);
  }

  onRequestStart(): void {}

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    _headers: unknown,
    statusText?: string,
  ): void {
    if (statusCode === 101) this.#fail(failures.unexpectedUpgrade);
    const passage = this.#passage;
    if (statusCode < 200 && passage?.mayWaitOn() === false) this.#fail(failures.malformed);
    // Other codes below 200 are no answer yet, and nothing the client has asked for (RFC 9110, 15.2).
    if (this.#phase !== "request" || statusCode < 200 || !passage) return;
    const raw = toStrings(controller.rawHeaders);
    this.#controller = controller;
    this.#movedAtMs = this.#owner.now();
    const redirects = statusCode > 300 && statusCode < 309;
    if (redirects && passage.follow(statusCode, raw, this.#intake.replayable)) {
      this.#redirectBytes = 0;
      return;
    }
    const { slug, method } = passage;
    const canHaveBody = statusCode !== 204 && statusCode !== 304;
    const headers = toClient(raw, slug, method === "GET" && canHaveBody, passage);
    // Throws on a field that must not be written; undici then ends the exchange with that error.
    this.#outlet.begin(statusCode, toReason(statusText ?? ""), headers);
    this.#phase = "answer";
    this.#intake.forget();
    if (isPlainEventStream(raw)) this.#outlet.expectEvents(passage.endpointFilter(statusCode, raw));
    this.#witness.head(statusCode, raw);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#redirectBytes !== -1) {
      this.#redirectBytes += chunk.length;
      if (this.#redirectBytes > redirectBodyMaxBytes) this.#fail(failures.malformed);
    }
    if (this.#phase !== "answer") return;
    this.responseBytes += chunk.length;
    this.#movedAtMs = this.#owner.now();
    this.#witness.response(chunk);
    if (!this.#outlet.write(chunk)) controller.pause();
    if (this.#outlet.refused) this.#fail(failures.foreignEndpoint);
  }

  #onDrain(): void {
    this.#movedAtMs = this.#owner.now();
    if (!this.#answerWhole && this.#phase === "answer") this.#controller?.resume();
  }

  onResponseEnd(): void {
    if (this.#phase === "request" && this.#redirectBytes !== -1) this.#goOn();
    if (this.#phase !== "answer") return;
    if (this.#line?.reset) {
      this.#fail(failures.cutShort);
      return;
    }
    this.#answerWhole = true;
    this.#movedAtMs = this.#owner.now();
    this.#line?.release();
    this.#line = undefined;
    // Only what has ended for the witness becomes durable; whether the client gets the end is not known yet.
    if (this.#owner.durable) this.#tellEnd("complete", "");
    this.#outlet.end();
    if (!this.#intake.whole) this.#intake.stop();
  }

  /** Sends the request again, to where the redirect leads. */
  #goOn(): void {
    const passage = this.#passage;
    this.#redirectBytes = -1;
    this.#line?.release();
    this.#line = passage && this.#owner.dial(passage);
    if (this.#line) this.#dispatch(this.#intake.replay());
    else this.#fail(failures.tooManyConnections);
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(toFailure(error, this.#phase === "answer"));
  }

  #onClose(): void {
    if (this.#phase === "gone") return;
    if (this.#phase !== "settled") {
      if (this.#answerWhole && this.#outlet.delivered) this.#settle("complete", "", undefined);
      else this.#settle("client_left", "the client closed the connection", undefined);
    }
    // The connection may live on, with the rest of the request still to come on it.
    this.#intake.whenOver(() => this.#leave());
  }

  #leave(): void {
    if (this.#phase === "gone") return;
    this.#phase = "gone";
    this.#intake.forget();
    this.#owner.gone(this);
  }

  #giveUpReader(): void {
    this.#settle("client_left", "the client stopped reading", undefined);
    this.#outlet.destroy();
  }

  /** Our own answer if none has begun, a broken connection otherwise. */
  #fail(failure: Failure): void {
    const phase = this.#phase;
    if (phase !== "request" && phase !== "answer") return;
    this.#abortUpstream();
    if (phase === "request") this.#answer(failure);
    this.#settle(failure.outcome, failure.message, failure);
    if (phase === "answer") this.#outlet.breakOff();
    else this.#outlet.end(failure.outcome === "refused");
  }

  #answer(failure: Failure): void {
    const { rawHeaders, body } = this.#outlet.answer(failure, this.#intake.echoId());
    this.#witness.head(failure.statusCode, rawHeaders);
    this.#witness.response(body);
  }

  #settle(outcome: ExchangeOutcome, reason: string, failure: Failure | undefined): void {
    this.#abortUpstream();
    this.#movedAtMs = this.#owner.now();
    this.#tellEnd(outcome, reason);
    this.#owner.settled(this, outcome, failure);
  }

  #tellEnd(outcome: ExchangeOutcome, reason: string): void {
    if (!this.#told) this.#witness.end({ outcome, reason });
    this.#told = true;
  }

  // The phase changes first: an abort makes undici report an error before it returns.
  #abortUpstream(): void {
    const line = this.#line;
    this.#phase = "settled";
    this.#line = undefined;
    line?.abort();
    this.#intake.stop();
  }
}
