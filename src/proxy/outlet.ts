/**
 * The client's side of an answer: a head and bytes of the upstream's, or one answer of our own.
 *
 * In: what is to be written. Out: the same on the client's connection, the head by itself if no body comes along
 * with it; a legacy `endpoint` event exchanged. Holds what the socket's buffers hold. An answer that is broken off
 * never ends as if it were whole. Told to, it lets an answer end only once its call is durable; nothing before the
 * end waits.
 */
import { STATUS_CODES } from "node:http";
import type { InboundRequest, InboundResponse } from "../inbound.ts";
import { bodyLength, isBetweenEvents, tailAfter } from "./answer-head.ts";
import type { EndpointFilter } from "./endpoint.ts";
import type { Failure } from "./failure.ts";
import { toAnswer } from "./failure-answer.ts";

/** Resolves when what was seen of all exchanges so far is durable, or was waited for long enough. Never rejects. */
export type Durable = () => Promise<void>;

export class Outlet {
  /** The client does not read, so that the upstream must wait. */
  stalled = false;
  readonly #request: InboundRequest;
  readonly #response: InboundResponse;
  readonly #onDrain: () => void;
  readonly #durable: Durable | undefined;
  /** Something was given, and may wait for what comes with it. */
  #isHeld = false;
  #isEventStream = false;
  #tail = 0;
  #filter: EndpointFilter | undefined;
  /** Bytes of the body up to its end, if that will have to wait and the client can tell where it is. */
  #restBytes = -1;
  /** Goes out with the end: nothing, the last byte, or an answer of our own. */
  #last: Uint8Array | undefined;
  #waits = false;

  /** `onDrain`: the client reads again, or is let read the end. With `durable` the end waits. */
  constructor(
    request: InboundRequest,
    response: InboundResponse,
    onDrain: () => void,
    durable: Durable | undefined,
  ) {
    this.#request = request;
    this.#response = response;
    this.#onDrain = onDrain;
    this.#durable = durable;
  }

  /** Nothing of what is written is held when `flush` returns. */
  get borrows(): boolean {
    return this.#response.gather !== undefined && this.#durable === undefined;
  }

  /** All but the end has been given to the client, and that is held until the call is durable. */
  get waits(): boolean {
    return this.#waits;
  }

  /** Everything that was given has left. */
  get delivered(): boolean {
    return this.#response.writableFinished;
  }

  /** Throws on a field that must not be written. */
  begin(statusCode: number, reason: string, headers: string[]): void {
    this.#response.sendDate = false;
    this.#response.writeHead(statusCode, reason, headers);
    this.#response.gather?.();
    if (this.#durable) this.#restBytes = bodyLength(this.#request.method, statusCode, headers);
    // A head that no body follows is the end.
    if (this.#restBytes === 0) return;
    this.#isHeld = true;
  }

  /** Sends what was given: nothing more came with it. */
  flush(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#response.flushHeaders();
  }

  /** The answer is a stream of events; the filter, if any, sees the first. */
  expectEvents(filter: EndpointFilter | undefined): void {
    this.#isEventStream = true;
    this.#filter = filter;
  }

  /** True when an event stream stands so that it could end. */
  get isBetweenEvents(): boolean {
    return this.#isEventStream && !this.#waits && isBetweenEvents(this.#tail);
  }

  /** What came last must not pass; the answer is to be broken off. */
  get refused(): boolean {
    return this.#filter?.refused === true;
  }

  /** False, once, when the client reads no more for now. */
  write(chunk: Buffer): boolean {
    if (!this.#isEventStream) return this.#send(chunk);
    this.#tail = tailAfter(this.#tail, chunk);
    if (!this.#filter) return this.#send(chunk);
    const passed = this.#filter.push(Buffer.from(chunk));
    if (this.#filter.over && !this.#filter.refused) this.#filter = undefined;
    return passed.length === 0 || this.#send(passed);
  }

  #send(chunk: Uint8Array): boolean {
    return this.#restBytes > 0 ? this.#sendButLast(chunk) : this.#pass(chunk);
  }

  #sendButLast(chunk: Uint8Array): boolean {
    this.#restBytes -= chunk.length;
    if (this.#restBytes > 0) return this.#pass(chunk);
    this.#last = chunk.subarray(-1);
    return chunk.length === 1 || this.#pass(chunk.subarray(0, -1));
  }

  #pass(chunk: Uint8Array): boolean {
    this.#isHeld = this.#response.gather !== undefined;
    if (this.#response.write(chunk) || this.stalled) return true;
    this.stalled = true;
    this.#response.once("drain", () => {
      this.stalled = false;
      this.#onDrain();
    });
    return false;
  }

  /** Once the call is durable, if need be; unless `now`. */
  end(now = false): void {
    const rest = this.#filter?.end();
    if (rest && rest.length > 0) this.#last = rest;
    if (this.#durable && !now) {
      this.#waits = true;
      this.flush();
      void this.#durable().then(() => this.endWaiting());
    } else this.#finish();
  }

  /** Lets out an end that waits, durable or not. */
  endWaiting(): void {
    if (!this.#waits || this.#response.destroyed) return;
    this.#onDrain();
    this.#finish();
  }

  #finish(): void {
    this.#waits = false;
    this.#isHeld = false;
    if (this.#last) this.#response.end(this.#last);
    else this.#response.end();
  }

  /** An answer of our own, to be ended; gives its head and its body. */
  answer(failure: Failure, idText: string): { rawHeaders: readonly string[]; body: Uint8Array } {
    const { statusCode } = failure;
    const { rawHeaders, body } = toAnswer(failure, idText, this.#request.headers.origin);
    this.#response.sendDate = false;
    this.#response.writeHead(statusCode, STATUS_CODES[statusCode] ?? "", rawHeaders);
    this.#last = body;
    return { rawHeaders, body };
  }

  /** Lets out what was received, then ends the connection amid the message. */
  breakOff(): void {
    // What came in this turn of the event loop may be waiting for its end.
    this.#response.flushHeaders();
    this.#isHeld = false;
    const { socket } = this.#response;
    if (socket === null || this.stalled) this.#response.destroy();
    // HTTP/1.0 ends a message by closing; only a reset tells that it was cut.
    else if (this.#request.httpVersionMinor === 0) socket.resetAndDestroy();
    else socket.destroySoon();
  }

  destroy(): void {
    this.#isHeld = false;
    this.#response.destroy();
  }
}
