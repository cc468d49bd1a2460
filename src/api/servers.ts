/**
 * `/v1/mcp/servers`: the registered upstream servers of the caller's team.
 *
 * Deletion goes over two stores: the registry first, so that the proxy stops at once, then the calls,
 * then the registry's note that calls may remain. Whoever repeats a deletion that broke off
 * in between completes it.
 */
import type { Clock } from "../clock.ts";
import { newId, newSlug } from "../id.ts";
import { invalid } from "../problem.ts";
import { parseServerName, parseTargetUrl, type Server, type ServerChanges } from "../server.ts";
import type { CallLog } from "../store/call-log.ts";
import type { Registry } from "../store/registry.ts";
import { checked } from "./fields.ts";
import { found, operation } from "./operation.ts";
import {
  newServerSchema,
  serverChangesSchema,
  serverListSchema,
  serverSchema,
  type WireServer,
} from "./wire.ts";

export interface ServersOptions {
  readonly registry: Registry;
  readonly log: Pick<CallLog, "removeServer">;
  /** The egress rule: a sentence about a target that may not be dialled, by its text alone. */
  readonly refuseTarget: (target: URL) => string | undefined;
  /** What proxy URLs begin with; known once the host listens. */
  readonly publicUrl: () => string;
  /** How many servers a team may have; 0 is no limit. */
  readonly serversMax: number;
  readonly clock: Clock;
}

export function servers(options: ServersOptions) {
  const { registry, log, refuseTarget, publicUrl, serversMax, clock } = options;
  const what = "MCP server";
  const tag = "Servers";
  const render = (server: Server) => toWire(server, publicUrl());
  const name = newServerSchema.shape.name.transform(checked(parseServerName));
  const target = newServerSchema.shape.target_url.transform(checked(parseDialled(refuseTarget)));
  const newServer = newServerSchema.extend({ name, target_url: target });
  const changes = serverChangesSchema.extend({
    name: name.optional(),
    target_url: target.optional(),
  });

  return {
    list: operation({
      name: "listServers",
      tag,
      summary: "List servers",
      result: serverListSchema,
      run: async ({ caller }) => {
        const all = await registry.servers(caller.teamId);
        return { data: all.map(render), total: all.length };
      },
    }),

    create: operation({
      name: "createServer",
      tag,
      summary: "Register a server",
      description: "The answer's `proxy_url` goes into the agent's configuration.",
      body: newServer.openapi("NewServer"),
      result: serverSchema,
      created: true,
      problems: ["plan_limit_reached"],
      run: async ({ caller, body }) => {
        const server = toServer(body.name, body.target_url, caller, clock.nowMs());
        await registry.addServer(server, serversMax);
        return render(server);
      },
    }),

    get: operation({
      name: "getServer",
      tag,
      summary: "Get a server",
      result: serverSchema,
      run: async ({ caller, id }) =>
        render(found(await registry.findServer(caller.teamId, id), what)),
    }),

    change: operation({
      name: "changeServer",
      tag,
      summary: "Change a server",
      description: "Any subset of the fields; absent ones keep their value.",
      body: changes.openapi("ServerChanges"),
      result: serverSchema,
      run: async ({ caller, id, body }) =>
        render(
          found(
            await registry.changeServer(caller.teamId, id, toChanges(body), clock.nowMs()),
            what,
          ),
        ),
    }),

    remove: operation({
      name: "deleteServer",
      tag,
      summary: "Delete a server and all its calls",
      run: async ({ caller: { teamId }, id }) => {
        const removed =
          (await registry.removeServer(teamId, id)) || (await isHalfRemoved(registry, teamId, id));
        found(removed || undefined, what);
        await log.removeServer(teamId, id);
        await registry.forgetServer(teamId, id);
      },
    }),
  };
}

async function isHalfRemoved(registry: Registry, teamId: string, id: string): Promise<boolean> {
  const removed = await registry.removedServers();
  return removed.some((server) => server.teamId === teamId && server.id === id);
}

function parseDialled(refuseTarget: ServersOptions["refuseTarget"]) {
  return (text: string): string => {
    const target = parseTargetUrl(text);
    const refusal = refuseTarget(new URL(target));
    if (refusal !== undefined) throw invalid({ field: "target_url", message: refusal });
    return target;
  };
}

function toServer(
  name: string,
  targetUrl: string,
  { userId, teamId }: { readonly userId: string; readonly teamId: string },
  atMs: number,
): Server {
  return {
    id: newId(),
    userId,
    teamId,
    slug: newSlug(),
    name,
    targetUrl,
    isActive: true,
    createdAtMs: atMs,
    updatedAtMs: atMs,
  };
}

function toChanges(body: {
  readonly name?: string | undefined;
  readonly target_url?: string | undefined;
  readonly is_active?: boolean | undefined;
}): ServerChanges {
  return {
    ...(body.name !== undefined && { name: body.name }),
    ...(body.target_url !== undefined && { targetUrl: body.target_url }),
    ...(body.is_active !== undefined && { isActive: body.is_active }),
  };
}

function toWire(server: Server, publicUrl: string): WireServer {
  return {
    id: server.id,
    user_id: server.userId,
    team_id: server.teamId,
    slug: server.slug,
    name: server.name,
    target_url: server.targetUrl,
    is_active: server.isActive,
    proxy_url: `${publicUrl.replace(/\/+$/, "")}/p/${server.slug}`,
    created_at: new Date(server.createdAtMs).toISOString(),
    updated_at: new Date(server.updatedAtMs).toISOString(),
  };
}
