/**
 * Request bodies on their way in, whatever they are for: one that comes too slowly holds a connection, and often more.
 *
 * In: requests, and a look now and then. Out: those that came slower than the limit over its span while somebody was
 * reading them. Bounds: one for each connection.
 */
import { FleetingList, type Placed } from "../fleeting.ts";
import type { InboundRequest, InboundResponse } from "../inbound.ts";

interface Arrival extends Placed {
  readonly request: InboundRequest;
  readonly response: InboundResponse;
  /** Since when, and from which byte of the connection on, the pace is measured; -1: not yet. */
  fromMs: number;
  fromByte: number;
}

export interface Pace {
  readonly bytesPerSecondMin: number;
  readonly spanMs: number;
}

export class Arrivals {
  readonly #pace: Pace;
  readonly #arrivals = new FleetingList<Arrival>();

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  add(request: InboundRequest, response: InboundResponse): void {
    if (request.complete) return;
    const { headers } = request;
    if (headers["transfer-encoding"] === undefined && !(Number(headers["content-length"]) > 0))
      return;
    const arrival = { place: -1, request, response, fromMs: -1, fromByte: 0 };
    this.#arrivals.add(arrival);
    // Not at the next look, when thousands may have come.
    request.once("close", () => this.#arrivals.delete(arrival));
  }

  /** Those that are too slow, each once. To be called about once a second, with monotonic time. */
  takeSlow(nowMs: number): (readonly [InboundRequest, InboundResponse])[] {
    const slow: (readonly [InboundRequest, InboundResponse])[] = [];
    for (const arrival of this.#arrivals) {
      const { request, response } = arrival;
      if (request.complete || request.socket.destroyed) this.#arrivals.delete(arrival);
      else if (this.#isSlow(arrival, nowMs)) {
        this.#arrivals.delete(arrival);
        slow.push([request, response]);
      }
    }
    return slow;
  }

  #isSlow(arrival: Arrival, nowMs: number): boolean {
    const { request } = arrival;
    const { bytesPerSecondMin, spanMs } = this.#pace;
    const { bytesRead } = request.socket;
    // What has come and is not read yet is ours to read.
    const isOurTurn = request.readableLength > 0 || request.isPaused();
    const tookMs = nowMs - arrival.fromMs;
    if (!isOurTurn && arrival.fromMs !== -1 && tookMs < spanMs) return false;
    const came = bytesRead - arrival.fromByte;
    const isMeasured = !isOurTurn && arrival.fromMs !== -1;
    arrival.fromMs = isOurTurn ? -1 : nowMs;
    arrival.fromByte = bytesRead;
    return isMeasured && came * 1_000 < bytesPerSecondMin * tookMs;
  }
}
