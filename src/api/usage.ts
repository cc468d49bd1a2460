/** `/v1/usage`: what a team has used of what its plan allows. */
import type { Clock } from "../clock.ts";
import type { Plan } from "../plan.ts";
import type { Registry } from "../store/registry.ts";
import { operation } from "./operation.ts";
import { usageSchema } from "./wire-teams.ts";

export interface UsageOptions {
  readonly registry: Pick<Registry, "servers" | "keys">;
  readonly planOf: (teamId: string) => Promise<Plan>;
  /** Exchanges of a team in the present calendar month, and which that is: `2026-11`, UTC. */
  readonly usedBy: (teamId: string) => { readonly month: string; readonly calls: number };
  readonly clock: Pick<Clock, "nowMs">;
}

export function usage({ registry, planOf, usedBy, clock }: UsageOptions) {
  return operation({
    name: "getUsage",
    tag: "Teams",
    summary: "What the active team has used of its plan",
    needs: { scope: "anyone" },
    result: usageSchema,
    run: async ({ caller: { teamId } }) => {
      const plan = await planOf(teamId);
      const servers = await registry.servers(teamId);
      const keys = await registry.keys(teamId);
      const nowMs = clock.nowMs();
      const valid = keys.filter(({ expiresAtMs = Infinity }) => expiresAtMs > nowMs);
      const { month, calls } = usedBy(teamId);
      return {
        plan: plan.name,
        month,
        servers: { used: servers.length, limit: limited(plan.serversMax) },
        api_keys: { used: valid.length, limit: limited(plan.keysMax) },
        calls: { used: calls, limit: limited(plan.callsPerMonth) },
        retention_days: limited(plan.retentionDays),
        api_requests_per_minute: limited(plan.apiRequestsPerMinute),
      };
    },
  });
}

function limited(limit: number): number | null {
  return limit === 0 ? null : limit;
}
