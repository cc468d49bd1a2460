/**
 * `/v1/mcp/calls/stream`: the log followed live, as server-sent events.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 *
 * Guarantees: each matching call that arrives after the position where the stream began is one event, in
 * the order of arrival; whoever comes back with the last id goes on there, without loss or repeat. Ends
 * between two events, when the host stops, or the credential is good no more or for less. Bounds: a batch of
 * `followers.ts` in memory; a reader that takes nothing for 60 s is cut off.
 */
import { z } from "@hono/zod-openapi";
import { type Clock, systemClock } from "../clock.ts";
import { invalid, Problem } from "../problem.ts";
import { everyAnswer } from "./answer.ts";
import type { Connection } from "./connection.ts";
import type { Batch, Followers } from "./followers.ts";
import { streaming } from "./operation.ts";
import { countParameters, previewMaxBytes, toFilter } from "./query.ts";
import { text } from "./query-fields.ts";
import { streamBody } from "./stream-body.ts";

export interface CallStreamOptions {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** After so long without an event comes a comment, which keeps gateways from hanging up. */
  readonly heartbeatMs: number;
  readonly stallMaxMs: number;
  /** Before a log that is away is asked again. */
  readonly retryMs: number;
}

export const callStreamDefaults: CallStreamOptions = {
  clock: systemClock,
  heartbeatMs: 15_000,
  stallMaxMs: 60_000,
  retryMs: 1_000,
};

/** After which a client that lost us comes back. */
const reconnectMs = 1_000;

const parameters = countParameters.extend({
  after: text().optional().openapi({
    description: "Where to begin: the id of an event. Without: at the end of the log.",
  }),
});
const fields = z.object({
  "Last-Event-ID": text()
    .optional()
    .openapi({ description: "As `after`, which it overrules: sent by whoever reconnects." }),
});

export function callStream(followers: Followers, options: CallStreamOptions = callStreamDefaults) {
  return streaming({
    name: "streamCalls",
    tag: "Calls",
    summary: "Follow calls live",
    description:
      "Server-sent events: one `call` for each matching call as it ends, `data` a call as in the list. " +
      "The `id` of an event is a position in the log, and the field `Last-Event-ID` of the answer " +
      "is the one where the stream begins; with either, a later request goes on without loss or repeat. " +
      "A comment comes after 15 s without an event. A reader that takes nothing for 60 s is cut off.",
    needs: { scope: "calls:read" },
    query: parameters,
    headers: fields,
    content: { "text/event-stream": z.string() },
    problems: ["rate_limited"],
    example: {
      query: "?status=error",
      flags: "-N",
      answer:
        "retry: 1000\nid: AQAAAAAAAAAq\n\n" +
        'id: AQAAAAAAAAAr\nevent: call\ndata: {"id":"019aa4b2-6c1f-7c3e-9d41-0f6a2b8c7d10","status":"error",…}\n\n',
    },
    run: async ({ query, fields: { "Last-Event-ID": last }, signal, connection }) => {
      const { caller } = connection;
      const { teamId } = caller;
      const asked = { filter: toFilter(query, caller), bodyMaxLength: previewMaxBytes + 1 };
      const read = (after: string | undefined, reading: AbortSignal) =>
        followers.batch(caller, after === undefined ? asked : { ...asked, after }, reading);
      const leave = followers.join(teamId);
      try {
        const after = last ?? query.after;
        const seen = followers.changes;
        const batch = await read(after, signal).catch(blame(last === undefined));
        const start = { at: after ?? batch.next, batch, seen };
        const body = streamBody(
          (following) =>
            events({ ...options, followers, read, connection, signal: following }, start),
          { signal, connection, stallMaxMs: options.stallMaxMs, onEnd: leave },
        );
        const own = {
          "Content-Type": "text/event-stream; charset=utf-8",
          "Last-Event-ID": start.at,
          // nginx and what is built on it would hold events back.
          "X-Accel-Buffering": "no",
        };
        return new Response(body, { headers: { ...everyAnswer, ...own } });
      } catch (cause) {
        leave();
        throw cause;
      }
    },
  });
}

interface Following extends CallStreamOptions {
  readonly followers: Followers;
  readonly read: (after: string, signal: AbortSignal) => Promise<Batch>;
  readonly connection: Connection;
  readonly signal: AbortSignal;
}

interface Start {
  readonly at: string;
  /** What comes after `at`. */
  readonly batch: Batch;
  /** `followers.changes` before the batch was read. */
  readonly seen: number;
}

async function* events(following: Following, start: Start): AsyncGenerator<Uint8Array> {
  const { followers, clock, heartbeatMs, retryMs, connection, signal } = following;
  let { at, batch, seen }: { at: string; batch: Batch | undefined; seen: number } = start;
  // An id without data is remembered, too: who is cut off before the first event can come back.
  yield Buffer.from(`retry: ${reconnectMs}\nid: ${at}\n\n`);
  let spokeAtMs = clock.monotonicMs();
  for (;;) {
    const next = batch?.next ?? at;
    const silenceMs = clock.monotonicMs() - spokeAtMs;
    const isNew = batch !== undefined && batch.events.length > 0;
    if (isNew || silenceMs >= heartbeatMs) {
      if (!(await isWelcome(connection))) return;
      yield isNew && batch ? batch.events : Buffer.from(`:\nid: ${next}\n\n`);
      spokeAtMs = clock.monotonicMs();
    }
    if (followers.ended) return;
    if (next === at || followers.isEnd(connection.caller.teamId, next)) {
      const leftMs = Math.max(0, spokeAtMs + heartbeatMs - clock.monotonicMs());
      await followers.change(seen, batch ? leftMs : Math.min(leftMs, retryMs), signal);
    }
    at = next;
    seen = followers.changes;
    batch = await readUnlessAway(following, at);
  }
}

/** Undefined when the log is away, which it may be for a moment: the stream outlives that. */
async function readUnlessAway({ read, signal }: Following, at: string): Promise<Batch | undefined> {
  try {
    return await read(at, signal);
  } catch (cause) {
    if (cause instanceof Problem && cause.code === "unavailable") return undefined;
    throw cause;
  }
}

/** A stream whose key was removed ends between two events; who comes back is told why. */
async function isWelcome(connection: Connection): Promise<boolean> {
  try {
    await connection.recheck();
    return true;
  } catch (cause) {
    if (cause instanceof Problem) return false;
    throw cause;
  }
}

/** The log calls a position `after`; the client may have sent it as a header field. */
function blame(isParameter: boolean) {
  return (cause: unknown): never => {
    if (isParameter || !(cause instanceof Problem) || cause.details.length === 0) throw cause;
    throw invalid(...cause.details.map(({ message }) => ({ field: "Last-Event-ID", message })));
  };
}
