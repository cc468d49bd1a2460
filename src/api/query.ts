/**
 * Query parameters → queries of the call log.
 *
 * Strict: an unknown, malformed or contradictory parameter is a `validation_error` that names it.
 * Nothing here knows of teams: the id of another team's server is one that no call of ours has.
 */
import { z } from "@hono/zod-openapi";
import { callDirections, callKinds, callStatuses, errorKinds } from "../call.ts";
import type { Caller } from "../caller.ts";
import { invalid } from "../problem.ts";
import type { CallFilter, CallValues } from "../store/call-filter.ts";
import type { LossQuery, MetricsQuery, PageQuery } from "../store/call-log.ts";
import { demandScope } from "./needs.ts";
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

const errorKind = () => oneOf([...errorKinds, ""]);
const excluding = (what: string) => `No calls ${what}; repeated: none of its values.`;

const exclusions = {
  exclude_server_id: anyOf(uuid(), excluding("of this server")),
  exclude_method: anyOf(text(), excluding("of this method")),
  exclude_tool_name: anyOf(text(), excluding("of this tool; empty: that name none")),
  exclude_status: anyOf(oneOf(callStatuses), excluding("that ended so")),
  exclude_kind: anyOf(oneOf(callKinds), excluding("of this kind")),
  exclude_direction: anyOf(oneOf(callDirections), excluding("asked by this side")),
  exclude_session_id: anyOf(text(), excluding("of this session; empty: without one")),
  exclude_client_name: anyOf(text(), excluding("of this client; empty: that did not say")),
  exclude_error_kind: anyOf(errorKind(), excluding("that failed so; empty: that succeeded")),
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
  error_kind: anyOf(errorKind(), "What went wrong; empty for calls that succeeded."),
  ...exclusions,
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

export const metricsParameters = countParameters.omit({ q: true }).extend({
  days: wholeNumber(1, daysMax).optional().openapi({
    default: daysDefault,
    description: "Length of the window that ends at `to` or now.",
  }),
});

export function toPageQuery(query: z.output<typeof listParameters>, caller: Caller) {
  return {
    ...toFilter(query, caller),
    ...present({ cursor: query.cursor }),
    limit: query.limit ?? limitDefault,
    offset: query.offset ?? 0,
    bodyMaxLength: previewMaxBytes + 1,
  } satisfies PageQuery;
}

/** @throws Problem `forbidden` — who may not read bodies would learn from a search for words what they say. */
export function toFilter(query: z.output<typeof countParameters>, caller: Caller): CallFilter {
  const { from: sinceMs, to: untilMs, min_duration_ms, max_duration_ms } = query;
  refuseReversed("from", sinceMs, "to", untilMs);
  refuseReversed("min_duration_ms", min_duration_ms, "max_duration_ms", max_duration_ms);
  const window = present({ sinceMs, untilMs });
  const text = query.q?.trim() ? query.q : undefined;
  if (text !== undefined) demandScope(caller, "calls:bodies");
  const excluded = toExclusions(query);
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
    text,
    exclude: Object.keys(excluded).length > 0 ? excluded : undefined,
  });
}

function toExclusions(query: z.output<typeof countParameters>): CallValues {
  return present({
    serverIds: query.exclude_server_id,
    methods: query.exclude_method,
    toolNames: query.exclude_tool_name,
    statuses: query.exclude_status,
    kinds: query.exclude_kind,
    directions: query.exclude_direction,
    sessionIds: query.exclude_session_id,
    clientNames: query.exclude_client_name,
    errorKinds: query.exclude_error_kind,
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
  { days, ...query }: z.output<typeof metricsParameters>,
  caller: Caller,
  nowMs: number,
): MetricsQuery {
  if (query.from !== undefined && days !== undefined) {
    throw invalid({ field: "days", message: "cannot be combined with from" });
  }
  const untilMs = query.to ?? nowMs;
  const sinceMs = query.from ?? untilMs - (days ?? daysDefault) * dayMs;
  const { text: _, ...conditions } = toFilter({ ...query, from: sinceMs, to: untilMs }, caller);
  const lengthMs = untilMs - sinceMs;
  if (lengthMs > daysMax * dayMs) {
    const message = `is more than ${daysMax} days before to, which is the limit`;
    throw invalid({ field: "from", message });
  }
  const bucketMs = lengthMs <= hourlyMaxMs ? hourMs : dayMs;
  return { ...conditions, window: { sinceMs, untilMs }, bucketMs };
}

/** Length of a metrics window in days, rounded up. */
export function daysOf({ window }: MetricsQuery): number {
  return Math.ceil((window.untilMs - window.sinceMs) / dayMs);
}

export function refuseReversed(
  lowName: string,
  low = -Infinity,
  highName: string,
  high = Infinity,
) {
  if (low > high)
    throw invalid({ field: lowName, message: `must not be greater than ${highName}` });
}

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

function present<Fields extends object>(fields: Fields): Present<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Present<Fields>;
}
