/**
 * HTTP to a plane of this very process, over no socket: requests that the host makes itself take the way that those of
 * clients take.
 *
 * In: requests, each with what the plane is to know of it. Out: the plane's answers, bodies as they come. Nobody else
 * can reach the line, so what it tells of a request needs no proof. Bounds: a connection for each request, gone with it.
 */
import assert from "node:assert/strict";
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as openRequest,
  type Server,
  type ServerResponse,
} from "node:http";
import { type Duplex, duplexPair } from "node:stream";
import { edgeLimits } from "./limits.ts";

export interface InnerRequest<Mark> {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly mark: Mark;
  /** Raised when nobody wants the answer any more. */
  readonly signal: AbortSignal;
}

export interface InnerAnswer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  /** Leaving the loop early ends the exchange. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** A request on a connection of its own; `headers` may be names and values alternating. */
export function requestOver(
  connection: Duplex,
  asked: { readonly method: string; readonly path: string; readonly headers: readonly string[] },
): ClientRequest {
  const { method, path, headers } = asked;
  const maxHeaderSize = edgeLimits.headMaxBytes;
  const createConnection = () => connection;
  return openRequest({ method, path, headers, maxHeaderSize, createConnection });
}

export class InnerLine<Mark> {
  readonly #server: Server;
  readonly #marks = new WeakMap<object, Mark>();

  constructor(handle: (request: IncomingMessage, response: ServerResponse, mark: Mark) => void) {
    this.#server = createServer((request, response) => {
      const mark = this.#marks.get(request.socket);
      assert(mark !== undefined, "a request came over a connection that nobody opened");
      handle(request, response, mark);
    });
  }

  /** Resolves with the head of the answer. Rejects when the plane breaks off before it, or with the signal's reason. */
  send(asked: InnerRequest<Mark>): Promise<InnerAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<InnerAnswer>();
    const { method, path, headers, body, signal } = asked;
    const createConnection = () => this.#connect(asked.mark);
    const request = openRequest({ method, path, headers, signal, createConnection });
    request.once("response", (response) => {
      resolve({ statusCode: response.statusCode ?? 0, headers: response.headers, body: response });
    });
    request.once("error", reject);
    request.end(body);
    return promise;
  }

  #connect(mark: Mark): Duplex {
    const [near, far] = duplexPair();
    // What the planes call of a socket to break an answer off; there is no buffer of a kernel to be emptied first.
    const breaking = { destroySoon: () => far.end(), resetAndDestroy: () => far.destroy() };
    const socket = Object.assign(far, breaking);
    this.#marks.set(socket, mark);
    this.#server.emit("connection", socket);
    return near;
  }
}
