/**
 * The way to a server through its own proxy URL, for requests that the host makes: recorded like those of agents, over no
 * socket.
 *
 * In: requests. Out: the proxy's answers. Bounds: `maxMs` from the first to the last, `answersMaxBytes` of answers that are read.
 */
import type { InnerAnswer, InnerLine } from "../edge/inner-line.ts";
import type { OwnCall } from "../exchange.ts";
import { newId } from "../id.ts";
import type { OwnOrigin } from "../proxy/forwarder.ts";
import { proxyPrefix } from "../proxy/target.ts";
import type { Server } from "../server.ts";
import type { Way, WayRequest } from "./mcp-exchange.ts";

const answersMaxBytes = 4_194_304;

export interface ProxyWayOptions {
  readonly line: Pick<InnerLine<OwnOrigin>, "send">;
  /** What clients call this host; known once it listens. */
  readonly url: () => string;
}

/** For whom, where to, and until when. */
export interface Errand {
  readonly server: Pick<Server, "slug">;
  readonly sourceIp: string;
  readonly signal: AbortSignal;
}

export class ProxyWay implements Way {
  readonly signal: AbortSignal;
  bytesLeft = answersMaxBytes;
  readonly #options: ProxyWayOptions;
  readonly #errand: Errand;
  #lastCallId = "";

  constructor(options: ProxyWayOptions, errand: Errand) {
    this.#options = options;
    this.#errand = errand;
    this.signal = errand.signal;
  }

  /** The id of the call that the last request became; empty before the first. */
  get lastCallId(): string {
    return this.#lastCallId;
  }

  send(request: WayRequest): Promise<InnerAnswer> {
    return this.sendAs({ callId: newId(), replayOf: "" }, request);
  }

  /** `path`: what follows the proxy URL. */
  sendAs(call: OwnCall, request: WayRequest, path = ""): Promise<InnerAnswer> {
    this.#lastCallId = call.callId;
    const { line, url } = this.#options;
    const { server, sourceIp } = this.#errand;
    const host = new URL(url()).host;
    return line.send({
      ...request,
      path: `${proxyPrefix}${server.slug}${path}`,
      headers: { host, "user-agent": "hookwatch", ...request.headers },
      mark: { sourceIp, call },
    });
  }
}
