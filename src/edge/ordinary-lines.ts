/**
 * The connections whose requests are read by us, from their first byte until one of them is not ordinary.
 *
 * In: new connections, and a look about once a second. Out: ordinary requests of the data plane to `handle`; all others to
 * Node's own server, those that are not ordinary with their connections, which answers them as if it had read them first.
 * Bounds: `limits.ts`.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { EdgeLimits } from "./limits.ts";
import { type BrokenCode, type LineOwner, OrdinaryLine } from "./ordinary-line.ts";
import type { OrdinaryRequest } from "./ordinary-request.ts";
import type { OrdinaryResponse } from "./ordinary-response.ts";
import type { RelayedRequest } from "./relayed-request.ts";

export interface OrdinaryLinesOptions {
  readonly limits: EdgeLimits;
  readonly handle: (request: OrdinaryRequest, response: OrdinaryResponse) => void;
  /** A request will not be read to its end: it is to be answered, unless its answer has begun, and its connection ended. */
  readonly broken: (code: BrokenCode, socket: Socket) => void;
}

export class OrdinaryLines implements LineOwner {
  readonly reuseMs: number;
  nowMs = performance.now();
  readonly #options: OrdinaryLinesOptions;
  readonly #lines = new Set<OrdinaryLine>();
  readonly #relayed = new WeakMap<Duplex, RelayedRequest>();
  /** Gives a connection to Node's server. */
  readonly #giveToNode: (socket: Duplex) => void;

  /** From now on the server's new connections are read here first. */
  constructor(server: Server, options: OrdinaryLinesOptions) {
    this.#options = options;
    const { reuseMaxMs, keepAliveTimeoutMs } = options.limits;
    this.reuseMs = Math.min(reuseMaxMs, keepAliveTimeoutMs);
    const own = server.listeners("connection");
    this.#giveToNode = (socket) => {
      for (const listener of own) listener.call(server, socket);
    };
    server.removeAllListeners("connection");
    server.on("connection", (socket) => this.#lines.add(new OrdinaryLine(socket, this)));
    server.on("request", (request, response) => {
      this.#relayed.get(request.socket)?.begin(request, response);
    });
  }

  handle(request: OrdinaryRequest, response: OrdinaryResponse): void {
    this.#options.handle(request, response);
  }

  relay(request: RelayedRequest): void {
    this.#relayed.set(request.socket, request);
    this.#giveToNode(request.socket);
  }

  handOver(line: OrdinaryLine, bytes: Buffer, ended: boolean): void {
    const { socket } = line;
    line.detach();
    this.#lines.delete(line);
    if (ended) {
      // Nothing can be put back before an end that has been read.
      this.#giveToNode(socket);
      socket.emit("data", bytes);
      socket.emit("end");
      return;
    }
    socket.pause();
    socket.unshift(bytes);
    this.#giveToNode(socket);
    socket.resume();
  }

  broken(line: OrdinaryLine, code: BrokenCode): void {
    this.#options.broken(code, line.socket);
  }

  gone(line: OrdinaryLine): void {
    this.#lines.delete(line);
  }

  /** Ends what has waited for too long. `nowMs` is monotonic. */
  check(nowMs: number): void {
    this.nowMs = nowMs;
    for (const line of this.#lines) {
      const { socket } = line;
      this.#checkWriting(line);
      if (!socket.writableEnded) this.#checkWaiting(line, nowMs - line.sinceMs);
    }
  }

  /** Something waits to leave: whether it moves only the socket's own timer knows. */
  #checkWriting(line: OrdinaryLine): void {
    const { socket } = line;
    const waits = socket.writableLength > 0 || socket.writableEnded;
    if (waits === line.isTimed) return;
    line.isTimed = waits;
    socket.setTimeout(waits ? this.#options.limits.writeStallMs : 0);
  }

  #checkWaiting(line: OrdinaryLine, waitedMs: number): void {
    const { limits } = this.#options;
    // Times are those of the look before.
    const isOver = (limitMs: number) => waitedMs > limitMs + limits.checkIntervalMs;
    const { waitsFor } = line;
    if (waitsFor === "idle") {
      if (isOver(limits.keepAliveTimeoutMs)) line.socket.destroy();
    } else if (waitsFor !== undefined) {
      const limitMs = waitsFor === "head" ? limits.headTimeoutMs : limits.requestTimeoutMs;
      if (isOver(limitMs)) this.broken(line, "ERR_HTTP_REQUEST_TIMEOUT");
    }
  }
}
