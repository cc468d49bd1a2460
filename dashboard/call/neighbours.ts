/**
 * The calls before and after one, among those that have something in common with it.
 *
 * The API lists newest first, so the next one is found from the far end: by how many there are since. Two
 * requests each way, whatever lies between.
 */
import { queryOptions } from "@tanstack/react-query";
import type { WireCall, WireCallCount, WireCallList } from "../../src/api/wire.ts";
import { call as ask, type Query } from "../api.ts";

export interface Neighbours {
  readonly previous: string | undefined;
  readonly next: string | undefined;
}

/** Calls of one millisecond that may stand beside it. */
const besideMax = 10;
/** As far as the API counts off. */
const offsetMax = 10_000;

/** What calls of the same tool have in common, or of the same method where there is no tool. */
export function alikeOf({ mcp_server_id: server, tool_name: tool, method }: WireCall): Query {
  return { server_id: server, ...(tool === "" ? { method } : { tool_name: tool }) };
}

/** `shared`: fields of the list's filter, such as `{ session_id }`. */
export function neighboursQuery(call: WireCall, shared: Query) {
  return queryOptions({
    queryKey: ["call-neighbours", call.id, shared],
    queryFn: async ({ signal }): Promise<Neighbours> => {
      const [previous, next] = await Promise.all([
        before(call, shared, signal),
        after(call, shared, signal),
      ]);
      return { previous, next };
    },
    staleTime: 10_000,
  });
}

async function before(
  { id, created_at }: WireCall,
  shared: Query,
  signal: AbortSignal,
): Promise<string | undefined> {
  const to = new Date(Date.parse(created_at) + 1).toISOString();
  const query = { ...shared, to, limit: besideMax };
  const { data } = await ask<WireCallList>("/mcp/calls", { query, signal });
  const at = data.findIndex((each) => each.id === id);
  return at === -1 ? undefined : data[at + 1]?.id;
}

async function after(
  { id, created_at: from }: WireCall,
  shared: Query,
  signal: AbortSignal,
): Promise<string | undefined> {
  const query = { ...shared, from };
  const { count } = await ask<WireCallCount>("/mcp/calls/count", { query, signal });
  const offset = Math.max(0, count - besideMax);
  if (offset > offsetMax) return undefined;
  const { data } = await ask<WireCallList>("/mcp/calls", {
    query: { ...query, limit: besideMax, offset },
    signal,
  });
  const at = data.findIndex((each) => each.id === id);
  return at < 1 ? undefined : data[at - 1]?.id;
}
