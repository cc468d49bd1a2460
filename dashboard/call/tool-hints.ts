/** What a server says of a tool's effects, in the newest list of tools that passed through us. */
import { queryOptions } from "@tanstack/react-query";
import type { WireCall, WireCallList } from "../../src/api/wire.ts";
import { call as ask } from "../api.ts";
import { parseObject, toFields, toList } from "./rpc-message.ts";

/** `reads`: it changes nothing. `changes`, `destroys`: what it may do. `unknown`: nobody said. */
export type ToolEffect = "reads" | "changes" | "destroys" | "unknown";

/** Lists of tools looked through, newest first. */
const listsMax = 5;

export function toolEffectQuery({ mcp_server_id: server, tool_name: tool }: WireCall) {
  return queryOptions({
    queryKey: ["tool-effect", server, tool],
    queryFn: async ({ signal }): Promise<ToolEffect> => {
      const query = { server_id: server, method: "tools/list", status: "success", limit: listsMax };
      const { data } = await ask<WireCallList>("/mcp/calls", { query, signal });
      for (const { id } of data) {
        const list = await ask<WireCall>(`/mcp/calls/${id}`, { signal });
        const tools = toList(toFields(parseObject(list.response_body)?.result)?.tools);
        const found = tools?.find(({ name }) => name === tool);
        if (found) return effectOf(toFields(found.annotations));
      }
      return "unknown";
    },
    staleTime: 60_000,
  });
}

/** https://modelcontextprotocol.io/specification/2025-11-25/schema#toolannotations: destructive unless it says otherwise. */
function effectOf(hints: Readonly<Record<string, unknown>> | undefined): ToolEffect {
  if (hints?.readOnlyHint === true) return "reads";
  if (hints?.destructiveHint === false) return "changes";
  return hints?.readOnlyHint === undefined && hints?.destructiveHint === undefined
    ? "unknown"
    : "destroys";
}
