/**
 * `POST /v1/mcp/calls/{id}/replay`: a recorded request sent again, edited or not, the way it came: through its server's proxy
 * URL, so that it becomes a call of its own.
 *
 * In: a call of the team, edits, credentials for this one time. Out: the id of the call it becomes, which is readable once
 * it has ended. Bounds: `replayLimits`. Never sees the proxy: the host sends.
 */
import { z } from "@hono/zod-openapi";
import type { Clock } from "../clock.ts";
import type { Server } from "../server.ts";
import type { CallLog } from "../store/call-log.ts";
import type { Registry } from "../store/registry.ts";
import { demandRecorded } from "./demand-recorded.ts";
import { demandScope } from "./needs.ts";
import { found, operation } from "./operation.ts";
import { passedHeaders } from "./passed-headers.ts";
import { type ReplayRequest, toReplayRequest } from "./replay-request.ts";
import { Slots } from "./slots.ts";
import { trailOf } from "./trail.ts";

export interface ReplayOptions {
  readonly registry: Pick<Registry, "findServer" | "addAudit">;
  readonly log: Pick<CallLog, "find">;
  readonly clock: Pick<Clock, "nowMs">;
  /**
   * Resolves when the request is under way, in a session of its own if it needs one.
   *
   * @throws Problem `unavailable` — the server did not open the session.
   */
  readonly replay: (request: AddressedReplay) => Promise<Replayed>;
}

export interface AddressedReplay extends ReplayRequest {
  readonly server: Server;
  /** The id of the call that is sent again. */
  readonly replayOf: string;
  /** Of whoever asks for it. */
  readonly sourceIp: string;
}

export interface Replayed {
  /** Of the call that the request becomes. */
  readonly callId: string;
  /** Resolves when the exchange is over, however it ends. */
  readonly ended: Promise<void>;
}

const replayLimits = { hostMax: 64, teamMax: 8 };

const replaySchema = z
  .strictObject({
    arguments: z
      .record(z.string(), z.unknown())
      .optional()
      .openapi({ type: "object", additionalProperties: true })
      .describe("In place of the recorded `params.arguments`."),
    request_body: z.string().optional().describe("In place of the whole recorded message."),
    headers: passedHeaders,
  })
  .openapi("Replay");

const replayedSchema = z
  .object({
    call_id: z
      .uuid()
      .describe("The call that this becomes: readable as soon as it has ended, 404 until then."),
    replay_of: z.uuid(),
    mcp_server_id: z.uuid(),
  })
  .openapi("Replayed");

export function replay({ registry, log, clock, replay: send }: ReplayOptions) {
  const slots = new Slots("replays", replayLimits);
  return operation({
    name: "replayCall",
    tag: "Calls",
    summary: "Send a call's request again",
    description:
      "Through the server's proxy URL, as a call of its own with `replay_of`. What it does, it does again: a tool that " +
      "writes writes twice. Credentials are not stored, so they must be given where the server asks for any; secrets " +
      "in the request were redacted, and a request that holds their placeholders is refused. Needs the scope " +
      "`calls:bodies`, too.",
    needs: { scope: "servers:write" },
    ids: ["id"],
    body: replaySchema,
    result: replayedSchema,
    accepted: true,
    problems: ["forbidden"],
    run: async ({ caller, id, body }) => {
      demandScope(caller, "calls:bodies");
      const { teamId, sourceIp } = caller;
      const call = found(await log.find(teamId, id), "MCP call");
      const server = found(await registry.findServer(teamId, call.serverId), "MCP server");
      demandRecorded(server);
      const request = toReplayRequest(call, body);
      const giveBack = slots.take(teamId);
      try {
        const details = { server_id: server.id, method: call.method, tool_name: call.toolName };
        await registry.addAudit(trailOf(caller, clock.nowMs(), "call.replayed", id, details));
        const { callId, ended } = await send({ ...request, server, replayOf: id, sourceIp });
        void ended.then(giveBack);
        return { call_id: callId, replay_of: id, mcp_server_id: server.id };
      } catch (error) {
        giveBack();
        throw error;
      }
    },
  });
}
