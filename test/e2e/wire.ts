/**
 * What a client sends and receives, byte for byte, seen from its `fetch`.
 *
 * In: the requests of one client. Out: its exchanges in order of their start, each with both bodies
 * as text. Bounded by the test that owns it.
 */
import { until } from "./until.ts";

export interface WireExchange {
  readonly method: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly requestBody: string;
  readonly startedAtMs: number;
  status: number;
  responseHeaders: Readonly<Record<string, string>>;
  responseBody: string;
  /** `open` until the last byte; `left` when the client gave up, `broken` when the body was cut. */
  state: "open" | "complete" | "left" | "broken";
  endedAtMs: number;
}

export class Wire {
  readonly exchanges: WireExchange[] = [];

  /** A `fetch` to give to a client. */
  readonly fetch = async (url: string | URL, init: RequestInit = {}): Promise<Response> => {
    const exchange: WireExchange = {
      method: init.method ?? "GET",
      requestHeaders: Object.fromEntries(new Headers(init.headers)),
      requestBody: typeof init.body === "string" ? init.body : "",
      startedAtMs: Date.now(),
      status: 0,
      responseHeaders: {},
      responseBody: "",
      state: "open",
      endedAtMs: 0,
    };
    this.exchanges.push(exchange);
    let response: Response;
    try {
      response = await fetch(url, init);
    } catch (cause) {
      end(exchange, init.signal?.aborted ? "left" : "broken");
      throw cause;
    }
    exchange.status = response.status;
    exchange.responseHeaders = Object.fromEntries(response.headers);
    if (!response.body) {
      end(exchange, "complete");
      return response;
    }
    return new Response(watched(response.body, exchange, init.signal), response);
  };

  /** Resolves when an exchange that fits has its response head. */
  async answered(fits: (exchange: WireExchange) => boolean): Promise<WireExchange> {
    const find = () => this.exchanges.find((exchange) => exchange.status > 0 && fits(exchange));
    const found = await until("an answered exchange", 5_000, find, (one) => one !== undefined);
    if (!found) throw new Error("unreachable: until accepts no undefined");
    return found;
  }

  /** Resolves when no POST and no DELETE is under way any more. */
  async quiet(): Promise<void> {
    const open = () =>
      this.exchanges.filter(({ state, method }) => state === "open" && method !== "GET");
    await until("the end of all exchanges", 5_000, open, (some) => some.length === 0);
  }
}

function watched(
  body: ReadableStream<Uint8Array>,
  exchange: WireExchange,
  signal: AbortSignal | null | undefined,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        exchange.responseBody += decoder.decode(value, { stream: !done });
        if (!done) return controller.enqueue(value);
        end(exchange, "complete");
        controller.close();
      } catch (cause) {
        end(exchange, signal?.aborted ? "left" : "broken");
        controller.error(cause);
      }
    },
    cancel(reason) {
      // A client that needs no body drops it; only one that had not seen its end has left.
      end(exchange, exchange.status === 202 ? "complete" : "left");
      return reader.cancel(reason);
    },
  });
}

function end(exchange: WireExchange, state: WireExchange["state"]): void {
  if (exchange.state !== "open") return;
  exchange.state = state;
  exchange.endedAtMs = Date.now();
}
