/** `/v1/teams`: the caller's teams. A person works in several of them, an API key in one. */
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import { newId } from "../id.ts";
import type { Registry } from "../store/registry.ts";
import { parseTeamName, type Role, type Team } from "../team.ts";
import { checked } from "./fields.ts";
import { found, operation } from "./operation.ts";
import { trailOf } from "./trail.ts";
import { newTeamSchema, teamListSchema, teamSchema, type WireTeam } from "./wire-teams.ts";

export interface TeamsOptions {
  readonly registry: Pick<Registry, "teamsOf" | "addTeam" | "findTeam" | "changeTeam">;
  /** The name of the plan that new teams are on. */
  readonly defaultPlan: () => string;
  readonly clock: Pick<Clock, "nowMs">;
}

const tag = "Teams";
const what = "team";
/** Of one user: each team has a plan of its own, so more teams are more of everything. */
const teamsMax = 100;

export function teams({ registry, defaultPlan, clock }: TeamsOptions) {
  const name = newTeamSchema.shape.name.transform(checked(parseTeamName));
  const body = newTeamSchema.extend({ name }).openapi("TeamRequest");
  return {
    list: operation({
      name: "listTeams",
      tag,
      summary: "List your teams",
      description: "Of an API key: the one it is bound to.",
      needs: { scope: "anyone" },
      result: teamListSchema,
      run: async ({ caller }) => {
        const all = await registry.teamsOf(caller.userId);
        const isShown = ({ team }: (typeof all)[number]) =>
          caller.credential.kind !== "key" || team.id === caller.teamId;
        const data = all.filter(isShown).map(({ team, role }) => toWire(team, role, caller.teamId));
        return { data, total: data.length };
      },
    }),

    create: operation({
      name: "createTeam",
      tag,
      summary: "Create a team",
      description: "You become its owner; the active team stays the one it was.",
      needs: { scope: "anyone", ofKeys: "never" },
      body,
      result: teamSchema,
      created: true,
      problems: ["plan_limit_reached"],
      run: async ({ caller, body: given }) => {
        const createdAtMs = clock.nowMs();
        const team = { id: newId(), name: given.name, plan: defaultPlan(), createdAtMs };
        const founder: Caller = { ...caller, teamId: team.id };
        const trail = trailOf(founder, createdAtMs, "team.created", "", { name: team.name });
        await registry.addTeam(team, caller.userId, trail, teamsMax);
        return toWire(team, "owner", caller.teamId);
      },
    }),

    get: operation({
      name: "getTeam",
      tag,
      summary: "Get a team",
      needs: { scope: "anyone" },
      ids: ["id"],
      inTeam: true,
      result: teamSchema,
      run: async ({ caller, id, activeTeamId }) =>
        toWire(found(await registry.findTeam(id), what), caller.role, activeTeamId),
    }),

    rename: operation({
      name: "renameTeam",
      tag,
      summary: "Rename a team",
      needs: { scope: "admin" },
      ids: ["id"],
      inTeam: true,
      body,
      result: teamSchema,
      run: async ({ caller, id, activeTeamId, body: { name: newName } }) => {
        const before = found(await registry.findTeam(id), what);
        const names = { old_name: before.name, new_name: newName };
        const trail = trailOf(caller, clock.nowMs(), "team.renamed", "", names);
        const team = found(await registry.changeTeam(id, { name: newName }, trail), what);
        return toWire(team, caller.role, activeTeamId);
      },
    }),
  };
}

function toWire(team: Team, role: Role, activeTeamId: string): WireTeam {
  return {
    id: team.id,
    name: team.name,
    plan: team.plan,
    role,
    is_active: team.id === activeTeamId,
    created_at: new Date(team.createdAtMs).toISOString(),
  };
}
