/**
 * One HTTP request and its response through `/p/<slug>`, as the proxy reports it while it happens.
 *
 * The proxy (source) calls a witness with bytes in passing; capture (sink) makes calls of them.
 * Neither knows the other. A witness MUST NOT throw, wait, keep a chunk it was given without
 * copying it, or grow without bound: observation never harms an exchange.
 */

import type { CaptureLevel } from "./server.ts";

/** What is known when the request's head has arrived. */
export interface ExchangeOpening {
  readonly serverId: string;
  readonly teamId: string;
  /** Wall time of the first byte of the request, epoch milliseconds. */
  readonly startedAtMs: number;
  /** The HTTP method, upper case. */
  readonly method: string;
  /**
   * What follows the slug in the request target, query included: "" or "/messages?id=7". Of a post to a legacy
   * endpoint the place upstream that it stands for; of OAuth metadata its name and what follows the slug.
   */
  readonly path: string;
  /** Names and values alternating, in order of arrival, names in the case they had. */
  readonly rawHeaders: readonly string[];
  /** IP address of the calling client, IPv4-mapped IPv6 written as IPv4. */
  readonly sourceIp: string;
  /** What its server lets the log keep; whoever sees the exchange keeps less when its fields ask for less. */
  readonly captureLevel: CaptureLevel;
  /** Of an exchange that this host began itself; absent for every other. */
  readonly own?: OwnCall;
}

/** What the call is to be known as that the first message of an exchange of our own becomes. */
export interface OwnCall {
  /** A UUIDv7 made for it. */
  readonly callId: string;
  /** The id of the call it repeats; empty when it repeats none. */
  readonly replayOf: string;
}

/**
 * How an exchange ended.
 * - `complete`: the upstream's answer ended well and was handed to the client whole; or is to be, once this is durable.
 * - `client_left`: the client closed before that.
 * - `upstream_failed`: refused, reset or malformed, before or amid the answer.
 * - `timeout`: our own deadline ended it.
 * - `refused`: our policy ended it; `statusCode` of the head is what we answered.
 */
export type ExchangeOutcome =
  | "complete"
  | "client_left"
  | "upstream_failed"
  | "timeout"
  | "refused";

export interface ExchangeEnd {
  readonly outcome: ExchangeOutcome;
  /** A sentence for people, lower case, without full stop; empty when complete. */
  readonly reason: string;
}

/**
 * When the upstream's side of an exchange got how far: monotonic milliseconds, those of `Clock`. What did not happen is
 * absent: the first four are where the connection was there already. Grows while the exchange runs; of a redirect that
 * was followed only the last hop counts.
 */
export interface LineTimings {
  /** The connection was begun. */
  readonly connectBeganAtMs?: number | undefined;
  /** Its name had addresses; absent where there is none to resolve. */
  readonly resolvedAtMs?: number | undefined;
  /** TCP stood. */
  readonly connectedAtMs?: number | undefined;
  /** TLS stood; absent without it. */
  readonly securedAtMs?: number | undefined;
  /** The head had been given to the connection, and the body, if all of it was there. */
  readonly requestSentAtMs?: number | undefined;
  /** The first byte of an answer came, a provisional one's included. */
  readonly firstByteAtMs?: number | undefined;
}

/**
 * When each phase of the way to the upstream and back began, on the clock's monotonic milliseconds; in this order, and
 * each lasts until the next that is there. Undefined for what was not entered: a connection that stood already was
 * not made, an address needs no name resolved.
 */
export interface UpstreamTimes {
  readonly resolvingMs: number | undefined;
  readonly connectingMs: number | undefined;
  readonly securingMs: number | undefined;
  readonly sendingMs: number | undefined;
  /** The request's head was given to the connection, and its body, if all of it was there. */
  readonly waitingMs: number | undefined;
  /** The first bytes of the answer were there. */
  readonly receivingMs: number | undefined;
  /** A span: how long the request and the answer's head were with us, neither waiting for either side. */
  readonly overheadMs: number;
}

/**
 * Sees one exchange. Order of calls: `request*`, `requestEnd?`, `upstream?`, `head?`, `response*`, `end`; the two
 * directions may interleave, `upstream` comes once at most, when it is known how the answer begins or that there will be
 * none; `end` comes exactly once and last. When the answer is one of our own
 * making (502, 504, 413 …), `head` and `response` carry it all the same.
 */
export interface ExchangeWitness {
  request(chunk: Uint8Array): void;
  requestEnd(): void;
  upstream(times: UpstreamTimes): void;
  head(statusCode: number, rawHeaders: readonly string[]): void;
  response(chunk: Uint8Array): void;
  end(end: ExchangeEnd): void;
}

/** Called once for each exchange of a known, active server. */
export type Watch = (opening: ExchangeOpening) => ExchangeWitness;
