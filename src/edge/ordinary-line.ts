/**
 * A connection whose requests are ordinary so far: told apart here, one after the other, and answered here if they are the
 * data plane's.
 *
 * In: the bytes of a socket. Out: requests to the owner; or the connection, with the bytes of its next request, as soon
 * as that is not ordinary. Bounds: a head, a body's held bytes, and what a client sends ahead of its answer.
 */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { readMemory } from "../blocks.ts";
import { mayReadOn } from "../fair-reads.ts";
import { borrowReads, ownReads } from "./borrowed-reads.ts";
import { type OrdinaryHead, readOrdinaryHead } from "./ordinary-head.ts";
import { OrdinaryRequest } from "./ordinary-request.ts";
import { OrdinaryResponse, type ResponseOwner } from "./ordinary-response.ts";
import { RelayedRequest } from "./relayed-request.ts";

/** As Node tells them of its own connections. */
export type BrokenCode =
  | "HPE_INVALID_EOF_STATE"
  | "HPE_CLOSED_CONNECTION"
  | "ERR_HTTP_REQUEST_TIMEOUT";

export interface LineOwner {
  /** How long clients are told that an idle connection may be used again. */
  readonly reuseMs: number;
  /** Monotonic, of the last look at all connections. */
  readonly nowMs: number;
  handle(request: OrdinaryRequest, response: OrdinaryResponse): void;
  /** Node is to read and to answer it. */
  relay(request: RelayedRequest): void;
  /** From here on the connection is Node's. `ended`: the client has closed its half. */
  handOver(line: OrdinaryLine, bytes: Buffer, ended: boolean): void;
  /** A request will not be read to its end. */
  broken(line: OrdinaryLine, code: BrokenCode): void;
  gone(line: OrdinaryLine): void;
}

/** Pieces that a head may come in. */
const headPiecesMax = 4;
/** What a client may send ahead before it has to wait. */
const aheadMaxBytes = 65_536;

export class OrdinaryLine implements ResponseOwner {
  readonly socket: Socket;
  readonly reuseMs: number;
  /** Since when it waits for a request, or for the rest of one. */
  sinceMs: number;
  /** The socket has a timer of its own, because something waits in it. */
  isTimed = false;
  readonly #owner: LineOwner;
  /** What is read must be used up, or copied, at once. */
  readonly #borrows: boolean;
  #request: OrdinaryRequest | RelayedRequest | undefined;
  /** Of a relayed request itself. */
  #response: OrdinaryResponse | RelayedRequest | undefined;
  /** The beginning of a head, or what came ahead. */
  #ahead: Buffer | undefined;
  #headPieces = 0;
  #isUsed = false;
  /** The client has not said that the request is its last. */
  #keepsAlive = true;

  constructor(socket: Socket, owner: LineOwner) {
    this.socket = socket;
    this.#owner = owner;
    this.reuseMs = owner.reuseMs;
    this.sinceMs = owner.nowMs;
    (socket as LinedSocket)[lineOf] = this;
    this.#borrows = borrowReads(socket, onRead);
    if (!this.#borrows) socket.on("data", onData);
    socket.on("end", onEnd).on("drain", onDrain);
    socket.on("error", onError).on("close", onClose).on("timeout", onTimeout);
  }

  /** Nothing has begun, nor come. */
  get isIdle(): boolean {
    return this.#request === undefined && this.#ahead === undefined;
  }

  /** What it waits for, as far as waiting has an end here: `head` from the first, `idle` between two requests. */
  get waitsFor(): "head" | "body" | "idle" | undefined {
    const request = this.#request;
    // Node looks after those that it reads.
    if (request instanceof RelayedRequest) return undefined;
    if (request !== undefined) return request.complete ? undefined : "body";
    return this.#ahead === undefined && this.#isUsed ? "idle" : "head";
  }

  /** The answer under way. */
  get response(): OrdinaryResponse | ServerResponse | undefined {
    const response = this.#response;
    return response instanceof RelayedRequest ? response.answer : response;
  }

  /** Gives the socket up. */
  detach(): void {
    const { socket } = this;
    (socket as LinedSocket)[lineOf] = undefined;
    if (this.#borrows) ownReads(socket);
    else socket.off("data", onData);
    socket.off("end", onEnd).off("drain", onDrain);
    socket.off("error", onError).off("close", onClose).off("timeout", onTimeout);
    if (this.isTimed) socket.setTimeout(0);
  }

  answered(isLast: boolean): void {
    this.#response = undefined;
    const request = this.#request;
    if (isLast) this.socket.destroySoon();
    else if (request instanceof OrdinaryRequest && !request.complete && !request.isRead)
      request.resume();
    this.#next();
  }

  take(chunk: Buffer): void {
    // It was told that nothing more is taken.
    if (this.socket.writableEnded) return;
    const request = this.#request;
    if (request === undefined) {
      this.#headPieces += 1;
      if (this.#ahead) this.#serve(Buffer.concat([this.#ahead, chunk]), false);
      else this.#serve(chunk, this.#borrows);
      return;
    }
    const taken = request.complete ? 0 : request.take(chunk, this.#borrows);
    if (taken < chunk.length) this.#keepAhead(taken === 0 ? chunk : chunk.subarray(taken));
    this.#next();
  }

  #keepAhead(bytes: Buffer): void {
    if (!this.#keepsAlive) {
      this.#owner.broken(this, "HPE_CLOSED_CONNECTION");
      return;
    }
    this.#ahead = this.#ahead ? Buffer.concat([this.#ahead, bytes]) : own(bytes, this.#borrows);
    if (this.#ahead.length > aheadMaxBytes) this.socket.pause();
  }

  /** Goes on to the next request, once this one has come and is answered. */
  #next(): void {
    if (this.#response !== undefined || this.#request?.complete === false) return;
    if (this.#request === undefined || this.socket.writableEnded) return;
    this.#request = undefined;
    this.sinceMs = this.#owner.nowMs;
    if (this.#ahead !== undefined) {
      this.#headPieces = 1;
      if (this.socket.isPaused()) this.socket.resume();
      this.#serve(this.#ahead, false);
    }
  }

  /** All that has come of a request. */
  #serve(bytes: Buffer, isBorrowed: boolean): void {
    if (this.socket.destroyed) return;
    const head = readOrdinaryHead(bytes);
    if (head === "incomplete" && this.#headPieces < headPiecesMax) {
      this.#ahead = own(bytes, isBorrowed);
      // The time for a head that follows a request begins with its first byte.
      if (this.#isUsed && this.#headPieces === 1) this.sinceMs = this.#owner.nowMs;
      return;
    }
    // Requests that are sent ahead together are Node's: it judges them all before it answers the first.
    if (typeof head === "string" || bytes.length > head.headBytes + head.bodyBytes) {
      this.#owner.handOver(this, own(bytes, isBorrowed), false);
      return;
    }
    this.#isUsed = true;
    this.#headPieces = 0;
    this.sinceMs = this.#owner.nowMs;
    this.#keepsAlive = head.keepsAlive;
    this.#ahead = undefined;
    if (!head.isOurs) this.#relay(head, own(bytes, isBorrowed));
    else this.#answer(head, bytes, isBorrowed);
  }

  #answer(head: OrdinaryHead, bytes: Buffer, isBorrowed: boolean): void {
    const request = new OrdinaryRequest(head, this.socket, this.#borrows);
    const response = new OrdinaryResponse(request, this, head.keepsAlive);
    this.#request = request;
    this.#response = response;
    if (bytes.length > head.headBytes) request.take(bytes.subarray(head.headBytes), isBorrowed);
    this.#owner.handle(request, response);
    request.begin();
  }

  #relay({ headBytes, bodyBytes }: OrdinaryHead, bytes: Buffer): void {
    const request = new RelayedRequest(this, bytes, headBytes + bodyBytes - bytes.length);
    this.#request = request;
    this.#response = request;
    this.#owner.relay(request);
  }

  ended(): void {
    const request = this.#request;
    if (request === undefined && this.#ahead !== undefined) {
      this.#owner.handOver(this, this.#ahead, true);
    } else if (request instanceof RelayedRequest) request.ended();
    else if (request?.complete === false) {
      this.#owner.broken(this, "HPE_INVALID_EOF_STATE");
      // Node ends the connection of a client that has half closed it, whatever it waits for.
    } else this.socket.end();
  }

  drained(): void {
    this.#response?.drained();
  }

  closed(): void {
    this.#response?.closed();
    this.#request?.close();
    this.#owner.gone(this);
  }

  timedOut(): void {
    const { writableLength, writableEnded } = this.socket;
    if (this.#response === undefined || writableLength > 0 || writableEnded) this.socket.destroy();
  }
}

function own(bytes: Buffer, isBorrowed: boolean): Buffer {
  return isBorrowed ? Buffer.from(bytes) : bytes;
}

const lineOf = Symbol("line");
interface LinedSocket extends Socket {
  [lineOf]?: OrdinaryLine | undefined;
}

/** What reads a connection, as long as its requests are ordinary. */
export function lineOn(socket: Duplex): OrdinaryLine | undefined {
  return (socket as Duplex & { [lineOf]?: OrdinaryLine })[lineOf];
}

// One of each for all connections: a stream that is idle must not cost six closures.
function onData(this: Socket, chunk: Buffer): void {
  (this as LinedSocket)[lineOf]?.take(chunk);
}

function onRead(this: Socket, bytesRead: number): boolean {
  (this as LinedSocket)[lineOf]?.take(readMemory.subarray(0, bytesRead));
  return mayReadOn(this, bytesRead);
}

function onEnd(this: Socket): void {
  (this as LinedSocket)[lineOf]?.ended();
}

function onDrain(this: Socket): void {
  (this as LinedSocket)[lineOf]?.drained();
}

function onError(this: Socket): void {
  this.destroy();
}

function onClose(this: Socket): void {
  (this as LinedSocket)[lineOf]?.closed();
}

function onTimeout(this: Socket): void {
  (this as LinedSocket)[lineOf]?.timedOut();
}
