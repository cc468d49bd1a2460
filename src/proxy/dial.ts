/**
 * Connections to upstreams: a pool for each server, never shared, because what one server leaves on a
 * connection must not become another server's answer.
 *
 * In: a target. Out: a line, which is one HTTP/1.1 connection for one exchange at a time. Requests are
 * never queued: a connection carries no second request before the first is answered. Pools without a connection
 * do not exist, so that silent servers cost nothing.
 */
import { borrowing } from "./borrowed.ts";
import type { Connector, Egress } from "./egress.ts";
import { connectionsPerServerMax, unsuspectedExchangesMax } from "./limits.ts";
import { Line, type LineOwner } from "./line.ts";
import type { Target } from "./target.ts";

export interface DialOptions {
  readonly connectTimeoutMs: number;
  /** What we are called in `Via`, the same on every host of a fleet and nowhere else. */
  readonly via: string;
  /** Monotonic milliseconds. */
  now(): number;
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
    return (pool ?? this.#openPool(target, origin)).take();
  }

  #openPool({ serverId, origin: target }: Target, origin: string): Pool {
    let pools = this.#pools.get(serverId);
    if (pools === undefined) {
      pools = { target, byOrigin: new Map() };
      this.#pools.set(serverId, pools);
    }
    const connect = this.#egress.connector(origin, this.#options.connectTimeoutMs, borrowing);
    const pool = new Pool(origin, connect, this.#options);
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

  /** Closes idle lines that are too old, forgets those that were closed, and pools that have none left. To be called now and then. */
  prune(): void {
    for (const [serverId, pools] of this.#pools) {
      for (const [origin, pool] of pools.byOrigin) {
        pool.prune();
        if (pool.idle.length === 0 && pool.busy === 0) pools.byOrigin.delete(origin);
      }
      if (pools.byOrigin.size === 0) this.#pools.delete(serverId);
    }
  }

  /** Ends every idle connection; lines in use are their users' to end. */
  close(): void {
    for (const serverId of [...this.#pools.keys()]) this.drop(serverId);
  }

  stats(): DialStats {
    let [idleConnections, busyConnections] = [0, 0];
    for (const { byOrigin } of this.#pools.values()) {
      for (const { idle, busy } of byOrigin.values()) {
        idleConnections += idle.length;
        busyConnections += busy;
      }
    }
    return { pools: this.#pools.size, idleConnections, busyConnections };
  }
}

export interface DialStats {
  /** Servers that have connections, or had some a while ago. */
  readonly pools: number;
  readonly idleConnections: number;
  /** In use, those included that are being made. */
  readonly busyConnections: number;
}

interface ServerPools {
  /** The origin that the server had when these were opened. */
  readonly target: string;
  /** At most two. */
  readonly byOrigin: Map<string, Pool>;
}

/** Of one server on one origin. */
class Pool implements LineOwner {
  readonly origin: URL;
  readonly connect: Connector;
  readonly now: () => number;
  /** Used last, last. */
  idle: Line[] = [];
  /** Lines in use. */
  busy = 0;
  dropped = false;
  readonly #via: string;

  constructor(origin: string, connect: Connector, { via, now }: DialOptions) {
    this.origin = new URL(origin);
    this.connect = connect;
    this.now = now;
    this.#via = `1.1 ${via}`;
  }

  /** Undefined when there is no room for more. */
  take(): Line | undefined {
    const nowMs = this.now();
    let line = this.idle.pop();
    while (line && !line.isFresh(nowMs)) {
      line.destroy();
      line = this.idle.pop();
    }
    if (line === undefined && this.busy >= connectionsPerServerMax) return undefined;
    this.busy += 1;
    return line ?? new Line(this);
  }

  /**
   * A request that comes back to us opens one more exchange each time round. So from some number on they are marked, and
   * a marked one that comes in is not sent out again (RFC 9110, 7.6.3). Below it nothing is: servers act on `Via`.
   */
  via(): string {
    return this.busy > unsuspectedExchangesMax ? this.#via : "";
  }

  released(line: Line): void {
    this.busy -= 1;
    if (this.dropped || !line.connected) line.destroy();
    else this.idle.push(line);
  }

  /** Forgets what was closed; closes what is too old, to be forgotten the next time. */
  prune(): void {
    const nowMs = this.now();
    if (this.idle.every((line) => line.isFresh(nowMs))) return;
    this.idle = this.idle.filter((line) => line.connected);
    for (const line of this.idle) if (!line.isFresh(nowMs)) line.destroy();
  }
}
