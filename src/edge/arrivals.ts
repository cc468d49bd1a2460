/**
 * Request bodies on their way in, whatever they are for: one that comes too slowly holds a connection, and often more.
 *
 * In: requests, and a look now and then. Out: those that came slower than the limit over its span while somebody was
 * reading them. Bounds: one for each connection.
 */
import type { InboundRequest, InboundResponse } from "../inbound.ts";

interface Arrival {
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
  readonly #arrivals = new Map<InboundRequest, Arrival>();

  constructor(pace: Pace) {
    this.#pace = pace;
  }

  add(request: InboundRequest, response: InboundResponse): void {
    if (request.complete) return;
    const { headers } = request;
    if (headers["transfer-encoding"] === undefined && !(Number(headers["content-length"]) > 0))
      return;
    this.#arrivals.set(request, { response, fromMs: -1, fromByte: 0 });
  }

  /** Those that are too slow, each once. To be called about once a second, with monotonic time. */
  takeSlow(nowMs: number): (readonly [InboundRequest, InboundResponse])[] {
    const slow: (readonly [InboundRequest, InboundResponse])[] = [];
    for (const [request, arrival] of this.#arrivals) {
      if (request.complete || request.socket.destroyed) this.#arrivals.delete(request);
      else if (this.#isSlow(request, arrival, nowMs)) {
        this.#arrivals.delete(request);
        slow.push([request, arrival.response]);
      }
    }
    return slow;
  }

  #isSlow(request: InboundRequest, arrival: Arrival, nowMs: number): boolean {
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
