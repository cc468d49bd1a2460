/**
 * Requests that one thread has let in and another answers: what is not the data plane's goes from the threads beside
 * the main thread to the main thread.
 *
 * In: requests behind the guard. Out: the same, on a connection of its own each (`PortStream`), and the answer back.
 * Fields that concern one connection are left out on both ways. Bounds: those of the connection; a client that leaves
 * ends its request.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { MessageChannel, type MessagePort } from "node:worker_threads";
import { requestOver } from "./inner-line.ts";
import { edgeLimits } from "./limits.ts";
import type { Plane } from "./planes.ts";
import { PortStream } from "./port-stream.ts";

/** Hands the other end of a connection to the thread that answers. `address`: the client's. */
export type HandOver = (far: MessagePort, address: string | undefined) => void;

/** Answers requests by what the other thread says. */
export function carrying(handOver: HandOver): Plane {
  return (request, response) => {
    const { port1, port2 } = new MessageChannel();
    handOver(port2, request.socket.remoteAddress);
    const { method = "GET", url = "/", rawHeaders } = request;
    const headers = withoutConnection(rawHeaders);
    // Left out with the others; without it a body of unknown length would be none.
    if (request.headers["transfer-encoding"]) headers.push("Transfer-Encoding", "chunked");
    const asked = requestOver(new PortStream(port1), { method, path: url, headers });
    asked.once("response", (answer) => answerWith(answer, response));
    asked.once("error", () => response.destroy());
    response.once("close", () => asked.destroy());
    request.pipe(asked);
  };
}

function answerWith(answer: IncomingMessage, response: ServerResponse): void {
  response.sendDate = false;
  const headers = withoutConnection(answer.rawHeaders);
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", headers);
  // A stream may have nothing to say for long.
  response.flushHeaders();
  answer.once("error", () => response.destroy());
  answer.once("aborted", () => response.destroy());
  answer.pipe(response);
}

/** Answers what comes on the other ends. */
export class Carried {
  readonly #server: Server;

  constructor(plane: Plane) {
    this.#server = createServer({ maxHeaderSize: edgeLimits.headMaxBytes }, plane);
    this.#server.maxHeadersCount = 0;
  }

  take(far: MessagePort, address: string | undefined): void {
    this.#server.emit("connection", new PortStream(far, address));
  }
}

const ofConnection = new Set(
  "connection keep-alive proxy-connection transfer-encoding upgrade expect".split(" "),
);

function withoutConnection(rawHeaders: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (!ofConnection.has(name.toLowerCase())) kept.push(name, rawHeaders[at + 1] as string);
  }
  return kept;
}
