/** One call, whole, and what belongs to it. A call never changes, so it is asked for once. */
import { queryOptions } from "@tanstack/react-query";
import type { WireCall, WireCallList, WireCallMessages } from "../../src/api/wire.ts";
import { call } from "../api.ts";

const keptMs = 300_000;
/** Requests of the server inside a call that are shown. */
const childrenMax = 100;

export function callQuery(id: string) {
  return queryOptions({
    queryKey: ["call", id],
    queryFn: ({ signal }) => call<WireCall>(`/mcp/calls/${encodeURIComponent(id)}`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: keptMs,
  });
}

/** What else travelled on its stream. */
export function messagesQuery(id: string) {
  return queryOptions({
    queryKey: ["call-messages", id],
    queryFn: ({ signal }) =>
      call<WireCallMessages>(`/mcp/calls/${encodeURIComponent(id)}/messages`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: keptMs,
  });
}

/** What the server asked for while it ran, oldest first. */
export function childrenQuery(id: string) {
  return queryOptions({
    queryKey: ["call-children", id],
    queryFn: async ({ signal }) => {
      const query = { parent_id: id, limit: childrenMax };
      const { data } = await call<WireCallList>("/mcp/calls", { query, signal });
      return data.toReversed();
    },
    gcTime: keptMs,
  });
}
