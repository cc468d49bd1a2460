/** `/v1/mcp/calls`: reads the caller's team's call log and removes from it. */
import type { CallLog } from "../store/call-log.ts";
import { found, operation } from "./operation.ts";
import { countParameters, listParameters, toFilter, toPageQuery } from "./query.ts";
import { toWireCall, toWireMessage, toWirePreview } from "./to-wire-call.ts";
import { callCountSchema, callListSchema, callMessagesSchema, callSchema } from "./wire.ts";

export function calls(log: Pick<CallLog, "page" | "find" | "count" | "remove">) {
  const what = "MCP call";
  const tag = "Calls";
  return {
    list: operation({
      name: "listCalls",
      tag,
      summary: "List calls",
      description:
        "Newest first by `created_at`, then `id`. Repeating a filter means any of its values. Following " +
        "`next_cursor` returns every call that was there at the first page exactly once, whatever " +
        "is written meanwhile. Bodies longer than 16 KiB are cut.",
      query: listParameters,
      result: callListSchema,
      run: async ({ caller, query: asked, signal }) => {
        const query = toPageQuery(asked);
        const { calls: page, next } = await log.page(caller.teamId, query, signal);
        return {
          data: page.map(toWirePreview),
          limit: query.limit,
          offset: query.offset,
          has_more: next !== null,
          next_cursor: next,
        };
      },
    }),

    count: operation({
      name: "countCalls",
      tag,
      summary: "Count calls",
      description: "Takes the filters of the list. Exact.",
      query: countParameters,
      result: callCountSchema,
      run: async ({ caller, query, signal }) => ({
        count: await log.count(caller.teamId, toFilter(query), signal),
      }),
    }),

    get: operation({
      name: "getCall",
      tag,
      summary: "Get a call",
      description: "With whole bodies, as far as the log holds them.",
      result: callSchema,
      run: async ({ caller, id }) => toWireCall(found(await log.find(caller.teamId, id), what)),
    }),

    messages: operation({
      name: "listCallMessages",
      tag,
      summary: "List the messages of a call's stream",
      description: "What travelled while the call ran: progress, log messages.",
      result: callMessagesSchema,
      run: async ({ caller, id }) => {
        const call = found(await log.find(caller.teamId, id), what);
        return { data: call.messages.map(toWireMessage) };
      },
    }),

    remove: operation({
      name: "deleteCall",
      tag,
      summary: "Delete a call",
      run: async ({ caller, id }) => {
        found((await log.remove(caller.teamId, id)) || undefined, what);
      },
    }),
  };
}
