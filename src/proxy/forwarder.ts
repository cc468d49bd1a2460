/**
 * The data plane: `/p/<slug>` and what lies below it, to the server behind the slug and back; and its OAuth metadata.
 *
 * In: HTTP requests whose `Host` and `Origin` the edge has approved. Out: the upstream's answers byte for byte, or
 * one of `failure.ts`; to the watch, what passes. Knows servers by a function, never a store. Waits for nothing
 * but the two sides. Bounds: `limits.ts` and the options.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import type { Clock } from "../clock.ts";
import type { ExchangeOutcome, ExchangeWitness, Watch } from "../exchange.ts";
import type { Log } from "../telemetry.ts";
import { Dial } from "./dial.ts";
import type { Egress } from "./egress.ts";
import { EndpointPaths } from "./endpoint-path.ts";
import { type Failure, failures } from "./failure.ts";
import { toUpstream, type UpstreamFields } from "./headers.ts";
import { KeptBytes } from "./intake.ts";
import { KnownChallenges } from "./known-challenges.ts";
import { connectTimeoutMs } from "./limits.ts";
import { appendedName, OAuth } from "./oauth.ts";
import type { Durable } from "./outlet.ts";
import { type Border, Passage } from "./passage.ts";
import { Relay, type RelayOwner } from "./relay.ts";
import { sourceIp } from "./source-ip.ts";
import { Tap } from "./tap.ts";
import { isPlainPath, type ProxyPath, splitPath, type Target } from "./target.ts";

export interface ForwarderOptions {
  /** No byte from the upstream for so long ends an exchange; GET streams have no such end. */
  readonly upstreamIdleTimeoutMs: number;
  readonly requestMaxBytes: number;
  /** Absent: 5 s. */
  readonly connectTimeoutMs?: number;
  readonly egress: Egress;
  readonly clock: Clock;
  readonly log: Log;
  /** True for a credential of ours that has not the form of our keys; it is never forwarded. */
  readonly isOwnCredential?: (text: string) => boolean;
  /** How clients may name us beside our own address; the only name that may be behind TLS. */
  readonly publicUrl?: string;
  /** Makes paths for legacy streams' endpoints, the same on every host of a fleet; absent: one of this instance's own. */
  readonly endpointKey?: Uint8Array;
  /** False while exchanges cannot be recorded and therefore must not take place; absent: they always may. */
  readonly mayBegin?: () => boolean;
  /** What the end of each answer waits for, so that none is known to its client and not to the log; absent: nothing. */
  readonly durable?: Durable;
  /** Whose `X-Forwarded-For` is believed; absent: nobody's. */
  readonly trustedProxies?: BlockList;
}

/** Plain numbers since the start, `open…` and `pools` at this moment. */
export interface ForwarderStats {
  readonly exchanges: Readonly<Record<ExchangeOutcome, number>>;
  readonly openExchanges: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Answers and breaks of our own making, by `Failure.reason`. */
  readonly failures: Readonly<Record<string, number>>;
  readonly pools: number;
  readonly idleConnections: number;
  readonly witnessFaults: number;
}

export class Forwarder implements AsyncDisposable {
  readonly handle = (request: IncomingMessage, response: ServerResponse): void =>
    this.#accept(request, response);
  /** For everything below `/.well-known/`. */
  readonly handleMetadata = (request: IncomingMessage, response: ServerResponse): void =>
    this.#oauth.handle(request, response);
  readonly #find: (slug: string) => Target | undefined;
  readonly #watch: Watch;
  readonly #options: ForwarderOptions;
  readonly #dial: Dial;
  readonly #owner: RelayOwner;
  readonly #border: Border;
  readonly #known = new KnownChallenges();
  readonly #oauth: OAuth;
  readonly #isOwnCredential: (text: string) => boolean;
  /** Every exchange that still holds something, settled ones included. */
  readonly #relays = new Set<Relay>();
  readonly #exchanges: Record<ExchangeOutcome, number> = {
    complete: 0,
    client_left: 0,
    upstream_failed: 0,
    timeout: 0,
    refused: 0,
  };
  readonly #failures: Record<string, number> = {};
  readonly #sweep: NodeJS.Timeout;
  #requestBytes = 0;
  #responseBytes = 0;
  #witnessFaults = 0;
  #draining = false;
  #onEmpty: (() => void) | undefined;

  constructor(find: (slug: string) => Target | undefined, watch: Watch, options: ForwarderOptions) {
    this.#find = find;
    this.#watch = watch;
    this.#options = options;
    this.#dial = new Dial(options.egress, options.connectTimeoutMs ?? connectTimeoutMs);
    this.#isOwnCredential = options.isOwnCredential ?? (() => false);
    for (const failure of Object.values(failures)) this.#failures[failure.reason] = 0;
    const publicUrl = options.publicUrl === undefined ? undefined : new URL(options.publicUrl);
    this.#border = {
      publicUrl,
      endpoints: new EndpointPaths(options.endpointKey ?? randomBytes(32)),
      challenged: (target, rest, metadataUrl) => this.#known.note(target, rest, metadataUrl),
    };
    this.#oauth = new OAuth({
      dial: this.#dial,
      known: this.#known,
      publicUrl,
      find,
      watch: (request, target, path) => this.#tap(request, target, path),
      settled: (outcome, failure) => this.#count(outcome, failure),
    });
    this.#owner = {
      requestMaxBytes: options.requestMaxBytes,
      upstreamIdleTimeoutMs: options.upstreamIdleTimeoutMs,
      kept: new KeptBytes(),
      durable: options.durable,
      now: () => options.clock.monotonicMs(),
      dial: ({ target, origin }) => this.#dial.open(target, origin),
      settled: (relay, outcome, failure) => this.#settled(relay, outcome, failure),
      gone: (relay) => this.#gone(relay),
    };
    // One timer for all deadlines; a stream costs none.
    const everyMs = Math.min(1_000, Math.max(20, options.upstreamIdleTimeoutMs / 4));
    this.#sweep = setInterval(() => this.#checkDeadlines(), everyMs);
    this.#sweep.unref();
  }

  /** Closes the server's idle connections now and the others after their exchange: it has changed or is gone. */
  dropServer(serverId: string): void {
    this.#dial.drop(serverId);
    this.#known.forget(serverId);
  }

  stats(): ForwarderStats {
    return {
      exchanges: { ...this.#exchanges },
      openExchanges: this.#relays.size,
      requestBytes: this.#requestBytes,
      responseBytes: this.#responseBytes,
      failures: { ...this.#failures },
      ...this.#dial.stats(),
      witnessFaults: this.#witnessFaults,
    };
  }

  /**
   * Resolves when no exchange is open. Exchanges may run on for `graceMs`, event streams only to the end of
   * their event; what is left then is cut. New ones are refused.
   */
  async drain(graceMs: number): Promise<void> {
    this.#draining = true;
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + graceMs;
    const { promise: empty, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const check = () => {
      const late = clock.monotonicMs() >= untilMs;
      for (const relay of this.#relays) {
        if (!relay.endBetweenEvents(failures.shuttingDown) && late)
          relay.end(failures.shuttingDown);
      }
      if (this.#relays.size === 0) resolve();
    };
    const timer = setInterval(check, 50);
    check();
    await empty;
    clearInterval(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(0);
    clearInterval(this.#sweep);
    this.#dial.close();
  }

  #accept(request: IncomingMessage, response: ServerResponse): void {
    const path = splitPath(request.url ?? "");
    if (path?.rest.endsWith(appendedName) && isReading(request.method)) {
      this.#oauth.answer(request, response, { kind: "appended", name: appendedName, path });
      return;
    }
    const target = path && this.#find(path.slug);
    const fields = toUpstream(request.rawHeaders, this.#isOwnCredential);
    const refusal = this.#refusal(path, target, fields);
    const passage = path && target && new Passage(this.#border, target, path, request, fields);
    // What is refused for want of room must not take some itself.
    const seen = refusal === failures.notRecorded ? undefined : passage;
    const witness = seen ? this.#tap(request, seen.target, seen.shownPath) : blind;
    const relay = new Relay(this.#owner, request, response, witness);
    this.#relays.add(relay);
    if (passage && !refusal) relay.forward(passage);
    else relay.refuse(refusal ?? failures.unknownServer, fields.contentLength);
  }

  #refusal(
    path: ProxyPath | undefined,
    target: Target | undefined,
    fields: UpstreamFields,
  ): Failure | undefined {
    if (!path || !target) return failures.unknownServer;
    if (this.#draining) return failures.shuttingDown;
    if (this.#options.mayBegin?.() === false) return failures.notRecorded;
    if (fields.leaks) return failures.ownCredential;
    return isPlainPath(path) ? undefined : failures.ambiguousPath;
  }

  #tap(request: IncomingMessage, target: Target, path: string): ExchangeWitness {
    const { rawHeaders, method = "", socket } = request;
    const opening = {
      serverId: target.serverId,
      teamId: target.teamId,
      startedAtMs: this.#options.clock.nowMs(),
      method,
      path,
      rawHeaders,
      sourceIp: sourceIp(socket.remoteAddress, rawHeaders, this.#options.trustedProxies),
    };
    return new Tap(this.#watch, opening, (cause) => {
      this.#witnessFaults += 1;
      this.#options.log.error({ cause, serverId: target.serverId }, "a witness failed");
    });
  }

  #settled(relay: Relay, outcome: ExchangeOutcome, failure: Failure | undefined): void {
    this.#requestBytes += relay.requestBytes;
    this.#responseBytes += relay.responseBytes;
    this.#count(outcome, failure);
  }

  #count(outcome: ExchangeOutcome, failure: Failure | undefined): void {
    this.#exchanges[outcome] += 1;
    if (failure) this.#failures[failure.reason] = (this.#failures[failure.reason] ?? 0) + 1;
  }

  #gone(relay: Relay): void {
    this.#relays.delete(relay);
    if (this.#relays.size === 0) this.#onEmpty?.();
  }

  #checkDeadlines(): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const relay of this.#relays) relay.checkDeadline(nowMs);
    this.#dial.prune();
  }
}

function isReading(method: string | undefined): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

/** For requests that belong to no server. */
const blind: ExchangeWitness = {
  request() {},
  requestEnd() {},
  head() {},
  response() {},
  end() {},
};
