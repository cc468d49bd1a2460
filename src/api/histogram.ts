/** `/v1/mcp/calls/histogram`: when the calls of a filter began, by how they ended. */
import type { z } from "@hono/zod-openapi";
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import { invalid } from "../problem.ts";
import type { CallLog, HistogramBucket, HistogramQuery } from "../store/call-log.ts";
import { bucketCount, bucketWidthMs } from "./bucket-width.ts";
import { operation } from "./operation.ts";
import { countParameters, toFilter } from "./query.ts";
import { wholeNumber } from "./query-fields.ts";
import { callHistogramSchema, type WireCallHistogram } from "./wire.ts";

const dayMs = 86_400_000;
const bucketsDefault = 60;
const bucketsMax = 1_000;
const bucketMaxMs = 36_500 * dayMs;

const parameters = countParameters.extend({
  from: countParameters.shape.from.openapi({
    description: "Earliest start, inclusive; 24 hours before `to` unless given.",
  }),
  to: countParameters.shape.to.openapi({
    description: "Latest start, exclusive; now unless given.",
  }),
  buckets: wholeNumber(2, bucketsMax).optional().openapi({
    default: bucketsDefault,
    description: "At most so many, of the smallest round width that makes no more.",
  }),
  bucket_ms: wholeNumber(1, bucketMaxMs)
    .optional()
    .openapi({
      description: `Their width, instead of \`buckets\`; at most ${bucketsMax} of them.`,
    }),
});

export function histogram(log: Pick<CallLog, "histogram">, clock: Pick<Clock, "nowMs">) {
  return operation({
    name: "getCallHistogram",
    tag: "Calls",
    summary: "Count calls over time",
    description: "Takes the filters of the list. The answer says how wide the buckets are. Exact.",
    needs: { scope: "calls:read" },
    query: parameters,
    result: callHistogramSchema,
    example: {
      query: "?tool_name=search&from=2026-11-20T08:00Z&to=2026-11-20T10:00Z&bucket_ms=3600000",
      answer: {
        from: "2026-11-20T08:00:00.000Z",
        to: "2026-11-20T10:00:00.000Z",
        bucket_ms: 3_600_000,
        ...{ total_calls: 3, success_count: 2, error_count: 1, timeout_count: 0 },
        series: [
          {
            start: "2026-11-20T08:00:00.000Z",
            ...{ total_calls: 3, success_count: 2, error_count: 1, timeout_count: 0 },
          },
          {
            start: "2026-11-20T09:00:00.000Z",
            ...{ total_calls: 0, success_count: 0, error_count: 0, timeout_count: 0 },
          },
        ],
      },
    },
    run: async ({ caller, query: asked, signal }) => {
      const query = toHistogramQuery(asked, caller, clock.nowMs());
      return toWire(query, await log.histogram(caller.teamId, query, signal));
    },
  });
}

function toHistogramQuery(
  query: z.output<typeof parameters>,
  caller: Caller,
  nowMs: number,
): HistogramQuery {
  const { bucket_ms, buckets, to: untilMs = nowMs } = query;
  if (bucket_ms !== undefined && buckets !== undefined)
    throw invalid({ field: "buckets", message: "cannot be combined with bucket_ms" });
  const sinceMs = query.from ?? untilMs - dayMs;
  const filter = toFilter({ ...query, from: sinceMs, to: untilMs }, caller);
  const bucketMs = bucket_ms ?? bucketWidthMs(sinceMs, untilMs, buckets ?? bucketsDefault);
  const count = bucketCount(sinceMs, untilMs, bucketMs);
  if (count > bucketsMax) {
    const message = `makes ${count} buckets, the limit is ${bucketsMax}`;
    throw invalid({ field: "bucket_ms", message });
  }
  return { filter: { ...filter, window: { sinceMs, untilMs } }, bucketMs };
}

function toWire(
  { filter: { window }, bucketMs }: HistogramQuery,
  buckets: readonly HistogramBucket[],
): WireCallHistogram {
  const series = buckets.map((bucket) => ({
    start: new Date(bucket.startMs).toISOString(),
    total_calls: bucket.successCount + bucket.errorCount + bucket.timeoutCount,
    success_count: bucket.successCount,
    error_count: bucket.errorCount,
    timeout_count: bucket.timeoutCount,
  }));
  const sum = (name: Exclude<keyof (typeof series)[number], "start">) =>
    series.reduce((total, bucket) => total + bucket[name], 0);
  return {
    from: new Date(window.sinceMs).toISOString(),
    to: new Date(window.untilMs).toISOString(),
    bucket_ms: bucketMs,
    total_calls: sum("total_calls"),
    success_count: sum("success_count"),
    error_count: sum("error_count"),
    timeout_count: sum("timeout_count"),
    series,
  };
}
