/**
 * How a server ends: soon, or without the loss of a request.
 *
 * Who closes a kept-alive connection races with the request that its client may be sending on it. So `retire` closes
 * none: from then on each answer tells its client that it is the connection's last (RFC 9112, 9.6), and a connection on
 * which another was promised stays until its client, told for how long, uses it no more. Bounds: `limits.ts`.
 */
import { once } from "node:events";
import type { Server } from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connections } from "./connections.ts";
import { lineOn } from "./ordinary-line.ts";

const lookIntervalMs = 50;

export class Closing {
  readonly #server: Server;
  readonly #connections: Connections;
  /** Clients use no connection that has been idle for longer; they are told less. */
  readonly #reuseMaxMs: number;
  /** Since when connections are idle whose clients may use them again, monotonic. */
  readonly #idleSinceMs = new Map<Socket, number>();
  #retiring = false;

  constructor(server: Server, connections: Connections, reuseMaxMs: number) {
    this.#server = server;
    this.#connections = connections;
    this.#reuseMaxMs = reuseMaxMs;
  }

  /** To be shown each response before its head is written. */
  begin(response: { shouldKeepAlive: boolean }): void {
    if (this.#retiring) response.shouldKeepAlive = false;
  }

  /** Goes on accepting. Resolves when no idle connection may be used again, or has been idle for too long to be. */
  async retire(): Promise<void> {
    this.#retiring = true;
    // Whoever connects from now on is promised nothing.
    const promised = new Set(this.#connections.open);
    for (const socket of promised) {
      const response = answerOn(socket);
      if (response && !response.headersSent) response.shouldKeepAlive = false;
    }
    const untilMs = performance.now() + this.#reuseMaxMs;
    while (performance.now() < untilMs) {
      const idle = this.#endIdle();
      if (!idle.some((socket) => promised.has(socket))) return;
      await sleep(lookIntervalMs);
    }
  }

  async close(graceMs: number): Promise<void> {
    const server = this.#server;
    if (!server.listening) return;
    const closed = once(server, "close");
    if (this.#retiring) this.#stopListening();
    else {
      server.close();
      this.#closeIdle();
      // To Node a connection is idle after its first request only; browsers and pools open some ahead of need.
      for (const socket of this.#connections.open) if (socket.bytesRead === 0) socket.destroy();
    }
    // A connection becomes idle when its last answer ends; Node does not look again by itself.
    const look = () => (this.#retiring ? this.#endIdle() : this.#closeIdle());
    const idle = setInterval(look, lookIntervalMs);
    const late = setTimeout(() => {
      for (const socket of this.#connections.open) socket.destroy();
    }, graceMs);
    await closed;
    clearInterval(idle);
    clearTimeout(late);
    // The server has closed before what waits on its last connections is told of their end.
    const ends = Array.from(
      this.#connections.open,
      (socket) => new Promise<unknown>((resolve) => socket.once("close", resolve)),
    );
    await Promise.all(ends);
    // Ends what Node has running for a server, which `#stopListening` leaves.
    if (this.#retiring) server.close();
  }

  /** As Node's `close` of an HTTP server, but for the idle connections, which that ends. */
  #stopListening(): void {
    NetServer.prototype.close.call(this.#server);
    for (const socket of this.#connections.open) {
      const response = answerOn(socket);
      // A stream ends with its connection: its client opens it anew, elsewhere.
      if (response?.headersSent && response.req.method === "GET")
        response.once("finish", () => socket.end());
    }
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections();
    for (const socket of this.#connections.open) {
      if (lineOn(socket)?.isIdle) socket.destroy();
    }
  }

  /** Ends connections that their clients no longer use; gives those that are idle and that they may. */
  #endIdle(): readonly Socket[] {
    const nowMs = performance.now();
    const left: Socket[] = [];
    for (const socket of this.#connections.open) {
      if (answerOn(socket) || socket.writableEnded) {
        this.#idleSinceMs.delete(socket);
        continue;
      }
      const sinceMs = this.#idleSinceMs.get(socket) ?? nowMs;
      this.#idleSinceMs.set(socket, sinceMs);
      if (nowMs - sinceMs < this.#reuseMaxMs) left.push(socket);
      else socket.destroySoon();
    }
    return left;
  }
}

/** An answer, whoever writes it. */
interface Answer {
  readonly headersSent: boolean;
  readonly req: { readonly method?: string | undefined };
  shouldKeepAlive: boolean;
  once(event: "finish", listener: () => void): unknown;
}

/** The answer that is under way on a connection. */
export function answerOn(socket: Duplex): Answer | undefined {
  const nodes = (socket as { _httpMessage?: Answer | null })._httpMessage;
  return nodes ?? lineOn(socket)?.response;
}
