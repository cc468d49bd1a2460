/**
 * A connection of its own to one upstream, for what the host asks without a client: checks of connections.
 *
 * In: requests, one after another, to one origin. Out: the answers, bodies as they come, and how far the connection got.
 * Goes through the same door as the traffic of the proxy: the egress rule, checked when the connection is made. Bounds: one
 * connection, `connectTimeoutMs` to make it; all else is the caller's signal's.
 */
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { type buildConnector, Client } from "undici";
import { toFailure } from "./diagnosis.ts";
import type { Egress } from "./egress.ts";
import type { Failure } from "./failure.ts";
import { connectTimeoutMs, responseHeadMaxBytes } from "./limits.ts";

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
  readonly #client: Client;
  #secure: SecureFacts | undefined;

  /** `reached` is told of each stage once. */
  constructor(egress: Egress, origin: string, reached: (stage: ConnectionStage) => void) {
    const connect = egress.connector(origin, connectTimeoutMs);
    this.#client = new Client(origin, {
      connect: (options, callback) => this.#connect(connect, options, callback, reached),
      allowH2: false,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: responseHeadMaxBytes,
    });
  }

  /** Undefined without TLS. */
  get secure(): SecureFacts | undefined {
    return this.#secure;
  }

  /** Rejects when there is no answer; `toFailure` of this class says what it means. */
  async send({ method, path, headers, body, signal }: DirectRequest): Promise<DirectAnswer> {
    return this.#client.request({ method, path, headers, body: body ?? null, signal });
  }

  /** What an error of `send`, or of the reading of an answer, means. */
  static toFailure(cause: unknown, begun: boolean): Failure {
    return toFailure(cause instanceof Error ? cause : new Error(String(cause)), begun);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.destroy();
  }

  #connect(
    connect: buildConnector.connector,
    options: buildConnector.Options,
    callback: buildConnector.Callback,
    reached: (stage: ConnectionStage) => void,
  ): void {
    const opening: unknown = connect(options, (...outcome) => {
      const [, socket] = outcome;
      if (socket instanceof TLSSocket) this.#secure = factsOf(socket);
      if (socket) reached("secured");
      callback(...outcome);
    });
    // The connector gives the socket out at once, though its type does not say so; without it only `secured` is told.
    if (!(opening instanceof Socket)) return;
    opening.once("lookup", (error: Error | null) => {
      if (!error) reached("resolved");
    });
    opening.once("connect", () => reached("connected"));
  }
}

function factsOf(socket: TLSSocket): SecureFacts {
  const until = Date.parse(socket.getPeerCertificate().valid_to ?? "");
  return {
    protocol: socket.getProtocol() ?? "",
    validUntil: Number.isNaN(until) ? "" : new Date(until).toISOString(),
  };
}
