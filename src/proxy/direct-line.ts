/**
 * A connection of its own to one upstream, for what the host asks without a client: checks of connections.
 *
 * In: requests, one after another, to one origin. Out: the answers, bodies as they come, and how far the connection got.
 * Goes through the same door as the traffic of the proxy: the egress rule, checked when the connection is made. Bounds: one
 * connection, `connectTimeoutMs` to make it; all else is the caller's signal's.
 */
import { Readable } from "node:stream";
import { TLSSocket } from "node:tls";
import { systemClock } from "../clock.ts";
import type { ResponseHead } from "../http/response-head.ts";
import { toFailure } from "./diagnosis.ts";
import type { Connector, Egress } from "./egress.ts";
import type { Failure } from "./failure.ts";
import { connectTimeoutMs } from "./limits.ts";
import { Line, type LineOwner, type LineUser } from "./line.ts";

/** How far a connection got: its name has addresses; one of them accepted; TLS stands, where there is to be any. */
export type ConnectionStage = "resolved" | "connected" | "secured";

/** What was agreed on, for people. */
export interface SecureFacts {
  /** `TLSv1.3` */
  readonly protocol: string;
  /** When the certificate expires, ISO 8601; empty when it does not say. */
  readonly validUntil: string;
}

export interface DirectRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface DirectAnswer {
  readonly statusCode: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Leaving the loop early ends the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

export class DirectLine implements AsyncDisposable {
  readonly #owner: LineOwner;
  #line: Line;
  #isBusy = false;
  #secure: SecureFacts | undefined;

  /** `reached` is told of each stage once. */
  constructor(egress: Egress, origin: string, reached: (stage: ConnectionStage) => void) {
    const connect = egress.connector(origin, connectTimeoutMs);
    this.#owner = {
      origin: new URL(origin),
      connect: (to, told) => this.#connect(connect, to, told, reached),
      now: () => systemClock.monotonicMs(),
      via: () => "",
      released: () => {},
    };
    this.#line = new Line(this.#owner);
  }

  /** Undefined without TLS. */
  get secure(): SecureFacts | undefined {
    return this.#secure;
  }

  /**
   * Rejects when there is no answer; `toFailure` of this class says what it means. An answer whose body was not read to its
   * end is given up.
   */
  async send({ method, path, headers, body, signal }: DirectRequest): Promise<DirectAnswer> {
    signal.throwIfAborted();
    if (this.#isBusy) this.#line.destroy();
    const nowMs = this.#owner.now();
    if (this.#isBusy || !this.#line.isFresh(nowMs)) this.#line = new Line(this.#owner);
    this.#isBusy = true;
    const line = this.#line;
    const answer = new Answer(line, () => {
      if (line === this.#line) this.#isBusy = false;
    });
    const abort = () => answer.giveUp(signal.reason);
    signal.addEventListener("abort", abort);
    answer.body.once("close", () => signal.removeEventListener("abort", abort));
    const fields = Object.entries(headers).flat();
    line.dispatch(
      { method, path, headers: fields, body: body === undefined ? null : Buffer.from(body) },
      answer,
    );
    return answer.head;
  }

  /** What an error of `send`, or of the reading of an answer, means. */
  static toFailure(cause: unknown, begun: boolean): Failure {
    if (cause instanceof BrokenLine) return cause.failure;
    return toFailure(cause instanceof Error ? cause : new Error(String(cause)), begun);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#line.destroy();
  }

  #connect(
    connect: Connector,
    to: Parameters<Connector>[0],
    told: Parameters<Connector>[1],
    reached: (stage: ConnectionStage) => void,
  ): ReturnType<Connector> {
    const opening = connect(to, (...outcome) => {
      const [, socket] = outcome;
      if (socket instanceof TLSSocket) this.#secure = factsOf(socket);
      if (socket) reached("secured");
      told(...outcome);
    });
    opening?.once("lookup", (error: Error | null) => {
      if (!error) reached("resolved");
    });
    opening?.once("connect", () => reached("connected"));
    return opening;
  }
}

class BrokenLine extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** One answer, on its way to whoever reads its body. */
class Answer implements LineUser {
  readonly head: Promise<DirectAnswer>;
  readonly body: Readable;
  readonly #line: Line;
  readonly #tell: (answer: DirectAnswer) => void;
  readonly #refuse: (cause: unknown) => void;
  readonly #ended: () => void;
  #isOver = false;

  constructor(line: Line, ended: () => void) {
    const { promise, resolve, reject } = Promise.withResolvers<DirectAnswer>();
    this.head = promise;
    this.#tell = resolve;
    this.#refuse = reject;
    this.#line = line;
    this.#ended = ended;
    this.body = new Readable({
      read: () => {
        if (!this.#isOver) line.resume();
      },
      // Of a reader that leaves early, too.
      destroy: (error, done) => {
        if (!this.#isOver) line.destroy();
        done(error);
      },
    });
    // Whoever reads is told; nobody else needs to be.
    this.body.on("error", () => {});
  }

  onHead({ statusCode, rawHeaders }: ResponseHead): void {
    this.#tell({ statusCode, headers: byLowerName(rawHeaders), body: this.body });
  }

  onBody(piece: Buffer): void {
    if (!this.body.push(piece)) this.#line.pause();
  }

  onEnd(): void {
    this.#isOver = true;
    this.#ended();
    this.body.push(null);
  }

  onFailure(failure: Failure): void {
    this.giveUp(new BrokenLine(failure));
  }

  giveUp(cause: unknown): void {
    this.#refuse(cause);
    this.body.destroy(cause instanceof Error ? cause : new Error(String(cause)));
  }
}

function byLowerName(rawHeaders: readonly string[]): DirectAnswer["headers"] {
  const headers: Record<string, string[]> = Object.create(null);
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? "").toLowerCase();
    headers[name] ??= [];
    headers[name].push(rawHeaders[at + 1] ?? "");
  }
  return headers;
}

function factsOf(socket: TLSSocket): SecureFacts {
  const until = Date.parse(socket.getPeerCertificate().valid_to ?? "");
  return {
    protocol: socket.getProtocol() ?? "",
    validUntil: Number.isNaN(until) ? "" : new Date(until).toISOString(),
  };
}
