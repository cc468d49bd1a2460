/**
 * Calls at a steady pace, whatever becomes of them: each is due at its time, not when the one before it
 * was answered, and its latency counts from when it was due, so that a stall is felt by all it concerns.
 *
 * In: a proxy URL and a pace. Out: what became of each call. Bounds: 4,096 calls under way, of which further
 * ones fail at once; a call is given up after 20 s.
 */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const underWayMax = 4_096;
const answerMaxMs = 20_000;

export interface LoadCall {
  /** Its JSON-RPC id, unique in this process. */
  readonly id: number;
  /** Times of the monotonic clock. */
  readonly dueAtMs: number;
  answeredAtMs: number | undefined;
  /** Why it has no answer, or not the right one. */
  failure: string | undefined;
}

export interface LoadOptions {
  readonly perSecond: number;
  readonly requestBytes?: number;
  /** Further arguments of the tool call. */
  readonly args?: (id: number) => Readonly<Record<string, unknown>>;
  /** How calls are sent; absent: by an agent that keeps connections alive. */
  readonly send?: Send;
}

export type Send = (url: URL, body: string) => Promise<{ status: number; text: string }>;

let lastId = 0;

export class SteadyLoad {
  readonly calls: LoadCall[] = [];
  readonly #url: URL;
  readonly #options: LoadOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1_024 });
  readonly #underWay = new Set<Promise<void>>();
  readonly #pacing: Promise<void>;
  #stopping = false;

  constructor(url: string, options: LoadOptions) {
    this.#url = new URL(url);
    this.#options = options;
    this.#pacing = this.#pace();
  }

  /** Sends no more, and resolves when each call has ended. */
  async stop(): Promise<readonly LoadCall[]> {
    this.#stopping = true;
    await this.#pacing;
    await Promise.all(this.#underWay);
    this.#agent.destroy();
    return this.calls;
  }

  async #pace(): Promise<void> {
    const startedMs = performance.now();
    for (let sent = 0; !this.#stopping; ) {
      const dueAtMs = startedMs + (sent * 1_000) / this.#options.perSecond;
      const waitMs = dueAtMs - performance.now();
      if (waitMs > 0.5) await sleep(waitMs);
      else {
        this.#send(dueAtMs);
        sent += 1;
      }
    }
  }

  #send(dueAtMs: number): void {
    lastId += 1;
    const call: LoadCall = { id: lastId, dueAtMs, answeredAtMs: undefined, failure: undefined };
    this.calls.push(call);
    if (this.#underWay.size >= underWayMax) {
      call.failure = `${underWayMax} calls under way`;
      return;
    }
    const ended = this.#exchange(call).then(
      () => {
        call.answeredAtMs = performance.now();
      },
      (cause: unknown) => {
        call.failure = cause instanceof Error ? cause.message : String(cause);
      },
    );
    this.#underWay.add(ended);
    void ended.then(() => this.#underWay.delete(ended));
  }

  async #exchange({ id }: LoadCall): Promise<void> {
    const { requestBytes = 250, args } = this.#options;
    const query = "weather in the city of Oslo ".repeat(Math.ceil(requestBytes / 28));
    const params = {
      name: "echo",
      arguments: { query: query.slice(0, requestBytes), ...args?.(id) },
    };
    const body = JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params });
    const send = this.#options.send ?? ((url: URL, text: string) => post(url, text, this.#agent));
    const { status, text } = await send(this.#url, body);
    if (status !== 200) throw new Error(`status ${status}: ${text.slice(0, 200)}`);
    if (!text.includes(`"id":${id},"result"`))
      throw new Error(`another answer: ${text.slice(0, 80)}`);
  }
}

const fields = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2025-11-25",
};

/** As most MCP clients do. */
export const byFetch: Send = async (url, body) => {
  const signal = AbortSignal.timeout(answerMaxMs);
  const response = await fetch(url, { method: "POST", headers: fields, body, signal });
  return { status: response.status, text: await response.text() };
};

const noAgent = new Agent({ keepAlive: false });
/** A connection for each call. */
export const afresh: Send = (url, body) => post(url, body, noAgent);

function post(url: URL, body: string, agent: Agent): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { ...fields, "content-length": Buffer.byteLength(body) };
    const signal = AbortSignal.timeout(answerMaxMs);
    const out = request(url, { method: "POST", agent, headers, signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    out.on("error", reject);
    out.end(body);
  });
}

/** Latency of the answered calls that were due in a span of time, milliseconds. */
export function latencyMs(
  calls: readonly LoadCall[],
  part: number,
  fromMs = Number.NEGATIVE_INFINITY,
  untilMs = Number.POSITIVE_INFINITY,
): number {
  const latencies = calls
    .filter(({ dueAtMs }) => dueAtMs >= fromMs && dueAtMs < untilMs)
    .flatMap(({ dueAtMs, answeredAtMs }) => (answeredAtMs ? [answeredAtMs - dueAtMs] : []));
  return quantile(latencies, part);
}

/** The smallest value that so large a part of them does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}
