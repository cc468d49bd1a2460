/**
 * Lets new work in while there is room for it, and ends what holds a place without using it.
 *
 * In: requests, and a look about once a second. Out: the same to the planes, or 503 with the time to come again; 408 for
 * bodies that come too slowly. What runs is not touched. Bounds: `limits.ts`.
 */
import type { InboundRequest, InboundResponse, InboundSocket } from "../inbound.ts";
import { Arrivals } from "./arrivals.ts";
import type { Connections } from "./connections.ts";
import type { EdgeLimits } from "./limits.ts";
import { proxyPathPrefix, type Refusal, refusalText, refuse, tooSlow } from "./refusal.ts";
import { connectionOf } from "./relayed-request.ts";
import { isScarce, type MemoryUse, memoryUse } from "./resources.ts";

export interface GateOptions {
  readonly limits: EdgeLimits;
  readonly vital?: ReadonlySet<string>;
  readonly memoryUse?: () => MemoryUse;
}

type Handler<Request, Response> = (request: Request, response: Response) => void;

export class Gate {
  readonly #connections: Connections;
  readonly #options: GateOptions;
  readonly #arrivals: Arrivals;
  readonly #tooMany: Refusal;
  readonly #tooFull: Refusal;
  /** How many requests wait, of connections on which some do. */
  readonly #waiting = new Map<InboundSocket, number>();
  #scarce = false;

  constructor(connections: Connections, options: GateOptions) {
    const { bodyBytesPerSecondMin, bodySpanMs, retryAfterSeconds } = options.limits;
    this.#connections = connections;
    this.#options = options;
    this.#arrivals = new Arrivals({ bytesPerSecondMin: bodyBytesPerSecondMin, spanMs: bodySpanMs });
    const busy = { statusCode: 503, code: "unavailable", retryAfterSeconds } as const;
    this.#tooMany = { ...busy, reason: "connections", message: "too many connections are open" };
    this.#tooFull = {
      ...busy,
      reason: "memory",
      message: "there is no memory left for new requests",
    };
  }

  handle<Request extends InboundRequest, Response extends InboundResponse>(
    request: Request,
    response: Response,
    plane: Handler<Request, Response>,
  ): void {
    // A response without a socket waits for the one before it; so does its request, lest one connection open many.
    if (response.socket !== null) this.#begin(request, response, plane);
    else if (this.#mayWait(request.socket, response)) {
      response.once("socket", () => this.#begin(request, response, plane));
    }
  }

  #begin<Request extends InboundRequest, Response extends InboundResponse>(
    request: Request,
    response: Response,
    plane: Handler<Request, Response>,
  ): void {
    const refusal = this.#refusal(request);
    if (refusal !== undefined && !this.#isVital(request)) {
      refuse(response, refusal, isOnProxyUrl(request));
      return;
    }
    this.#arrivals.add(request, response);
    plane(request, response);
  }

  /** `nowMs` is monotonic. */
  check(nowMs: number): void {
    this.#scarce = isScarce((this.#options.memoryUse ?? memoryUse)());
    for (const [request, response] of this.#arrivals.takeSlow(nowMs)) {
      const { socket } = request;
      // The plane may still wait for the body, so that its answer would come too late.
      if (!response.headersSent) socket.write(refusalText(tooSlow, isOnProxyUrl(request)));
      socket.destroySoon();
    }
  }

  /** False for one too many, whose connection ends. */
  #mayWait(socket: InboundSocket, response: InboundResponse): boolean {
    const waiting = (this.#waiting.get(socket) ?? 0) + 1;
    if (waiting > this.#options.limits.pipelinedMax) {
      socket.destroy();
      return false;
    }
    this.#waiting.set(socket, waiting);
    response.once("close", () => {
      const left = (this.#waiting.get(socket) ?? 0) - 1;
      if (left > 0) this.#waiting.set(socket, left);
      else this.#waiting.delete(socket);
    });
    return true;
  }

  #refusal(request: InboundRequest): Refusal | undefined {
    if (this.#connections.isExcess(connectionOf(request.socket))) return this.#tooMany;
    return this.#scarce ? this.#tooFull : undefined;
  }

  #isVital({ url = "" }: InboundRequest): boolean {
    const mark = url.indexOf("?");
    return this.#options.vital?.has(mark === -1 ? url : url.slice(0, mark)) === true;
  }
}

function isOnProxyUrl({ url = "" }: InboundRequest): boolean {
  return url.startsWith(proxyPathPrefix);
}
