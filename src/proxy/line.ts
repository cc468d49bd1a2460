/**
 * One HTTP/1.1 connection to an upstream, for one exchange at a time; made when it is first needed, and again when it was
 * closed while idle.
 *
 * In: a request. Out: the answer as it comes, or why there is none: exactly one of `onEnd` and `onFailure`, last, unless the
 * line is destroyed before. Requests are never queued and never sent twice: once a byte may have been written, a connection
 * that breaks is a failure. What comes on a connection when nothing was asked closes it. Reads as strictly as `src/http`.
 * Bounds: `limits.ts`. Deadlines are the user's.
 */
import type { Socket } from "node:net";
import type { LineTimings } from "../exchange.ts";
import { AnswerReader, type AnswerSink } from "./answer-reader.ts";
import { takeBorrowed } from "./borrowed.ts";
import { sendSoon } from "./check-phase.ts";
import { toFailure } from "./diagnosis.ts";
import type { Connector } from "./egress.ts";
import { type Failure, failures } from "./failure.ts";
import { type GrowingTimings, untimed } from "./line-timings.ts";
import { OutgoingBody, sendWhole } from "./outgoing-body.ts";
import { type LineRequest, requestHead } from "./request-head.ts";

/** Where lines lead, and whose they are. */
export interface LineOwner {
  readonly origin: URL;
  readonly connect: Connector;
  /** Monotonic milliseconds. */
  now(): number;
  /** What to add to the fields of the next request as `Via`; empty for nothing. */
  via(): string;
  /** The line serves nobody any more. It has no connection when that must not be used again. */
  released(line: Line): void;
}

/** Who is answered. Nothing it does may throw. */
export interface LineUser extends AnswerSink {
  /** What it is told of must not stay as it is when it has been told. */
  readonly borrows?: boolean;
  /** Nothing more came together with what was told last. */
  onPause?(): void;
  onEnd(): void;
  onFailure(failure: Failure): void;
}

export class Line {
  readonly #owner: LineOwner;
  /** With the port, if it is not the scheme's own. */
  readonly #host: string;
  readonly #answer = new AnswerReader();
  #socket: Socket | undefined;
  /** A connection that does not stand yet. */
  #opening: Socket | undefined;
  #destroyed = false;
  /** Not sent yet. */
  #request: LineRequest | undefined;
  #via = "";
  /** Of the exchange under way. */
  #user: LineUser | undefined;
  #outgoing: OutgoingBody | undefined;
  /** The request has gone out, or has begun to, and the answer is not whole. */
  #isAsking = false;
  /** The connection may be used again as far as the request is concerned. */
  #persistent = false;
  #paused = false;
  #freshUntilMs = 0;
  #timings: GrowingTimings = untimed();

  constructor(owner: LineOwner) {
    this.#owner = owner;
    this.#host = owner.origin.host;
  }

  /** There is a connection. */
  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** There is a connection, and it is not too old for another exchange. */
  isFresh(nowMs: number): boolean {
    return this.#socket !== undefined && nowMs < this.#freshUntilMs;
  }

  /** Of the exchange that was begun last; an object of its own, which grows while that runs. */
  get timings(): LineTimings {
    return this.#timings;
  }

  /** Begins an exchange; the one before has ended. */
  dispatch(request: LineRequest, user: LineUser): void {
    this.#request = request;
    this.#user = user;
    this.#via = this.#owner.via();
    this.#timings = untimed();
    // What has already come on the connection, its end above all, is read before anything is written.
    if (this.#socket) sendSoon(this);
    else this.#connect();
  }

  /** Nothing more of the answer, for now. What has been read is given all the same. */
  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket?.resume();
  }

  /** After the answer's end: the connection may serve the next exchange. */
  release(): void {
    this.#owner.released(this);
  }

  /** Amid an exchange: the upstream sees the connection close at once, the user is told nothing. */
  abort(): void {
    this.destroy();
    this.#owner.released(this);
  }

  destroy(): void {
    this.#destroyed = true;
    this.#user = undefined;
    this.#opening?.destroy();
    this.#close();
  }

  /** In a check phase. */
  sendWaiting(): void {
    if (this.#request === undefined) return;
    if (this.#socket) this.#send(this.#socket);
    else this.#connect();
  }

  #connect(): void {
    const owner = this.#owner;
    const { origin, connect } = owner;
    const timings = this.#timings;
    timings.connectBeganAtMs = owner.now();
    const { host, hostname, protocol, port } = origin;
    const bare = hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
    const opening = connect({ host, hostname: bare, protocol, port }, (error, socket) => {
      this.#opening = undefined;
      if (this.#destroyed) socket?.destroy();
      else if (socket === null) this.#fail(toFailure(error, false));
      else {
        timings.connectedAtMs ??= owner.now();
        if (protocol === "https:") timings.securedAtMs = owner.now();
        this.#adopt(socket);
        this.sendWaiting();
      }
    });
    if (opening === undefined || opening === this.#socket || this.#destroyed) return;
    this.#opening = opening;
    opening.once("lookup", () => {
      timings.resolvedAtMs ??= owner.now();
    });
    opening.once("connect", () => {
      timings.connectedAtMs ??= owner.now();
    });
  }

  #adopt(socket: Socket): void {
    this.#socket = socket;
    // A socket that was let go may still have some in its buffer.
    socket.on("data", (chunk: Buffer) => {
      if (socket === this.#socket) this.#onData(chunk);
    });
    takeBorrowed(socket, (bytes) => {
      if (socket === this.#socket) this.#onData(this.#user?.borrows ? bytes : Buffer.from(bytes));
    });
    socket.on("drain", () => this.#outgoing?.resume());
    socket.once("end", () => this.#onEnd(socket));
    socket.once("error", (error) => this.#onError(socket, error));
    socket.once("close", () => this.#onClose(socket));
  }

  #send(socket: Socket): void {
    const request = this.#request;
    if (!request) return;
    this.#request = undefined;
    const head = requestHead(request, this.#host, this.#via);
    if (!head) {
      this.#fail(failures.badRequest);
      return;
    }
    const { body, method } = request;
    if (this.#user) this.#answer.begin(method, this.#user);
    this.#isAsking = true;
    this.#persistent = head.persistent;
    if (body === null) socket.write(head.text, "latin1");
    else if (Buffer.isBuffer(body)) sendWhole(socket, head.text, body);
    else {
      const mismatch = () => this.#fail(failures.badRequest);
      this.#outgoing = new OutgoingBody(socket, body, head.bodyBytes, mismatch);
      socket.cork();
      socket.write(head.text, "latin1");
      this.#outgoing.start();
      socket.uncork();
    }
    this.#timings.requestSentAtMs = this.#owner.now();
  }

  #onData(chunk: Buffer): void {
    if (!this.#isAsking) {
      this.#disconnect();
      return;
    }
    this.#timings.firstByteAtMs ??= this.#owner.now();
    const state = this.#answer.read(chunk);
    if (typeof state === "object") this.#fail(state);
    else if (state === "whole" || state === "excess") this.#finish(state === "whole");
    else this.#user?.onPause?.();
  }

  /** The answer is whole. */
  #finish(clean: boolean): void {
    const user = this.#user;
    const sent = this.#outgoing === undefined || this.#outgoing.whole;
    const { idleMs } = this.#answer;
    this.#rest();
    if (!clean || !sent || !this.#persistent || idleMs === 0) this.#disconnect();
    else {
      this.#freshUntilMs = this.#owner.now() + idleMs;
      // Or else its end would not be seen.
      if (this.#paused) this.resume();
    }
    user?.onEnd();
  }

  #fail(failure: Failure): void {
    const user = this.#user;
    this.#close();
    user?.onFailure(failure);
  }

  /** Nothing is under way. */
  #rest(): void {
    this.#user = undefined;
    this.#request = undefined;
    this.#outgoing?.stop();
    this.#outgoing = undefined;
    this.#isAsking = false;
    this.#answer.stop();
  }

  #close(): void {
    this.#rest();
    this.#disconnect();
  }

  #disconnect(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#paused = false;
    socket?.destroy();
  }

  #onEnd(socket: Socket): void {
    if (socket !== this.#socket) return;
    if (this.#answer.endsWithConnection) this.#finish(true);
    else this.#broken(this.#answer.begun ? failures.cutShort : failures.reset);
  }

  #onError(socket: Socket, error: Error): void {
    if (socket !== this.#socket) return;
    // What came before it and waits for its reader.
    for (let rest: unknown = socket.read(); rest !== null; rest = socket.read()) {
      if (Buffer.isBuffer(rest) && socket === this.#socket) this.#onData(rest);
    }
    if (socket === this.#socket) this.#broken(toFailure(error, this.#answer.begun));
  }

  #onClose(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#broken(this.#answer.begun ? failures.cutShort : failures.reset);
  }

  /** A request of which nothing was sent goes out on another connection. */
  #broken(failure: Failure): void {
    if (this.#isAsking) this.#fail(failure);
    else this.#disconnect();
  }
}
