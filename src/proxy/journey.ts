/**
 * The times of one exchange: for its witness, told once, and for the figures of all.
 *
 * In: when it moved on, from the relay; how far its line got. Out: `UpstreamTimes`. Of redirects that were followed, the
 * last line's; what went before is no phase of it. Holds a handful of numbers.
 */
import { isIP } from "node:net";
import type { ExchangeWitness, LineTimings, UpstreamTimes } from "../exchange.ts";

/** A line that has taken the request. */
interface Leg {
  readonly line: LineTimings;
  /** Where it leads, as in `Target`. */
  readonly origin: string;
  readonly departedMs: number;
}

export class Journey {
  /** When the request's head was there, monotonic. */
  readonly openedMs: number;
  /** Its client listens for as long as it likes: how long it took tells nothing. */
  readonly isListening: boolean;
  #first: Leg | undefined;
  #last: Leg | undefined;
  /** When the request could go on, for all that its client had to do for that. */
  #readyMs = 0;
  /** When the answer's head was given to the client. */
  #arrivedMs: number | undefined;
  #told = false;

  constructor(openedMs: number, isListening: boolean) {
    this.openedMs = openedMs;
    this.isListening = isListening;
  }

  /** The line has been given the request, which was there at `readyMs`. */
  depart(line: LineTimings, origin: string, readyMs: number, nowMs: number): void {
    this.#last = { line, origin, departedMs: nowMs };
    if (this.#first) return;
    this.#first = this.#last;
    this.#readyMs = readyMs;
  }

  /** The answer's head has been given to the client. */
  arrive(witness: ExchangeWitness, nowMs: number): void {
    this.#arrivedMs = nowMs;
    this.tell(witness);
  }

  /** Does nothing the second time, and where nothing went to the upstream. */
  tell(witness: ExchangeWitness): void {
    if (this.#told || !this.#last) return;
    this.#told = true;
    witness.upstream(toTimes(this.#last, this.overheadMs));
  }

  /** Something went to the upstream, or was to. */
  get departed(): boolean {
    return this.#last !== undefined;
  }

  /** A connection was made for it. */
  get connected(): boolean {
    return this.#last?.line.connectedAtMs !== undefined;
  }

  /** When the upstream's answer began; undefined without one. */
  get receivingMs(): number | undefined {
    return this.#last?.line.firstByteAtMs;
  }

  /** What we added, as far as it is known; 0 where nothing went to the upstream. */
  get overheadMs(): number {
    const { connectBeganAtMs, requestSentAtMs } = this.#first?.line ?? {};
    const departedMs = connectBeganAtMs ?? requestSentAtMs ?? this.#readyMs;
    const receivingMs = this.receivingMs ?? 0;
    const arrivedMs = this.#arrivedMs ?? receivingMs;
    return Math.max(0, departedMs - this.#readyMs) + Math.max(0, arrivedMs - receivingMs);
  }
}

/** From when the phases of a line ended to when they began. */
function toTimes({ line, origin, departedMs }: Leg, overheadMs: number): UpstreamTimes {
  const { connectBeganAtMs, resolvedAtMs, connectedAtMs, securedAtMs, requestSentAtMs } = line;
  const connects = connectBeganAtMs !== undefined;
  const isSecure = origin.startsWith("https:");
  const stoodAtMs = isSecure ? securedAtMs : connectedAtMs;
  const resolves =
    connects && (resolvedAtMs !== undefined || !(connectedAtMs || isAddress(origin)));
  return {
    resolvingMs: resolves ? connectBeganAtMs : undefined,
    connectingMs: resolves ? resolvedAtMs : connectBeganAtMs,
    securingMs: isSecure ? connectedAtMs : undefined,
    sendingMs: connects ? stoodAtMs : Math.min(departedMs, requestSentAtMs ?? departedMs),
    waitingMs: requestSentAtMs,
    receivingMs: line.firstByteAtMs,
    overheadMs,
  };
}

function isAddress(origin: string): boolean {
  return isIP(new URL(origin).hostname.replace(/^\[|\]$/g, "")) !== 0;
}
