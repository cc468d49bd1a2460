/** Sessions by their greeting, and the calls of one of them. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { WireCall, WireCallFacets, WireCallList } from "../../src/api/wire.ts";
import { call as ask } from "../api.ts";
import type { SessionsSearch } from "./sessions-search.ts";

const pageSize = 30;
/** Of one session, its newest; asked for in pages, for each call brings its bodies along. */
export const callsMax = 1_000;
const callsPageSize = 200;

/** Newest first. A session begins with the answer to `initialize`, which issues it. */
export function sessionsQuery(search: SessionsSearch) {
  return infiniteQueryOptions({
    queryKey: ["sessions", search],
    queryFn: async ({ pageParam, signal }) => {
      const query = { ...search, method: "initialize", limit: pageSize, cursor: pageParam };
      const page = await ask<WireCallList>("/mcp/calls", { query, signal });
      return { ...page, data: page.data.filter(({ session_id }) => session_id !== null) };
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next_cursor }) => next_cursor ?? undefined,
  });
}

export interface SessionCounts {
  readonly calls: number;
  readonly failed: number;
}

export function sessionCountsQuery(sessionId: string) {
  return queryOptions({
    queryKey: ["session-counts", sessionId],
    queryFn: async ({ signal }): Promise<SessionCounts> => {
      const query = { session_id: sessionId, field: "status", kind: ["request", "notification"] };
      const { data } = await ask<WireCallFacets>("/mcp/calls/facets", { query, signal });
      const values = data[0]?.values ?? [];
      const sum = (of: typeof values) => of.reduce((total, { count }) => total + count, 0);
      return { calls: sum(values), failed: sum(values.filter(({ value }) => value !== "success")) };
    },
    staleTime: 15_000,
  });
}

export interface SessionCalls {
  /** Oldest first. */
  readonly calls: readonly WireCall[];
  /** There are older ones. */
  readonly cut: boolean;
}

export function sessionCallsQuery(sessionId: string) {
  return queryOptions({
    queryKey: ["session-calls", sessionId],
    queryFn: async ({ signal }): Promise<SessionCalls> => {
      const calls: WireCall[] = [];
      let cursor: string | null = null;
      do {
        const query = { session_id: sessionId, limit: callsPageSize, cursor: cursor ?? undefined };
        const page: WireCallList = await ask<WireCallList>("/mcp/calls", { query, signal });
        calls.push(...page.data);
        cursor = page.next_cursor;
      } while (cursor !== null && calls.length < callsMax);
      return { calls: calls.toReversed(), cut: cursor !== null };
    },
  });
}
