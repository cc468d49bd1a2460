/** How many calls began when, by how they ended. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type { WireCallHistogram } from "../../src/api/wire.ts";
import { call } from "../api.ts";
import { type CallFilter, filterKey, rangeOf, toQuery } from "./call-filter.ts";

const bucketsMax = 90;
const dayMs = 86_400_000;
/** How far back all time is looked for. */
const allDays = 3_650;

/** @param refreshMs asked again so often; never when undefined. */
export function useVolume(filter: CallFilter, enabled: boolean, refreshMs: number | undefined) {
  return useQuery({
    queryKey: ["volume", filterKey(filter)],
    queryFn: ({ signal }) => readVolume(filter, signal),
    enabled,
    placeholderData: keepPreviousData,
    refetchInterval: refreshMs ?? false,
  });
}

async function readVolume(filter: CallFilter, signal: AbortSignal): Promise<WireCallHistogram> {
  const nowMs = Date.now();
  const query = { ...toQuery(filter, nowMs), buckets: bucketsMax };
  const read = (own: object) =>
    call<WireCallHistogram>("/mcp/calls/histogram", { query: { ...query, ...own }, signal });
  const endless = rangeOf(filter) === "all" || (rangeOf(filter) === undefined && !filter.from);
  if (!endless) return read({});
  // The API wants a beginning: the first bucket of a long time that has calls is one.
  const untilMs = filter.to === undefined ? nowMs : Date.parse(filter.to);
  const from = new Date(untilMs - allDays * dayMs).toISOString();
  const coarse = await read({ from });
  const first = coarse.series.find(({ total_calls }) => total_calls > 0);
  return first ? read({ from: first.start }) : coarse;
}
