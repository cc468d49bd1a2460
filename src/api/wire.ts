/**
 * The JSON shapes of the API: snake_case, ISO 8601 UTC times with milliseconds.
 *
 * The route table and the OpenAPI document are made of these schemas; the dashboard imports the types
 * at the end and nothing else of `src/`. Shapes of answers are open: fields may be added, never
 * renamed or retyped. Shapes of requests are closed.
 */
import { z } from "@hono/zod-openapi";
import { callDirections, callKinds, callStatuses, errorKinds, resultTypes } from "../call.ts";
import { lossKinds } from "../loss.ts";

const uuid = z.uuid();
const time = z.iso.datetime({ precision: 3 });
const count = z.int().min(0);
const milliseconds = z.int().min(0);
const millisecondsOrNull = milliseconds.nullable();
/** Text that came from outside: for programs that hand answers to a model, or show them. */
const untrusted = z.string().openapi({ "x-untrusted": true });
const untrustedOrNull = z.string().nullable().openapi({ "x-untrusted": true });
const rate = z.number().min(0).max(1).nullable();

export const problemSchema = z
  .object({
    error: z.object({
      code: z.string().describe("One of a closed list; decide by this, not by the message."),
      message: z.string().describe("For people: what is wrong, with the value and the limit."),
      details: z
        .array(z.object({ field: z.string(), message: z.string() }))
        .describe("Every wrong field of the input by name; empty unless `validation_error`."),
    }),
  })
  .openapi("Error");

const spent = z.number().min(0);
const spentOrNull = spent.nullable();

export const callTimingsSchema = z
  .object({
    blocked_ms: spent.describe(
      "Until the upstream was turned to: the request's beginning on its way, our own work, redirects.",
    ),
    dns_ms: spentOrNull.describe("Resolving the upstream's name."),
    connect_ms: spentOrNull.describe("Making the TCP connection; null when one stood already."),
    tls_ms: spentOrNull.describe("The TLS handshake, which is not in `connect_ms`."),
    send_ms: spentOrNull.describe("Sending the request."),
    wait_ms: spentOrNull.describe("From there to the first byte of the answer."),
    receive_ms: spentOrNull.describe(
      "From there to the last byte of what answered the call, on whichever stream that came.",
    ),
    overhead_ms: spent.describe("What the proxy itself added; a part of the others."),
  })
  .describe(
    "Where `duration_ms` went: milliseconds to a hundredth, one phase after the other. Null for a phase " +
      "that was not entered; the one that the call ended in lasts until then.",
  )
  .openapi("CallTimings");

export const callSchema = z
  .object({
    id: uuid.describe("UUIDv7, given when the call began."),
    parent_id: uuid
      .nullable()
      .describe("The call that the server asked this for; null without one, or when in doubt."),
    logical_id: uuid.describe(
      "The same for all rounds of a call that asked for more input: the first one's id; else `id`.",
    ),
    replay_of: uuid.nullable().describe("The call that this one was sent again from, or null."),
    team_id: uuid,
    mcp_server_id: uuid.describe("The server the call was proxied to."),
    kind: z.enum(callKinds).describe("`http` is an exchange that was no JSON-RPC."),
    direction: z.enum(callDirections).describe("Who asked; `server` for sampling and the like."),
    method: untrusted.describe("The JSON-RPC method; for `kind: http` the HTTP method."),
    tool_name: untrusted.describe("The tool of `tools/call`; empty for other methods."),
    rpc_id: untrustedOrNull.describe(
      'The JSON text of the request\'s id, so `1` and `"1"` differ; null without one.',
    ),
    path: untrustedOrNull.describe(
      "What followed the slug, values of the query redacted; empty for the MCP endpoint itself.",
    ),
    request_body: untrustedOrNull.describe("The request message as text, secrets redacted."),
    response_body: untrustedOrNull.describe(
      "The response message as text, also of a stream; empty without one.",
    ),
    status: z.enum(callStatuses),
    result_type: z
      .enum([...resultTypes, ""])
      .describe("`input_required` is a success that will be asked again; empty without a result."),
    status_code: count.describe("HTTP status of the answer's exchange; 0 without an answer."),
    error_message: untrustedOrNull.describe("Empty on success."),
    error_kind: z.enum([...errorKinds, ""]).describe("What went wrong; empty on success."),
    error_code: z.int().nullable().describe("The JSON-RPC error code; null without one."),
    duration_ms: milliseconds.describe("First byte of the request to last byte of the answer."),
    ttfb_ms: millisecondsOrNull.describe("To the first byte of the answer; null without one."),
    timings: callTimingsSchema
      .nullable()
      .describe("Null where nothing went to the upstream for this call, or it was not measured."),
    source_ip: z.string().describe("Address of the calling client."),
    headers: z
      .record(z.string(), z.string())
      .nullable()
      .openapi({ "x-untrusted": true })
      .describe("The client's request header fields, names in lower case, secrets redacted."),
    header_mismatches: z
      .array(z.string())
      .readonly()
      .describe(
        "Names of the fields `mcp-method`, `mcp-name` and `mcp-protocol-version` that disagree with " +
          "the body, or are missing where 2026-07-28 requires them.",
      ),
    session_id: z
      .string()
      .nullable()
      .describe("A keyed digest of the session's id; null without a session."),
    protocol_version: untrustedOrNull.describe("MCP revision; null when unknown."),
    client_name: untrustedOrNull.describe("Null when the client did not say."),
    client_version: untrustedOrNull.describe("Null when the client did not say."),
    trace_id: z.string().nullable().describe("W3C trace id; null without one."),
    request_bytes: count.describe("Bytes that passed, whatever was kept."),
    response_bytes: count,
    request_truncated: z.boolean().describe("The log holds less than what passed."),
    response_truncated: z.boolean(),
    request_preview: z
      .boolean()
      .describe("This answer shows less than the log holds: lists cut bodies at 16 KiB."),
    response_preview: z.boolean(),
    created_at: time.describe("When the call began."),
  })
  .openapi("Call");

export const callListSchema = z
  .object({
    data: z
      .array(callSchema)
      .describe(
        "Newest first. A text search may return fewer calls than `limit`, even none, and yet " +
          "have more: go on with `next_cursor`.",
      ),
    limit: z.int(),
    offset: count,
    has_more: z.boolean(),
    next_cursor: z.string().nullable().describe("Pass as `cursor`; null at the end."),
  })
  .openapi("CallList");

export const callCountSchema = z.object({ count }).openapi("CallCount");

export const callFacetsSchema = z
  .object({
    data: z
      .array(
        z.object({
          field: z.string().describe("The filter that takes these values."),
          values: z
            .array(
              z.object({
                value: z.string().describe("Empty for calls that have none."),
                count: count.describe("Calls that have it."),
              }),
            )
            .describe("Most frequent first, then by value."),
        }),
      )
      .describe("A facet for each field, in the order asked for."),
  })
  .openapi("CallFacets");

export const callMessagesSchema = z
  .object({
    data: z
      .array(
        z.object({
          at: time,
          offset_ms: milliseconds.describe("After the start of the call."),
          direction: z.enum(callDirections).describe("Who sent it."),
          body: untrusted,
        }),
      )
      .describe("In order of arrival."),
  })
  .openapi("CallMessages");

const counts = {
  total_calls: count,
  success_count: count,
  error_count: count,
  timeout_count: count,
};

const statistics = {
  ...counts,
  success_rate: rate.describe("success_count / total_calls, 0 to 1; null without calls."),
  error_rate: rate.describe("error_count / total_calls, 0 to 1; null without calls."),
  avg_duration_ms: millisecondsOrNull,
  p50_duration_ms: millisecondsOrNull,
  p95_duration_ms: millisecondsOrNull,
  p99_duration_ms: millisecondsOrNull,
  max_duration_ms: millisecondsOrNull,
};

const groups = <Name extends z.ZodRawShape>(name: Name) =>
  z.array(z.object({ ...name, ...statistics })).describe("Most calls first, at most 1,000.");

export const callMetricsSchema = z
  .object({
    days: z.int().describe("Length of the window, rounded up to whole days."),
    from: time,
    to: time.describe("Exclusive."),
    ...statistics,
    by_status: z.object({ success: count, error: count, timeout: count }),
    by_tool: groups({ tool_name: z.string() }).describe("Calls that name no tool are left out."),
    by_method: groups({ method: z.string() }),
    by_server: groups({ server_id: uuid, name: z.string() }),
    by_client: groups({ client_name: z.string().nullable() }),
    series: z
      .array(
        z.object({
          start: time,
          ...counts,
          p50_duration_ms: millisecondsOrNull,
          p95_duration_ms: millisecondsOrNull,
          p99_duration_ms: millisecondsOrNull,
        }),
      )
      .describe("Oldest first, empty buckets included: hours up to 3 days, else days, of UTC."),
  })
  .openapi("CallMetrics");

export const callHistogramSchema = z
  .object({
    from: time,
    to: time.describe("Exclusive."),
    bucket_ms: z.int().describe("Width of every bucket, milliseconds."),
    ...counts,
    series: z
      .array(z.object({ start: time, ...counts }))
      .describe(
        "Oldest first, empty buckets included. Buckets start at whole multiples of their width since " +
          "1970-01-01 UTC, so the first may start before `from`; calls before it are not in it.",
      ),
  })
  .openapi("CallHistogram");

export const callLossesSchema = z
  .object({
    data: z
      .array(
        z.object({
          id: uuid.describe("UUIDv7."),
          team_id: uuid,
          mcp_server_id: uuid.describe("The server whose calls are missing."),
          kind: z
            .enum(lossKinds)
            .describe("`call`: the whole call. `bodies`: the call is there, its bodies are not."),
          reason: z.string().describe("A word such as `queue_full`."),
          count: count.describe("How many calls."),
          first_at: time.describe("When the first of them began."),
          last_at: time.describe("When the last of them began."),
        }),
      )
      .describe("Newest first by `first_at`, then `id`."),
    limit: z.int(),
  })
  .openapi("CallLosses");

export type WireProblem = z.input<typeof problemSchema>;
export type WireCall = z.input<typeof callSchema>;
export type WireCallList = z.input<typeof callListSchema>;
export type WireCallCount = z.input<typeof callCountSchema>;
export type WireCallFacets = z.input<typeof callFacetsSchema>;
export type WireCallHistogram = z.input<typeof callHistogramSchema>;
export type WireCallLosses = z.input<typeof callLossesSchema>;
export type WireCallMessages = z.input<typeof callMessagesSchema>;
export type WireCallMetrics = z.input<typeof callMetricsSchema>;
