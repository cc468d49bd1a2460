/**
 * The data plane: `/p/<slug>` and what lies below it, to the server behind the slug and back; and its OAuth metadata.
 *
 * In: HTTP requests whose `Host` and `Origin` the edge has approved. Out: the upstream's answers byte for byte, or
 * one of `failure.ts`; to the watch, what passes. Knows servers by a function, never a store. Waits for nothing
 * but the two sides. Bounds: `limits.ts` and the options.
 */
import { createHmac, randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { ExchangeWitness, OwnCall, Watch } from "../exchange.ts";
import { FleetingList } from "../fleeting.ts";
import type { InboundRequest, InboundResponse } from "../inbound.ts";
import type { Log } from "../telemetry.ts";
import { Admission, type MayCall, type OtherPlanes } from "./admission.ts";
import { Dial } from "./dial.ts";
import type { Egress } from "./egress.ts";
import { EndpointPaths } from "./endpoint-path.ts";
import { failures } from "./failure.ts";
import { type OwnMarks, toUpstream } from "./headers.ts";
import { KeptBytes } from "./intake.ts";
import { KnownChallenges } from "./known-challenges.ts";
import { connectTimeoutMs } from "./limits.ts";
import { appendedName, OAuth } from "./oauth.ts";
import type { Durable } from "./outlet.ts";
import { type Border, Passage } from "./passage.ts";
import type { Ranges } from "./ranges.ts";
import { Relay } from "./relay.ts";
import type { OpenRelay, RelayOwner } from "./relay-owner.ts";
import { sourceIp } from "./source-ip.ts";
import { Tally, type TallyCounts } from "./tally.ts";
import { blind, Tap } from "./tap.ts";
import { splitPath, type Target } from "./target.ts";

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
  readonly trustedProxies?: Ranges;
  /** Exchanges of one team that may be open at once; absent or 0: no limit. */
  readonly exchangesPerTeamMax?: number;
  /** Asked before each exchange whether its team may still call the server; absent: it always may. */
  readonly mayCall?: MayCall;
  /** Whose exchanges count with ours for `exchangesPerTeamMax`; absent: nobody's. */
  readonly otherPlanes?: OtherPlanes | undefined;
}

/** Of an exchange that this host begins itself, on somebody's behalf. */
export interface OwnOrigin {
  /** Of whom it is done for. */
  readonly sourceIp: string;
  readonly call: OwnCall;
}

/** Plain numbers since the start, `open…` and `pools` at this moment. */
export interface ForwarderStats extends TallyCounts {
  readonly openExchanges: number;
  readonly pools: number;
  readonly idleConnections: number;
  readonly busyConnections: number;
  readonly witnessFaults: number;
}

export class Forwarder implements AsyncDisposable {
  readonly handle = (request: InboundRequest, response: InboundResponse): void =>
    this.#accept(request, response);
  /** As `handle`, for requests that came over no socket. */
  readonly handleOwn = (request: InboundRequest, response: InboundResponse, origin: OwnOrigin) =>
    this.#accept(request, response, origin);
  /** For everything below `/.well-known/`. */
  readonly handleMetadata = (request: InboundRequest, response: InboundResponse): void =>
    this.#oauth.handle(request, response);
  readonly #find: (slug: string) => Target | undefined;
  readonly #watch: Watch;
  readonly #options: ForwarderOptions;
  readonly #dial: Dial;
  readonly #owner: RelayOwner;
  readonly #border: Border;
  readonly #known = new KnownChallenges();
  readonly #oauth: OAuth;
  readonly #own: OwnMarks;
  readonly #admission: Admission;
  /** Every exchange that still holds something, settled ones included. */
  readonly #relays = new FleetingList<Relay>();
  readonly #tally = new Tally();
  readonly #sweep: NodeJS.Timeout;
  #witnessFaults = 0;
  #onEmpty: (() => void) | undefined;

  constructor(find: (slug: string) => Target | undefined, watch: Watch, options: ForwarderOptions) {
    this.#find = find;
    this.#watch = watch;
    this.#options = options;
    const endpointKey = options.endpointKey ?? randomBytes(32);
    const via = viaName(endpointKey);
    this.#own = { isCredential: options.isOwnCredential ?? (() => false), via };
    const now = () => options.clock.monotonicMs();
    this.#dial = new Dial(options.egress, {
      connectTimeoutMs: options.connectTimeoutMs ?? connectTimeoutMs,
      via,
      now,
    });
    this.#admission = new Admission({
      now,
      mayBegin: options.mayBegin,
      mayCall: options.mayCall,
      exchangesPerTeamMax: options.exchangesPerTeamMax ?? 0,
      otherPlanes: options.otherPlanes,
    });
    const publicUrl = options.publicUrl === undefined ? undefined : new URL(options.publicUrl);
    this.#border = {
      publicUrl,
      upstreamIdleTimeoutMs: options.upstreamIdleTimeoutMs,
      endpoints: new EndpointPaths(endpointKey),
      challenged: (target, rest, metadataUrl) => this.#known.note(target, rest, metadataUrl),
    };
    this.#oauth = new OAuth({
      dial: this.#dial,
      known: this.#known,
      publicUrl,
      find,
      own: this.#own,
      admission: this.#admission,
      sourceIp: (request) => this.#sourceIp(request),
      watch: (request, target, path) => this.#tap(request, target, path),
      settled: (outcome, failure) => this.#tally.count(outcome, failure),
    });
    this.#owner = {
      requestMaxBytes: options.requestMaxBytes,
      kept: new KeptBytes(),
      durable: options.durable,
      now,
      dial: ({ target, origin }) => this.#dial.open(target, origin),
      settled: (relay, outcome, failure) => {
        this.#tally.count(outcome, failure);
        this.#tally.add(relay, now());
      },
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
      ...this.#tally.counts(),
      openExchanges: this.#relays.size,
      ...this.#dial.stats(),
      witnessFaults: this.#witnessFaults,
    };
  }

  /**
   * Resolves when no exchange is open. Exchanges may begin and run on for `graceMs`, event streams that answer no call
   * only to the end of their event; then new ones are refused, and what is left is cut.
   */
  async drain(graceMs: number): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.monotonicMs() + graceMs;
    const { promise: empty, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    const check = () => {
      const late = clock.monotonicMs() >= untilMs;
      this.#admission.draining ||= late;
      for (const relay of this.#relays) {
        if (!relay.endBetweenEvents(failures.shuttingDown, late) && late)
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

  #accept(request: InboundRequest, response: InboundResponse, origin?: OwnOrigin): void {
    const path = splitPath(request.url ?? "");
    if (path?.rest.endsWith(appendedName) && isReading(request.method)) {
      this.#oauth.answer(request, response, { kind: "appended", name: appendedName, path });
      return;
    }
    const target = path && this.#find(path.slug);
    const fields = toUpstream(request.rawHeaders, this.#own);
    if (!target) {
      const failure = this.#admission.miss(this.#sourceIp(request, origin));
      this.#begin(request, response, blind).refuse(failure, fields.contentLength);
      return;
    }
    const refusal = this.#admission.refusal(path, target, fields);
    const passage = new Passage(this.#border, target, path, request, fields);
    // What is refused for want of room must not take some itself.
    const seen = refusal !== failures.notRecorded;
    const witness = seen ? this.#tap(request, target, passage.shownPath, origin) : blind;
    const relay = this.#begin(request, response, witness, refusal ? undefined : target.teamId);
    if (refusal) relay.refuse(refusal, fields.contentLength);
    else relay.forward(passage);
  }

  #begin(
    request: InboundRequest,
    response: InboundResponse,
    witness: ExchangeWitness,
    teamId?: string,
  ): Relay {
    const relay = new Relay(this.#owner, request, response, witness, teamId);
    this.#relays.add(relay);
    if (teamId !== undefined) this.#admission.enter(teamId);
    return relay;
  }

  #sourceIp({ socket, rawHeaders }: InboundRequest, origin?: OwnOrigin): string {
    if (origin) return origin.sourceIp;
    return sourceIp(socket.remoteAddress, rawHeaders, this.#options.trustedProxies);
  }

  #tap(request: InboundRequest, target: Target, path: string, origin?: OwnOrigin): ExchangeWitness {
    const { rawHeaders, method = "" } = request;
    const opening = {
      serverId: target.serverId,
      teamId: target.teamId,
      startedAtMs: this.#options.clock.nowMs(),
      method,
      path,
      rawHeaders,
      sourceIp: this.#sourceIp(request, origin),
      captureLevel: target.captureLevel,
    };
    // Spreading nothing costs as much as making the whole.
    const own = origin && { ...opening, own: origin.call };
    return new Tap(this.#watch, own ?? opening, (cause) => {
      this.#witnessFaults += 1;
      this.#options.log.error({ cause, serverId: target.serverId }, "a witness failed");
    });
  }

  #gone(relay: OpenRelay): void {
    const { teamId } = relay;
    this.#relays.delete(relay);
    if (teamId !== undefined) this.#admission.leave(teamId);
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

/** The same on every host of a fleet. */
function viaName(key: Uint8Array): string {
  return `hookwatch-${createHmac("sha256", key).update("via").digest("hex").slice(0, 12)}`;
}
