/** Every server of the team: for names in lists, and for the pages that edit them. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import type { WireServer, WireServerList } from "../../src/api/wire-servers.ts";
import { call } from "../api.ts";

export const serversQuery = queryOptions({
  queryKey: ["servers"],
  queryFn: ({ signal }) => call<WireServerList>("/mcp/servers", { signal }),
  staleTime: 30_000,
});

/** By id; empty until they are known. */
export function useServersById(): ReadonlyMap<string, WireServer> {
  const { data } = useQuery({ ...serversQuery, select: byId });
  return data ?? none;
}

const none: ReadonlyMap<string, WireServer> = new Map();

function byId({ data }: WireServerList): ReadonlyMap<string, WireServer> {
  return new Map(data.map((server) => [server.id, server]));
}
