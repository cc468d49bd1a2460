/**
 * `/v1/teams/{id}/members`: who works in a team, and in which role.
 *
 * Guarantees: nobody gives a role above their own; only owners make owners, and change or remove them; anybody
 * may leave. That an owner is left, and that roles are still those looked at when one is changed, is the registry's matter.
 */
import type { Clock } from "../clock.ts";
import type { Registry } from "../store/registry.ts";
import type { Member } from "../team.ts";
import { demandRank } from "./invitations.ts";
import { demandScope } from "./needs.ts";
import { found, operation } from "./operation.ts";
import { trailOf } from "./trail.ts";
import {
  memberChangesSchema,
  memberListSchema,
  memberSchema,
  type WireMember,
} from "./wire-teams.ts";

export interface MembersOptions {
  readonly registry: Pick<Registry, "members" | "setRole" | "removeMember">;
  readonly clock: Pick<Clock, "nowMs">;
}

const tag = "Teams";
const what = "member";
const ids = ["id", "user_id"] as const;

export function members({ registry, clock }: MembersOptions) {
  const find = async (teamId: string, userId: string) => {
    const all = await registry.members(teamId);
    return found(
      all.find((member) => member.userId === userId),
      what,
    );
  };
  return {
    list: operation({
      name: "listMembers",
      tag,
      summary: "List the members of a team",
      needs: { scope: "anyone", ofKeys: "admin" },
      ids: ["id"],
      inTeam: true,
      result: memberListSchema,
      run: async ({ id }) => {
        const all = await registry.members(id);
        return { data: all.map(toWire), total: all.length };
      },
    }),

    change: operation({
      name: "changeMember",
      tag,
      summary: "Give a member another role",
      description: "At most your own. Only owners make owners, and change them.",
      needs: { scope: "admin" },
      ids,
      inTeam: true,
      body: memberChangesSchema.openapi("MemberChanges"),
      result: memberSchema,
      run: async ({ caller, id, user_id, body: { role } }) => {
        const member = await find(id, user_id);
        demandRank(caller, member.role);
        demandRank(caller, role);
        const details = { email: member.email, old_role: member.role, new_role: role };
        const trail = trailOf(caller, clock.nowMs(), "member.role_changed", user_id, details);
        const decidedBy = [caller, member];
        return toWire(found(await registry.setRole(id, user_id, role, trail, decidedBy), what));
      },
    }),

    remove: operation({
      name: "removeMember",
      tag,
      summary: "Remove a member, or leave",
      description:
        "Your own membership is yours to end; those of others need the scope `admin`, those of owners an owner. " +
        "API keys of the user are gone with it.",
      needs: { scope: "anyone", ofKeys: "admin" },
      ids,
      inTeam: true,
      problems: ["forbidden"],
      run: async ({ caller, id, user_id }) => {
        const isOwn = user_id === caller.userId;
        if (!isOwn) demandScope(caller, "admin");
        const member = await find(id, user_id);
        if (!isOwn) demandRank(caller, member.role);
        const details = { email: member.email, role: member.role };
        const trail = trailOf(caller, clock.nowMs(), "member.removed", user_id, details);
        const decidedBy = isOwn ? [] : [caller, member];
        found((await registry.removeMember(id, user_id, trail, decidedBy)) || undefined, what);
      },
    }),
  };
}

function toWire({ userId, email, role, createdAtMs }: Member): WireMember {
  return { user_id: userId, email, role, created_at: new Date(createdAtMs).toISOString() };
}
