/**
 * `/v1/mcp/servers`: the registered upstream servers of the caller's team.
 *
 * Deletion goes over two stores: the registry first, so that the proxy stops at once, then the calls,
 * then the registry's note that calls may remain. Whoever repeats a deletion that broke off
 * in between completes it.
 */
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import { newId, newSlug } from "../id.ts";
import type { Plan } from "../plan.ts";
import { invalid } from "../problem.ts";
import { parseServerName, parseTargetUrl, type Server, type ServerChanges } from "../server.ts";
import type { CallLog } from "../store/call-log.ts";
import type { Registry } from "../store/registry.ts";
import { checked } from "./fields.ts";
import { demandScope } from "./needs.ts";
import { found, operation } from "./operation.ts";
import { hostOf, serverTrail } from "./server-trail.ts";
import { toWireServer } from "./to-wire-server.ts";
import { trailOf } from "./trail.ts";
import {
  newServerSchema,
  serverChangesSchema,
  serverListSchema,
  serverSchema,
  type WireNewServer,
  type WireServerChanges,
} from "./wire-servers.ts";

export interface ServersOptions {
  readonly registry: Registry;
  readonly log: Pick<CallLog, "removeServer">;
  /** The egress rule: a sentence about a target that may not be dialled, by its text alone. */
  readonly refuseTarget: (target: URL) => string | undefined;
  /** What proxy URLs begin with; known once the host listens. */
  readonly publicUrl: () => string;
  /** That of a team. */
  readonly planOf: (teamId: string) => Promise<Plan>;
  readonly clock: Clock;
}

const what = "MCP server";
const tag = "Servers";
const reading = { scope: "servers:read" } as const;
const writing = { scope: "servers:write" } as const;
const ids = ["id"] as const;

export function servers(options: ServersOptions) {
  const { registry, publicUrl } = options;
  const render = (server: Server, caller: Caller) => toWireServer(server, caller, publicUrl());
  return {
    list: operation({
      name: "listServers",
      tag,
      summary: "List servers",
      needs: reading,
      result: serverListSchema,
      run: async ({ caller }) => {
        const all = await registry.servers(caller.teamId);
        return { data: all.map((server) => render(server, caller)), total: all.length };
      },
    }),

    get: operation({
      name: "getServer",
      tag,
      summary: "Get a server",
      needs: reading,
      ids,
      result: serverSchema,
      run: async ({ caller, id }) =>
        render(found(await registry.findServer(caller.teamId, id), what), caller),
    }),

    ...changing(options, render),
    remove: removal(options),
  };
}

type Render = (server: Server, caller: Caller) => ReturnType<typeof toWireServer>;

function changing(options: ServersOptions, render: Render) {
  const { registry, planOf, clock } = options;
  const name = newServerSchema.shape.name.transform(checked(parseServerName));
  const target = newServerSchema.shape.target_url.transform(checked(parseTargetUrl));
  const newServer = newServerSchema.extend({ name, target_url: target });
  const changes = serverChangesSchema.extend({
    name: name.optional(),
    target_url: target.optional(),
  });

  async function change(caller: Caller, before: Server, asked: ServerChanges): Promise<Server> {
    const atMs = clock.nowMs();
    const trail = serverTrail(caller, before, asked, atMs);
    return found(await registry.changeServer(caller.teamId, before.id, asked, atMs, trail), what);
  }

  return {
    create: operation({
      name: "createServer",
      tag,
      summary: "Register a server",
      description: "The answer's `proxy_url` goes into the agent's configuration.",
      needs: writing,
      body: newServer.openapi("NewServer"),
      result: serverSchema,
      created: true,
      problems: ["plan_limit_reached"],
      run: async ({ caller, body }) => {
        const server = toServer(body, caller, clock.nowMs());
        await demandDialled(options, caller, server);
        const { serversMax } = await planOf(caller.teamId);
        const details = { server: server.name, host: hostOf(server.targetUrl) };
        const trail = trailOf(caller, clock.nowMs(), "server.created", server.id, details);
        await registry.addServer(server, serversMax, trail);
        return render(server, caller);
      },
    }),

    change: operation({
      name: "changeServer",
      tag,
      summary: "Change a server",
      description:
        "Any subset of the fields; absent ones keep their value. Agents send their credentials wherever " +
        "`target_url` points, so another one needs the scope `admin`.",
      needs: writing,
      ids,
      body: changes.openapi("ServerChanges"),
      result: serverSchema,
      run: async ({ caller, id, body }) => {
        const before = found(await registry.findServer(caller.teamId, id), what);
        const { targetUrl = before.targetUrl, ...rest } = toChanges(body);
        if (targetUrl === before.targetUrl)
          return render(await change(caller, before, rest), caller);
        demandScope(caller, "admin");
        await demandDialled(options, caller, { id, targetUrl });
        const asked = { ...rest, targetUrl };
        return render(await change(caller, before, asked), caller);
      },
    }),

    rotateSlug: operation({
      name: "rotateServerSlug",
      tag,
      summary: "Give a server a new proxy URL",
      description: "The old one is refused at once and never issued again.",
      needs: writing,
      ids,
      result: serverSchema,
      run: async ({ caller, id }) => {
        const before = found(await registry.findServer(caller.teamId, id), what);
        return render(await change(caller, before, { slug: newSlug() }), caller);
      },
    }),
  };
}

function removal({ registry, log, clock }: ServersOptions) {
  return operation({
    name: "deleteServer",
    tag,
    summary: "Delete a server and all its calls",
    needs: writing,
    ids,
    run: async ({ caller, id }) => {
      const { teamId } = caller;
      const server = await registry.findServer(teamId, id);
      const details = server && { server: server.name, host: hostOf(server.targetUrl) };
      const trail = trailOf(caller, clock.nowMs(), "server.removed", id, details);
      const removed =
        (await registry.removeServer(teamId, id, trail)) ||
        (await isHalfRemoved(registry, teamId, id));
      found(removed || undefined, what);
      await log.removeServer(teamId, id);
      await registry.forgetServer(teamId, id);
    },
  });
}

async function isHalfRemoved(registry: Registry, teamId: string, id: string): Promise<boolean> {
  const removed = await registry.removedServers();
  return removed.some((server) => server.teamId === teamId && server.id === id);
}

export interface DialOptions extends Pick<ServersOptions, "refuseTarget" | "clock"> {
  readonly registry: Pick<Registry, "addAudit">;
}

/**
 * Who tries where an upstream must not be leaves a trace of it. `id`: of the server, empty when there is none yet.
 *
 * @throws Problem `validation_error` — it must not be there.
 */
export async function demandDialled(
  { registry, refuseTarget, clock }: DialOptions,
  caller: Caller,
  { id, targetUrl }: Pick<Server, "id" | "targetUrl">,
): Promise<void> {
  const refusal = refuseTarget(new URL(targetUrl));
  if (refusal === undefined) return;
  const details = { host: hostOf(targetUrl), refusal };
  await registry.addAudit(trailOf(caller, clock.nowMs(), "egress.refused", id, details));
  throw invalid({ field: "target_url", message: refusal });
}

export function toServer(body: WireNewServer, { userId, teamId }: Caller, atMs: number): Server {
  const { upstream_idle_timeout_ms: upstreamIdleTimeoutMs } = body;
  return {
    id: newId(),
    userId,
    teamId,
    slug: newSlug(),
    name: body.name,
    targetUrl: body.target_url,
    isActive: true,
    captureLevel: body.capture_level ?? "redacted",
    ...(typeof upstreamIdleTimeoutMs === "number" && { upstreamIdleTimeoutMs }),
    createdAtMs: atMs,
    updatedAtMs: atMs,
  };
}

function toChanges(body: WireServerChanges): ServerChanges {
  const { upstream_idle_timeout_ms: upstreamIdleTimeoutMs } = body;
  return {
    ...(body.name !== undefined && { name: body.name }),
    ...(body.target_url !== undefined && { targetUrl: body.target_url }),
    ...(body.is_active !== undefined && { isActive: body.is_active }),
    ...(body.capture_level !== undefined && { captureLevel: body.capture_level }),
    ...(upstreamIdleTimeoutMs !== undefined && { upstreamIdleTimeoutMs }),
  };
}
