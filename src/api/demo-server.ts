/**
 * `POST /v1/mcp/servers/demo`, for who has no MCP server at hand: one that lives in this very process, registered for the
 * team like any other.
 *
 * In: nothing. Out: the server, which is the one the team has already if it has it. The host starts what is behind it.
 */
import type { Clock } from "../clock.ts";
import type { Plan } from "../plan.ts";
import { Problem } from "../problem.ts";
import type { Registry } from "../store/registry.ts";
import { operation } from "./operation.ts";
import { hostOf } from "./server-trail.ts";
import { type ServersOptions, toServer } from "./servers.ts";
import { toWireServer } from "./to-wire-server.ts";
import { trailOf } from "./trail.ts";
import { serverSchema } from "./wire-servers.ts";

export interface DemoServerOptions extends Pick<ServersOptions, "refuseTarget" | "publicUrl"> {
  readonly registry: Pick<Registry, "servers" | "addServer">;
  readonly planOf: (teamId: string) => Promise<Pick<Plan, "serversMax">>;
  readonly clock: Pick<Clock, "nowMs">;
  /** Where it answers; started when it is first asked for. */
  readonly startDemo: () => Promise<string>;
}

export function demoServer(options: DemoServerOptions) {
  const { registry, refuseTarget, publicUrl, planOf, clock, startDemo } = options;
  return operation({
    name: "addDemoServer",
    tag: "Servers",
    summary: "Register the built-in demo server",
    description:
      "A small MCP server inside HookWatch, whose tools are quick, slow, or fail in different ways. Asked again, the " +
      "team gets the one it has.",
    needs: { scope: "servers:write" },
    result: serverSchema,
    problems: ["plan_limit_reached"],
    run: async ({ caller }) => {
      const targetUrl = await startDemo();
      if (refuseTarget(new URL(targetUrl)) !== undefined) {
        const message =
          "the demo server is on this machine, which the egress rule of this host forbids";
        throw new Problem("forbidden", message);
      }
      const all = await registry.servers(caller.teamId);
      const known = all.find((server) => server.targetUrl === targetUrl);
      if (known) return toWireServer(known, caller, publicUrl());
      const atMs = clock.nowMs();
      const server = toServer({ name: "Demo server", target_url: targetUrl }, caller, atMs);
      const details = { server: server.name, host: hostOf(targetUrl) };
      const trail = trailOf(caller, atMs, "server.created", server.id, details);
      await registry.addServer(server, (await planOf(caller.teamId)).serversMax, trail);
      return toWireServer(server, caller, publicUrl());
    },
  });
}
