/**
 * `fetch` through the egress rule, for libraries that ask the web by themselves, such as those of sign-on.
 *
 * In: requests. Out: their answers. Follows no redirect: where one leads is for the caller to decide. Bounds: 10 s for
 * each step, 1 MiB for an answer.
 */
import { Agent, fetch as undiciFetch } from "undici";
import type { Egress } from "./egress.ts";
import { connectTimeoutMs } from "./limits.ts";

const stepTimeoutMs = 10_000;
const answerMaxBytes = 1_048_576;

export type OutboundFetch = typeof globalThis.fetch;

/** Ends idle connections when disposed. */
export interface OutboundLine extends AsyncDisposable {
  readonly fetch: OutboundFetch;
}

export function outboundFetch(egress: Egress): OutboundLine {
  const agent = new Agent({
    allowH2: false,
    headersTimeout: stepTimeoutMs,
    bodyTimeout: stepTimeoutMs,
    maxResponseSize: answerMaxBytes,
    connect: (options, callback) => {
      const { protocol, host = options.hostname } = options;
      egress.connector(`${protocol}//${host}`, connectTimeoutMs)(options, callback);
    },
  });
  const ask = (input: string | URL, init: object = {}) =>
    undiciFetch(input, { ...init, redirect: "manual", dispatcher: agent });
  return {
    // The same interface by another hand: Node's own is an older copy of it.
    fetch: ask as unknown as OutboundFetch,
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}
