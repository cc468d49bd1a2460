/**
 * Calls as they end, from `/v1/mcp/calls/stream`. By fetch, not EventSource, which can send no credentials
 * but cookies.
 *
 * Guarantees: every matching call after the beginning, once; whoever loses the connection goes on where it
 * was, after 1 s, 2 s, … at most 30 s. Ends when the signal says so, or for good when the API refuses.
 */
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { WireCall } from "../src/api/wire.ts";
import { type Query, send } from "./api.ts";
import { Problem, toProblem } from "./problem.ts";

export interface CallStreamEvents {
  /** The stream has begun, or has begun again: nothing is missed from here on. */
  readonly onOpen: () => void;
  readonly onCall: (call: WireCall) => void;
  /** It will be tried again, unless `final`. */
  readonly onLost: (problem: Problem, final: boolean) => void;
}

const retryMinMs = 1_000;
const retryMaxMs = 30_000;
/** The host sends a comment every 15 s; whoever is silent for longer than this is gone. */
const silenceMaxMs = 45_000;
/** Two bodies of 16 KiB, escaped, and what goes with them. */
const eventMaxLength = 1_000_000;

export async function followCalls(
  query: Query,
  events: CallStreamEvents,
  signal: AbortSignal,
): Promise<void> {
  let after: string | undefined;
  let waitMs = retryMinMs;
  while (!signal.aborted) {
    try {
      after = await readStream({ ...query, after }, events, signal, (id) => {
        after = id;
        waitMs = retryMinMs;
      });
    } catch (cause) {
      if (signal.aborted) return;
      const problem = toProblem(cause);
      const final = problem.status >= 400 && problem.status < 500 && problem.status !== 429;
      events.onLost(problem, final);
      if (final) return;
    }
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 2, retryMaxMs);
  }
}

async function readStream(
  query: Query,
  events: CallStreamEvents,
  signal: AbortSignal,
  onPosition: (id: string) => void,
): Promise<string | undefined> {
  const silence = new AbortController();
  const either = AbortSignal.any([signal, silence.signal]);
  const answer = await send("/mcp/calls/stream", { query, signal: either });
  let position = answer.headers.get("Last-Event-ID") ?? undefined;
  if (position !== undefined) onPosition(position);
  if (!answer.body) throw new Problem("unreachable", 0, "the stream of calls has no body");
  events.onOpen();
  const gone = () => silence.abort(new TypeError("the host is silent"));
  let timer = setTimeout(gone, silenceMaxMs);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(gone, silenceMaxMs);
  };
  const parser = new EventSourceParserStream({
    maxBufferSize: eventMaxLength,
    onComment: heard,
    onId: (id) => {
      position = id;
      onPosition(id);
    },
  });
  const decoder = new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>;
  try {
    for await (const event of answer.body.pipeThrough(decoder).pipeThrough(parser)) {
      heard();
      if (event.event === "call") events.onCall(JSON.parse(event.data) as WireCall);
    }
  } finally {
    clearTimeout(timer);
  }
  return position;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
