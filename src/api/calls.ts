/** `/v1/mcp/calls`: reads the caller's team's call log and removes from it. */

import type { Clock } from "../clock.ts";
import type { CallLog } from "../store/call-log.ts";
import type { Registry } from "../store/registry.ts";
import { found, operation } from "./operation.ts";
import { countParameters, listParameters, toFilter, toPageQuery } from "./query.ts";
import { previewFor, toWireMessage, viewFor } from "./to-wire-call.ts";
import { trailOf } from "./trail.ts";
import { callCountSchema, callListSchema, callMessagesSchema, callSchema } from "./wire.ts";

export interface CallsOptions {
  readonly log: Pick<CallLog, "page" | "find" | "count" | "remove">;
  readonly registry: Pick<Registry, "addAudit">;
  readonly clock: Pick<Clock, "nowMs">;
}

const what = "MCP call";
const tag = "Calls";
const needs = { scope: "calls:read" } as const;
const ids = ["id"] as const;

export function calls(options: CallsOptions) {
  const { log } = options;
  return {
    list: operation({
      name: "listCalls",
      tag,
      summary: "List calls",
      description:
        "Newest first by `created_at`, then `id`. Repeating a filter means any of its values. Following " +
        "`next_cursor` returns every call that was there at the first page exactly once, whatever " +
        "is written meanwhile. Bodies longer than 16 KiB are cut.",
      needs,
      query: listParameters,
      result: callListSchema,
      run: async ({ caller, query: asked, signal }) => {
        const query = toPageQuery(asked, caller);
        const { calls: page, next } = await log.page(caller.teamId, query, signal);
        return {
          data: page.map(previewFor(caller)),
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
      needs,
      query: countParameters,
      result: callCountSchema,
      run: async ({ caller, query, signal }) => ({
        count: await log.count(caller.teamId, toFilter(query, caller), signal),
      }),
    }),

    get: operation({
      name: "getCall",
      tag,
      summary: "Get a call",
      description: "With whole bodies, as far as the log holds them.",
      needs,
      ids,
      result: callSchema,
      run: async ({ caller, id }) =>
        viewFor(caller)(found(await log.find(caller.teamId, id), what)),
    }),

    messages: operation({
      name: "listCallMessages",
      tag,
      summary: "List the messages of a call's stream",
      description: "What travelled while the call ran: progress, log messages.",
      needs: { scope: "calls:bodies" },
      ids,
      result: callMessagesSchema,
      run: async ({ caller, id }) => {
        const call = found(await log.find(caller.teamId, id), what);
        return { data: call.messages.map(toWireMessage) };
      },
    }),

    remove: removal(options),
  };
}

function removal({ log, registry, clock }: CallsOptions) {
  return operation({
    name: "deleteCall",
    tag,
    summary: "Delete a call",
    needs: { scope: "calls:delete" },
    ids,
    run: async ({ caller, id }) => {
      const call = found(await log.find(caller.teamId, id), what);
      // Before the deed: of a crash between the two stores is left a deletion that did not happen, never a silent one.
      await registry.addAudit(
        trailOf(caller, clock.nowMs(), "call.removed", id, {
          server_id: call.serverId,
          method: call.method,
          tool_name: call.toolName,
          created_at: new Date(call.startedAtMs).toISOString(),
        }),
      );
      found((await log.remove(caller.teamId, id)) || undefined, what);
    },
  });
}
