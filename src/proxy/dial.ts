/**
 * Connections to upstreams: a pool for each server, never shared, because what one server leaves on a
 * connection must not become another server's answer.
 *
 * In: a target. Out: a line, which is one HTTP/1.1 connection for one exchange at a time. Requests are
 * never queued and never sent twice: a connection carries no second request before the first is answered,
 * and undici sends a request again only while not a byte of it was written. Pools without a connection
 * do not exist, so that silent servers cost nothing.
 */
import type { Socket } from "node:net";
import { type buildConnector, Client } from "undici";
import type { Egress } from "./egress.ts";
import {
  connectionsPerServerMax,
  keepAliveDefaultMs,
  keepAliveMarginMs,
  keepAliveMaxMs,
  responseHeadMaxBytes,
  unsuspectedExchangesMax,
} from "./limits.ts";
import type { Target } from "./target.ts";

export interface DialOptions {
  readonly connectTimeoutMs: number;
  /** What we are called in `Via`, the same on every host of a fleet and nowhere else. */
  readonly via: string;
}

export class Dial {
  readonly #egress: Egress;
  readonly #options: DialOptions;
  /** By server. */
  readonly #pools = new Map<string, ServerPools>();

  constructor(egress: Egress, options: DialOptions) {
    this.#egress = egress;
    this.#options = options;
  }

  /**
   * A line to one of the target's origins: its own, or `https` of the same host if a redirect led there. The one
   * used last if any is idle. Undefined when the server has no room for more.
   */
  open(target: Target, origin: string = target.origin): Line | undefined {
    const { serverId } = target;
    const pools = this.#pools.get(serverId);
    if (pools !== undefined && pools.target !== target.origin) this.drop(serverId);
    const pool = pools?.target === target.origin ? pools.byOrigin.get(origin) : undefined;
    return this.#take(pool ?? this.#openPool(target, origin));
  }

  #take(pool: Pool): Line | undefined {
    const idle = pool.idle.pop();
    if (idle === undefined && pool.busy >= connectionsPerServerMax) return undefined;
    pool.busy += 1;
    return idle ?? new Line(pool);
  }

  #openPool({ serverId, origin: target }: Target, origin: string): Pool {
    let pools = this.#pools.get(serverId);
    if (pools === undefined) {
      pools = { target, byOrigin: new Map() };
      this.#pools.set(serverId, pools);
    }
    const { connectTimeoutMs, via } = this.#options;
    const connect = this.#egress.connector(origin, connectTimeoutMs);
    const pool: Pool = { origin, connect, via, idle: [], busy: 0, dropped: false };
    pools.byOrigin.set(origin, pool);
    return pool;
  }

  /** Idle connections close now, the others when their exchange has ended. */
  drop(serverId: string): void {
    const pools = this.#pools.get(serverId);
    if (pools === undefined) return;
    this.#pools.delete(serverId);
    for (const pool of pools.byOrigin.values()) {
      pool.dropped = true;
      for (const line of pool.idle.splice(0)) line.destroy();
    }
  }

  /** Forgets idle lines whose connection is gone, and pools that have none left. To be called now and then. */
  prune(): void {
    for (const [serverId, pools] of this.#pools) {
      for (const [origin, pool] of pools.byOrigin) {
        if (pool.idle.length > 0) {
          const stale = pool.idle.filter((line) => !line.connected);
          if (stale.length > 0) pool.idle = pool.idle.filter((line) => line.connected);
          for (const line of stale) line.destroy();
        }
        if (pool.idle.length === 0 && pool.busy === 0) pools.byOrigin.delete(origin);
      }
      if (pools.byOrigin.size === 0) this.#pools.delete(serverId);
    }
  }

  /** Ends every idle connection; lines in use are their users' to end. */
  close(): void {
    for (const serverId of [...this.#pools.keys()]) this.drop(serverId);
  }

  stats(): { readonly pools: number; readonly idleConnections: number } {
    let idleConnections = 0;
    for (const { byOrigin } of this.#pools.values()) {
      for (const pool of byOrigin.values()) idleConnections += pool.idle.length;
    }
    return { pools: this.#pools.size, idleConnections };
  }
}

interface ServerPools {
  /** The origin that the server had when these were opened. */
  readonly target: string;
  /** At most two. */
  readonly byOrigin: Map<string, Pool>;
}

interface Pool {
  readonly origin: string;
  readonly connect: buildConnector.connector;
  readonly via: string;
  /** Used last, last. */
  idle: Line[];
  /** Lines in use. */
  busy: number;
  dropped: boolean;
}

type Handler = Parameters<Client["dispatch"]>[1];
type Request = Omit<Parameters<Client["dispatch"]>[0], "headers"> & {
  /** Names and values alternating. */
  readonly headers: string[];
};

/** One connection, made when it is first needed and again when it was closed while idle. */
export class Line {
  readonly #pool: Pool;
  readonly #client: Client;
  #reset = false;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#client = new Client(pool.origin, {
      connect: (options, callback) => this.#connect(options, callback),
      allowH2: false,
      pipelining: 1,
      // Deadlines are the forwarder's.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: responseHeadMaxBytes,
      keepAliveTimeout: keepAliveDefaultMs,
      keepAliveMaxTimeout: keepAliveMaxMs,
      keepAliveTimeoutThreshold: keepAliveMarginMs,
    });
  }

  get connected(): boolean {
    return this.#client.stats.connected;
  }

  /**
   * True when the connection broke. An answer that ends with its connection cannot tell a break from its
   * end, and undici takes both for the end.
   */
  get reset(): boolean {
    return this.#reset;
  }

  /**
   * A request that comes back to us opens one more exchange each time round. So from some number on they are marked, and
   * a marked one that comes in is not sent out again (RFC 9110, 7.6.3). Below it nothing is: servers act on `Via`.
   */
  dispatch(request: Request, handler: Handler): void {
    const { busy, via } = this.#pool;
    const suspected = busy > unsuspectedExchangesMax;
    const headers = suspected ? [...request.headers, "Via", `1.1 ${via}`] : request.headers;
    this.#client.dispatch(suspected ? { ...request, headers } : request, handler);
  }

  /** After the answer's end: the connection may serve the next exchange. */
  release(): void {
    this.#pool.busy -= 1;
    if (this.#pool.dropped || this.#reset) this.destroy();
    else this.#pool.idle.push(this);
  }

  /** Amid an exchange: the upstream sees the connection close at once. */
  abort(): void {
    this.#pool.busy -= 1;
    this.destroy();
  }

  destroy(): void {
    this.#client.destroy(null, ignore);
  }

  #connect(options: buildConnector.Options, callback: buildConnector.Callback): void {
    this.#reset = false;
    this.#pool.connect(options, (...outcome) => {
      const [, socket] = outcome;
      if (socket) this.#observe(socket);
      callback(...outcome);
    });
  }

  // Registered before undici's own, so that it has run when the answer's end is told.
  #observe(socket: Socket): void {
    socket.once("error", () => {
      this.#reset = true;
    });
  }
}

function ignore(): void {}
