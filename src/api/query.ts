/**
 * Query parameters → queries of the call log.
 *
 * Strict: an unknown, malformed or contradictory parameter is a `validation_error` that names it.
 * Nothing here knows of teams: the id of another team's server is one that no call of ours has.
 */
import { z } from "@hono/zod-openapi";
import { callDirections, callKinds, callStatuses, errorKinds } from "../call.ts";
import { invalid } from "../problem.ts";
import type { CallFilter } from "../store/call-filter.ts";
import type { LossQuery, MetricsQuery, PageQuery } from "../store/call-log.ts";
import { anyOf, instant, oneOf, text, uuid, wholeNumber } from "./query-fields.ts";

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const daysMax = 365;
const daysDefault = 30;
/** Up to this length of window a bucket of the series is an hour. */
const hourlyMaxMs = 3 * dayMs;
const limitMax = 1_000;
const limitDefault = 50;
const lossesDefault = 100;
const offsetMax = 10_000_000;
const durationMaxMs = 1_000_000_000_000;
/** Lists show bodies up to 16 KiB; one unit more tells that there is more. */
export const previewMaxBytes = 16_384;

const iso = "An ISO 8601 date, meaning midnight UTC, or a date-time with its offset.";
const filter = {
  server_id: anyOf(uuid(), "Calls of this server."),
  method: anyOf(text(), "The JSON-RPC method, such as `tools/call`."),
  tool_name: anyOf(text(), "The tool; empty for calls that name none."),
  from: instant()
    .optional()
    .openapi({ description: `Earliest start, inclusive. ${iso}` }),
  to: instant()
    .optional()
    .openapi({ description: `Latest start, exclusive. ${iso}` }),
};

export const countParameters = z.object({
  ...filter,
  status: anyOf(oneOf(callStatuses), "How the call ended."),
  kind: anyOf(oneOf(callKinds), "`http` is an exchange that was no JSON-RPC."),
  direction: anyOf(oneOf(callDirections), "Who asked."),
  session_id: anyOf(text(), "The `session_id` of a call."),
  parent_id: anyOf(uuid(), "What the server asked its client for the sake of this call."),
  logical_id: anyOf(uuid(), "The `logical_id` of a call: all rounds of one call."),
  client_name: anyOf(text(), "The client's name; empty for clients that did not say."),
  error_kind: anyOf(oneOf(errorKinds), "What went wrong."),
  min_duration_ms: wholeNumber(0, durationMaxMs)
    .optional()
    .openapi({ description: "Shortest duration, inclusive." }),
  max_duration_ms: wholeNumber(0, durationMaxMs)
    .optional()
    .openapi({ description: "Longest duration, inclusive." }),
  q: text().optional().openapi({
    description:
      "Words, and phrases in double quotes, that all occur in the bodies or the error message.",
  }),
});

export const listParameters = countParameters.extend({
  limit: wholeNumber(1, limitMax)
    .optional()
    .openapi({ default: limitDefault, description: "Calls on the page." }),
  offset: wholeNumber(0, offsetMax)
    .optional()
    .openapi({ default: 0, description: "Matching calls to skip." }),
  cursor: text()
    .optional()
    .openapi({ description: "`next_cursor` of an earlier answer to the same filters." }),
});

export const lossesParameters = z.object({
  server_id: filter.server_id,
  from: instant()
    .optional()
    .openapi({ description: `Losses whose last call is not earlier. ${iso}` }),
  to: instant()
    .optional()
    .openapi({ description: `Losses whose first call is earlier. ${iso}` }),
  limit: wholeNumber(1, limitMax)
    .optional()
    .openapi({ default: lossesDefault, description: "Losses in the answer." }),
});

export const metricsParameters = z.object({
  ...filter,
  days: wholeNumber(1, daysMax).optional().openapi({
    default: daysDefault,
    description: "Length of the window that ends at `to` or now.",
  }),
});

export function toPageQuery(query: z.output<typeof listParameters>) {
  return {
    ...toFilter(query),
    ...present({ cursor: query.cursor }),
    limit: query.limit ?? limitDefault,
    offset: query.offset ?? 0,
    bodyMaxLength: previewMaxBytes + 1,
  } satisfies PageQuery;
}

export function toFilter(query: z.output<typeof countParameters>): CallFilter {
  const { from: sinceMs, to: untilMs, min_duration_ms, max_duration_ms } = query;
  refuseReversed("from", sinceMs, "to", untilMs);
  refuseReversed("min_duration_ms", min_duration_ms, "max_duration_ms", max_duration_ms);
  const window = present({ sinceMs, untilMs });
  return present({
    serverIds: query.server_id,
    methods: query.method,
    toolNames: query.tool_name,
    statuses: query.status,
    kinds: query.kind,
    directions: query.direction,
    sessionIds: query.session_id,
    parentIds: query.parent_id,
    logicalIds: query.logical_id,
    clientNames: query.client_name,
    errorKinds: query.error_kind,
    minDurationMs: min_duration_ms,
    maxDurationMs: max_duration_ms,
    window: Object.keys(window).length > 0 ? window : undefined,
    text: query.q?.trim() ? query.q : undefined,
  });
}

export function toLossQuery(query: z.output<typeof lossesParameters>): LossQuery {
  const { from: sinceMs, to: untilMs, limit = lossesDefault } = query;
  refuseReversed("from", sinceMs, "to", untilMs);
  return {
    limit,
    ...present({ serverIds: query.server_id }),
    window: present({ sinceMs, untilMs }),
  };
}

/** The window is `from`…`to`, or `days` before `to`; `to` is now unless given. */
export function toMetricsQuery(
  query: z.output<typeof metricsParameters>,
  nowMs: number,
): MetricsQuery {
  if (query.from !== undefined && query.days !== undefined) {
    throw invalid({ field: "days", message: "cannot be combined with from" });
  }
  const untilMs = query.to ?? nowMs;
  const sinceMs = query.from ?? untilMs - (query.days ?? daysDefault) * dayMs;
  refuseReversed("from", sinceMs, "to", untilMs);
  const lengthMs = untilMs - sinceMs;
  if (lengthMs > daysMax * dayMs) {
    const message = `is more than ${daysMax} days before to, which is the limit`;
    throw invalid({ field: "from", message });
  }
  return {
    window: { sinceMs, untilMs },
    bucketMs: lengthMs <= hourlyMaxMs ? hourMs : dayMs,
    ...present({
      serverIds: query.server_id,
      methods: query.method,
      toolNames: query.tool_name,
    }),
  };
}

/** Length of a metrics window in days, rounded up. */
export function daysOf({ window }: MetricsQuery): number {
  return Math.ceil((window.untilMs - window.sinceMs) / dayMs);
}

function refuseReversed(lowName: string, low = -Infinity, highName: string, high = Infinity) {
  if (low > high)
    throw invalid({ field: lowName, message: `must not be greater than ${highName}` });
}

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

function present<Fields extends object>(fields: Fields): Present<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Present<Fields>;
}
