/**
 * One exchange under way: the client's request to the upstream, the upstream's answer to the client.
 *
 * In and out: bytes, in the chunks and at the pace they come; a side that takes nothing stops the other. Holds
 * what the sockets' buffers hold, and no more. A side that breaks breaks the other: never is a cut answer
 * ended as if it were whole. The witness is shown what the upstream sent, also where the client reads another URL.
 */
import type { ExchangeOutcome, ExchangeWitness } from "../exchange.ts";
import type { ResponseHead } from "../http/response-head.ts";
import type { InboundRequest, InboundResponse } from "../inbound.ts";
import { isPlainEventStream } from "./answer-head.ts";
import { toFailure } from "./diagnosis.ts";
import { type Failure, failures } from "./failure.ts";
import { toClient } from "./headers.ts";
import { Intake, type IntakeSink } from "./intake.ts";
import { Journey } from "./journey.ts";
import * as limits from "./limits.ts";
import type { Line, LineUser } from "./line.ts";
import { Outlet } from "./outlet.ts";
import type { Passage } from "./passage.ts";
import type { OpenRelay, RelayOwner } from "./relay-owner.ts";
import type { Upload } from "./upload.ts";

export class Relay implements IntakeSink, LineUser, OpenRelay {
  place = -1;
  responseBytes = 0;
  readonly journey: Journey;
  readonly teamId: string | undefined;
  readonly #owner: RelayOwner;
  readonly #request: InboundRequest;
  readonly #witness: ExchangeWitness;
  readonly #intake: Intake;
  readonly #outlet: Outlet;
  #passage: Passage | undefined;
  #line: Line | undefined;
  #refusal: Failure | undefined;
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
    teamId: string | undefined,
  ) {
    this.teamId = teamId;
    this.#owner = owner;
    this.#request = request;
    this.#witness = witness;
    this.#intake = new Intake(request, witness, owner.kept);
    this.#outlet = new Outlet(request, response, () => this.#onDrain(), owner.durable);
    this.#movedAtMs = owner.now();
    this.journey = new Journey(this.#movedAtMs, request.method === "GET");
    response.on("close", () => this.#onClose());
  }

  get borrows(): boolean {
    return this.#outlet.borrows;
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
    this.#intake.read(contentLength, { maxBytes: limits.echoMaxBytes, whole: true }, this);
  }

  /** Ends what has waited for too long, but for a held end, whose wait is bounded. To be called about once a second. */
  checkDeadline(nowMs: number): void {
    if (this.#outlet.waits) return;
    const waitedMs = nowMs - this.#movedAtMs;
    if (this.#phase === "settled") {
      if (waitedMs > limits.lingerMs) this.#request.socket.destroy();
    } else if (this.#refusal) {
      if (waitedMs > limits.echoWaitMs) this.#fail(this.#refusal);
    } else if (this.#outlet.stalled || this.#answerWhole) {
      if (waitedMs > limits.readerStallMs) this.#giveUpReader();
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
    const line = this.#line;
    if (!this.#passage || !line) return;
    const { method, path, headers, origin } = this.#passage;
    line.dispatch({ method, path, headers, body }, this);
    this.journey.depart(line.timings, origin, this.#movedAtMs, this.#owner.now());
  }

  onHead(head: ResponseHead): void {
    const passage = this.#passage;
    if (this.#phase !== "request" || !passage) return;
    const { statusCode, rawHeaders } = head;
    this.#movedAtMs = this.#owner.now();
    const redirects = statusCode > 300 && statusCode < 309;
    if (redirects && passage.follow(statusCode, rawHeaders, this.#intake.replayable)) {
      this.#redirectBytes = 0;
    } else this.#begin(head, passage);
  }

  #begin({ statusCode, reason, rawHeaders }: ResponseHead, passage: Passage): void {
    const { slug, method } = passage;
    const canHaveBody = statusCode !== 204 && statusCode !== 304;
    try {
      const headers = toClient(rawHeaders, slug, method === "GET" && canHaveBody, passage);
      this.#outlet.begin(statusCode, reason, headers);
    } catch (cause) {
      // Of a field that must not be written.
      this.#fail(toFailure(cause instanceof Error ? cause : new Error(String(cause)), false));
      return;
    }
    this.#phase = "answer";
    this.#intake.forget();
    if (isPlainEventStream(rawHeaders)) {
      this.#outlet.expectEvents(passage.endpointFilter(statusCode, rawHeaders));
    }
    this.journey.arrive(this.#witness, this.#owner.now());
    this.#witness.head(statusCode, rawHeaders);
  }

  onBody(piece: Buffer): void {
    if (this.#redirectBytes !== -1) {
      this.#redirectBytes += piece.length;
      if (this.#redirectBytes > limits.redirectBodyMaxBytes) this.#fail(failures.malformed);
    }
    if (this.#phase !== "answer") return;
    this.responseBytes += piece.length;
    this.#movedAtMs = this.#owner.now();
    this.#witness.response(piece);
    if (!this.#outlet.write(piece)) this.#line?.pause();
    if (this.#outlet.refused) this.#fail(failures.foreignEndpoint);
  }

  onPause(): void {
    if (this.#phase === "answer") this.#outlet.flush();
  }

  #onDrain(): void {
    this.#movedAtMs = this.#owner.now();
    if (!this.#answerWhole && this.#phase === "answer") this.#line?.resume();
  }

  onEnd(): void {
    if (this.#phase === "request" && this.#redirectBytes !== -1) this.#goOn();
    if (this.#phase !== "answer") return;
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

  onFailure(failure: Failure): void {
    this.#fail(failure);
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

  #abortUpstream(): void {
    const line = this.#line;
    this.journey.tell(this.#witness);
    this.#phase = "settled";
    this.#line = undefined;
    line?.abort();
    this.#intake.stop();
  }
}
