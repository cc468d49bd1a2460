/**
 * One exchange under way: the client's request to the upstream, the upstream's answer to the client.
 *
 * In and out: bytes, in the chunks and at the pace they come; a side that takes nothing stops the other. Holds
 * what the sockets' buffers hold, and no more. A side that breaks breaks the other: never is a cut answer
 * ended as if it were whole.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Dispatcher } from "undici";
import type { ExchangeOutcome, ExchangeWitness } from "../exchange.ts";
import {
  isBetweenEvents,
  isPlainEventStream,
  tailAfter,
  toReason,
  toStrings,
} from "./answer-head.ts";
import type { Line } from "./dial.ts";
import { type Failure, failures, toAnswer, toFailure } from "./failure.ts";
import { toClient } from "./headers.ts";
import { Intake, type IntakeSink } from "./intake.ts";
import { echoMaxBytes, echoWaitMs, lingerMs, readerStallMs, uploadIdleMs } from "./limits.ts";
import type { Upload } from "./upload.ts";

/** What an exchange needs from where it runs. */
export interface RelayOwner {
  readonly requestMaxBytes: number;
  readonly upstreamIdleTimeoutMs: number;
  /** Monotonic. */
  now(): number;
  /** Called once, when the outcome is certain. */
  settled(relay: Relay, outcome: ExchangeOutcome, failure: Failure | undefined): void;
  /** Called once after `settled`, when nothing of the exchange is left. */
  gone(relay: Relay): void;
}

export interface RelayRoute {
  readonly slug: string;
  readonly method: string;
  /** The upstream's request target. */
  readonly path: string;
  /** The upstream's fields, without `Host`. */
  readonly headers: string[];
  /** -1 when there is none. */
  readonly contentLength: number;
}

export class Relay implements IntakeSink, Dispatcher.DispatchHandler {
  responseBytes = 0;
  readonly #owner: RelayOwner;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #witness: ExchangeWitness;
  readonly #intake: Intake;
  #route: RelayRoute | undefined;
  #line: Line | undefined;
  #refusal: Failure | undefined;
  /** No answer has begun; one has; the outcome is certain; nothing is left. */
  #phase: "request" | "answer" | "settled" | "gone" = "request";
  #answerWhole = false;
  #bodyBegun = false;
  /** The client does not read, so that the upstream must wait. */
  #readerStalled = false;
  /** Monotonic time of the last progress, whoever made it. */
  #movedAtMs: number;
  #isEventStream = false;
  #tail = 0;

  constructor(
    owner: RelayOwner,
    request: IncomingMessage,
    response: ServerResponse,
    witness: ExchangeWitness,
  ) {
    this.#owner = owner;
    this.#request = request;
    this.#response = response;
    this.#witness = witness;
    this.#intake = new Intake(request, witness);
    this.#movedAtMs = owner.now();
    response.on("close", () => this.#onClose());
  }

  get requestBytes(): number {
    return this.#intake.bytes;
  }

  /** Sends the request on to the upstream. */
  forward(route: RelayRoute, line: Line): void {
    this.#route = route;
    this.#line = line;
    const limit = { maxBytes: this.#owner.requestMaxBytes, whole: false };
    this.#intake.read(route.contentLength, limit, this);
  }

  /** Answers with a failure, once the request's id is known or proves not to be. */
  refuse(failure: Failure, contentLength: number): void {
    this.#refusal = failure;
    this.#intake.read(contentLength, { maxBytes: echoMaxBytes, whole: true }, this);
  }

  /** Ends what has waited for too long. To be called about once a second. */
  checkDeadline(nowMs: number): void {
    const waitedMs = nowMs - this.#movedAtMs;
    if (this.#phase === "settled") {
      if (waitedMs > lingerMs) this.#request.socket.destroy();
    } else if (this.#refusal) {
      if (waitedMs > echoWaitMs) this.#fail(this.#refusal);
    } else if (this.#readerStalled || this.#answerWhole) {
      if (waitedMs > readerStallMs) this.#giveUpReader();
    } else if (this.#phase === "request" && !this.#intake.whole && !this.#intake.stalled) {
      if (waitedMs > uploadIdleMs) this.#fail(failures.uploadStalled);
    } else if (this.#route?.method !== "GET" && waitedMs > this.#owner.upstreamIdleTimeoutMs) {
      this.#fail(failures.idleTimeout);
    }
  }

  /** Ends an event stream that stands between two events; false for everything else. */
  endBetweenEvents(failure: Failure): boolean {
    if (this.#phase !== "answer" || !this.#isEventStream) return false;
    if (!isBetweenEvents(this.#tail)) return false;
    this.#settle(failure.outcome, failure.message, failure);
    this.#response.end();
    return true;
  }

  /** Ends the exchange now, whatever it is at. */
  end(failure: Failure): void {
    if (this.#phase === "settled") this.#request.socket.destroy();
    else this.#fail(failure);
  }

  onProgress(): void {
    this.#movedAtMs = this.#owner.now();
  }

  onExcess(): void {
    this.#fail(this.#refusal ?? failures.bodyTooLarge);
  }

  onWhole(body: Buffer | null): void {
    if (this.#refusal) this.#fail(this.#refusal);
    else this.#dispatch(body);
  }

  onUpload(upload: Upload): void {
    this.#dispatch(upload);
  }

  #dispatch(body: Buffer | Upload | null): void {
    if (!this.#route) return;
    const { method, path, headers } = this.#route;
    this.#line?.dispatch({ method, path, headers, body, idempotent: false }, this);
  }

  onRequestStart(): void {}

  onResponseStart(
    { rawHeaders }: Dispatcher.DispatchController,
    statusCode: number,
    _headers: unknown,
    statusText?: string,
  ): void {
    if (statusCode === 101) this.#fail(failures.unexpectedUpgrade);
    // Other codes below 200 are no answer yet, and nothing the client has asked for (RFC 9110, 15.2).
    if (this.#phase !== "request" || statusCode < 200) return;
    const { slug = "", method = "" } = this.#route ?? {};
    const raw = toStrings(rawHeaders);
    const canHaveBody = statusCode !== 204 && statusCode !== 304;
    const headers = toClient(raw, slug, method === "GET" && canHaveBody);
    this.#response.sendDate = false;
    // Throws on a field that must not be written; undici then ends the exchange with that error.
    this.#response.writeHead(statusCode, toReason(statusText ?? ""), headers);
    this.#phase = "answer";
    this.#movedAtMs = this.#owner.now();
    this.#intake.forget();
    this.#isEventStream = isPlainEventStream(raw);
    this.#witness.head(statusCode, raw);
    process.nextTick(flushHead, this);
  }

  /** Sends the head by itself, unless the first bytes of the body came with it. */
  flushHead(): void {
    if (this.#phase !== "answer" || this.#bodyBegun || this.#answerWhole) return;
    this.#response.flushHeaders();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#phase !== "answer") return;
    this.#bodyBegun = true;
    this.responseBytes += chunk.length;
    this.#movedAtMs = this.#owner.now();
    this.#witness.response(chunk);
    if (this.#isEventStream) this.#tail = tailAfter(this.#tail, chunk);
    if (this.#response.write(chunk) || this.#readerStalled) return;
    this.#readerStalled = true;
    controller.pause();
    this.#response.once("drain", () => {
      this.#readerStalled = false;
      this.#movedAtMs = this.#owner.now();
      if (!this.#answerWhole) controller.resume();
    });
  }

  onResponseEnd(): void {
    if (this.#phase !== "answer") return;
    if (this.#line?.reset) {
      this.#fail(failures.cutShort);
      return;
    }
    this.#answerWhole = true;
    this.#movedAtMs = this.#owner.now();
    this.#line?.release();
    this.#line = undefined;
    this.#response.end();
    if (!this.#intake.whole) this.#intake.stop();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#fail(toFailure(error, this.#phase === "answer"));
  }

  #onClose(): void {
    if (this.#phase === "gone") return;
    if (this.#phase !== "settled") {
      const whole = this.#answerWhole && this.#response.writableFinished;
      if (whole) this.#settle("complete", "", undefined);
      else this.#settle("client_left", "the client closed the connection", undefined);
    }
    // The connection may live on, with the rest of the request still to come on it.
    this.#intake.whenOver(() => this.#leave());
  }

  #leave(): void {
    if (this.#phase === "gone") return;
    this.#phase = "gone";
    this.#owner.gone(this);
  }

  #giveUpReader(): void {
    this.#settle("client_left", "the client stopped reading", undefined);
    this.#response.destroy();
  }

  /** Our own answer if none has begun, a broken connection otherwise. */
  #fail(failure: Failure): void {
    const phase = this.#phase;
    if (phase !== "request" && phase !== "answer") return;
    this.#abortUpstream();
    if (phase === "request") this.#answer(failure);
    this.#settle(failure.outcome, failure.message, failure);
    if (phase === "answer") this.#breakOff();
  }

  #answer(failure: Failure): void {
    const { statusCode } = failure;
    const origin = this.#request.headers.origin;
    const { rawHeaders, body } = toAnswer(failure, this.#intake.echoId(), origin);
    this.#witness.head(statusCode, rawHeaders);
    this.#witness.response(body);
    this.#response.sendDate = false;
    this.#response.writeHead(statusCode, STATUS_CODES[statusCode] ?? "", rawHeaders);
    this.#response.end(body);
  }

  /** Lets out what was received, then ends the connection amid the message. */
  #breakOff(): void {
    const { socket } = this.#response;
    if (socket === null || this.#readerStalled) this.#response.destroy();
    // HTTP/1.0 ends a message by closing; only a reset tells that it was cut.
    else if (this.#request.httpVersionMinor === 0) socket.resetAndDestroy();
    else socket.destroySoon();
  }

  #settle(outcome: ExchangeOutcome, reason: string, failure: Failure | undefined): void {
    this.#abortUpstream();
    this.#movedAtMs = this.#owner.now();
    this.#witness.end({ outcome, reason });
    this.#owner.settled(this, outcome, failure);
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

function flushHead(relay: Relay): void {
  relay.flushHead();
}
