/** `/v1/mcp/calls/metrics`: totals, percentiles, groups and a series over a window. */
import type { Clock } from "../clock.ts";
import type { CallLog, CallMetrics, CallStatistics, MetricsQuery } from "../store/call-log.ts";
import type { Registry } from "../store/registry.ts";
import { operation } from "./operation.ts";
import { daysOf, metricsParameters, toMetricsQuery } from "./query.ts";
import { callMetricsSchema, type WireCallMetrics } from "./wire.ts";

export function metrics(
  log: Pick<CallLog, "metrics">,
  registry: Pick<Registry, "servers">,
  clock: Pick<Clock, "nowMs">,
) {
  return operation({
    name: "getCallMetrics",
    tag: "Calls",
    summary: "Measure calls",
    description:
      "Over the last `days` (30) before `to` (now), or from `from` to `to`; at most 365 days. Takes the filters of the " +
      "list, but for `q`. " +
      "Percentiles are within 2 % of exact.",
    needs: { scope: "calls:read" },
    query: metricsParameters,
    result: callMetricsSchema,
    run: async ({ caller, query: asked, signal }) => {
      const query = toMetricsQuery(asked, caller, clock.nowMs());
      const [measured, servers] = await Promise.all([
        log.metrics(caller.teamId, query, signal),
        registry.servers(caller.teamId),
      ]);
      return toWire(query, measured, new Map(servers.map(({ id, name }) => [id, name])));
    },
  });
}

function toWire(
  query: MetricsQuery,
  measured: CallMetrics,
  serverNames: ReadonlyMap<string, string>,
): WireCallMetrics {
  const { total } = measured;
  return {
    days: daysOf(query),
    from: new Date(query.window.sinceMs).toISOString(),
    to: new Date(query.window.untilMs).toISOString(),
    ...toStatistics(total),
    by_status: {
      success: total.successCount,
      error: total.errorCount,
      timeout: total.timeoutCount,
    },
    by_tool: measured.byTool.map((group) => ({ tool_name: group.name, ...toStatistics(group) })),
    by_method: measured.byMethod.map((group) => ({ method: group.name, ...toStatistics(group) })),
    by_server: measured.byServer.map((group) => ({
      server_id: group.name,
      // A server deleted between the two reads has no name any more.
      name: serverNames.get(group.name) ?? "",
      ...toStatistics(group),
    })),
    by_client: measured.byClient.map((group) => ({
      client_name: group.name || null,
      ...toStatistics(group),
    })),
    series: measured.series.map((bucket) => ({
      start: new Date(bucket.startMs).toISOString(),
      ...toCounts(bucket),
      p50_duration_ms: bucket.p50DurationMs,
      p95_duration_ms: bucket.p95DurationMs,
      p99_duration_ms: bucket.p99DurationMs,
    })),
  };
}

function toCounts({ totalCalls, successCount, errorCount, timeoutCount }: CallStatistics) {
  return {
    total_calls: totalCalls,
    success_count: successCount,
    error_count: errorCount,
    timeout_count: timeoutCount,
  };
}

function toStatistics(group: CallStatistics) {
  const { totalCalls } = group;
  return {
    ...toCounts(group),
    success_rate: totalCalls === 0 ? null : group.successCount / totalCalls,
    error_rate: totalCalls === 0 ? null : group.errorCount / totalCalls,
    avg_duration_ms: group.avgDurationMs,
    p50_duration_ms: group.p50DurationMs,
    p95_duration_ms: group.p95DurationMs,
    p99_duration_ms: group.p99DurationMs,
    max_duration_ms: group.maxDurationMs,
  };
}
