/** `/v1/mcp/calls/losses`: what the log says of its own gaps. */
import type { Loss } from "../loss.ts";
import type { CallLog } from "../store/call-log.ts";
import { operation } from "./operation.ts";
import { lossesParameters, toLossQuery } from "./query.ts";
import { callLossesSchema, type WireCallLosses } from "./wire.ts";

export function losses(log: Pick<CallLog, "losses">) {
  return operation({
    name: "listCallLosses",
    tag: "Calls",
    summary: "List what the log has lost",
    description:
      "Calls that could not be recorded, or only without their bodies, by server, reason and span of " +
      "time. Empty when nothing is missing.",
    needs: { scope: "calls:read" },
    query: lossesParameters,
    result: callLossesSchema,
    example: {
      query: "?from=2026-11-20",
      answer: {
        data: [
          {
            id: "019aa4b2-6c1f-7c3e-9d41-0f6a2b8c7d10",
            team_id: "019aa4b2-0000-7000-8000-000000000001",
            mcp_server_id: "019aa4b2-0000-7000-8000-000000000002",
            ...{ kind: "call", reason: "queue_full", count: 17 },
            first_at: "2026-11-20T08:30:00.000Z",
            last_at: "2026-11-20T08:30:04.250Z",
          },
        ],
        limit: 100,
      },
    },
    run: async ({ caller, query: asked }) => {
      const query = toLossQuery(asked);
      const found = await log.losses(caller.teamId, query);
      return { data: found.map(toWire), limit: query.limit };
    },
  });
}

function toWire(loss: Loss): WireCallLosses["data"][number] {
  return {
    id: loss.id,
    team_id: loss.teamId,
    mcp_server_id: loss.serverId,
    kind: loss.kind,
    reason: loss.reason,
    count: loss.calls,
    first_at: new Date(loss.fromMs).toISOString(),
    last_at: new Date(loss.untilMs).toISOString(),
  };
}
