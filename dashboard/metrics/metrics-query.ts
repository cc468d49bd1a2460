/** Figures over a span of days, and the errors that stand out in it. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { WireCallList, WireCallMetrics } from "../../src/api/wire.ts";
import { call as ask } from "../api.ts";
import { groupErrors } from "./error-groups.ts";
import { type MetricsSearch, spans } from "./metrics-search.ts";

/** Errors that are grouped: the newest. A page of the list each. */
export const errorsRead = 200;

export function metricsQuery({ span = "1d", ...filter }: MetricsSearch) {
  return queryOptions({
    queryKey: ["metrics", span, filter],
    queryFn: ({ signal }) =>
      ask<WireCallMetrics>("/mcp/calls/metrics", {
        query: { days: spans[span], ...filter },
        signal,
      }),
    staleTime: 15_000,
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });
}

export function topErrorsQuery({ span = "1d", ...filter }: MetricsSearch) {
  return queryOptions({
    queryKey: ["top-errors", span, filter],
    queryFn: async ({ signal }) => {
      const from = new Date(Date.now() - spans[span] * 86_400_000).toISOString();
      const query = { ...filter, status: ["error", "timeout"], from, limit: errorsRead };
      const { data, has_more } = await ask<WireCallList>("/mcp/calls", { query, signal });
      return { groups: groupErrors(data), read: data.length, more: has_more };
    },
    staleTime: 15_000,
    placeholderData: keepPreviousData,
  });
}
