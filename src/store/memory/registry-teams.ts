/** Teams of the registry in memory, their members and who is invited to become one. */
import type { AuditEvent } from "../../audit.ts";
import type { Role, Team } from "../../team.ts";
import { demandMayInvite, outlived, revocation } from "../invitations.ts";
import { inTooManyTeams, ownerless, rolesChanged, taken, tooManyInvitations } from "../refusals.ts";
import type { Invitations, Members, Standing, Teams } from "../registry.ts";
import { newestFirst, oldestFirst, pair, type RegistryTables } from "./registry-tables.ts";

export function teams(tables: RegistryTables): Teams {
  return {
    addTeam: async (team, ownerId, trail, limit) => {
      tables.demandUser(ownerId);
      const own = [...tables.memberships.values()].filter(({ userId }) => userId === ownerId);
      if (limit !== undefined && own.length >= limit) throw inTooManyTeams(limit);
      insertTeam(tables, team, ownerId);
      tables.appendAudit(trail);
    },

    findTeam: async (id) => tables.teams.get(id),
    teams: async () => oldestFirst(tables.teams.values(), ({ id }) => id),

    teamsOf: async (userId) => {
      const own = [...tables.memberships.values()].filter((each) => each.userId === userId);
      return oldestFirst(own, ({ teamId }) => teamId).flatMap(({ teamId, role }) => {
        const team = tables.teams.get(teamId);
        return team ? [{ team, role }] : [];
      });
    },

    changeTeam: async (id, changes, trail) => {
      const before = tables.teams.get(id);
      if (!before) return undefined;
      const after = { ...before, ...changes };
      if (after.name === before.name && after.plan === before.plan) return before;
      tables.teams.set(id, after);
      tables.appendAudit(trail);
      return after;
    },
  };
}

/** @throws Problem `resource_exists` — the id is taken. */
export function insertTeam(tables: RegistryTables, team: Team, ownerId: string): void {
  const { id: teamId, createdAtMs } = team;
  if (tables.teams.has(teamId)) throw taken("a team with this id");
  tables.teams.set(teamId, team);
  const owner = { teamId, userId: ownerId, role: "owner", createdAtMs } as const;
  tables.memberships.set(pair(teamId, ownerId), owner);
}

export function members(tables: RegistryTables): Members {
  const { memberships, keys } = tables;
  return {
    roleOf: async (teamId, userId) => memberships.get(pair(teamId, userId))?.role,
    members: async (teamId) => membersOf(tables, teamId),

    setRole: async (teamId, userId, role, trail, decidedBy = []) => {
      const before = membersOf(tables, teamId).find((member) => member.userId === userId);
      if (!before) return undefined;
      demandStanding(tables, teamId, decidedBy);
      if (before.role === role) return before;
      demandAnotherOwner(tables, teamId, userId);
      const { createdAtMs } = before;
      memberships.set(pair(teamId, userId), { teamId, userId, role, createdAtMs });
      tables.appendAudit(trail);
      revokeOutlived(tables, teamId, { userId, role }, trail);
      return { ...before, role };
    },

    removeMember: async (teamId, userId, trail, decidedBy = []) => {
      if (!memberships.has(pair(teamId, userId))) return false;
      demandStanding(tables, teamId, decidedBy);
      demandAnotherOwner(tables, teamId, userId);
      memberships.delete(pair(teamId, userId));
      for (const key of keys.values())
        if (key.teamId === teamId && key.userId === userId) keys.delete(key.id);
      tables.appendAudit(trail);
      revokeOutlived(tables, teamId, { userId, role: undefined }, trail);
      return true;
    },
  };
}

function membersOf({ memberships, users }: RegistryTables, teamId: string) {
  const own = [...memberships.values()].filter((each) => each.teamId === teamId);
  return oldestFirst(own, ({ userId }) => userId).map(({ userId, role, createdAtMs }) => {
    return { userId, email: users.get(userId)?.email ?? "", role, createdAtMs };
  });
}

function demandStanding(
  { memberships }: RegistryTables,
  teamId: string,
  decidedBy: readonly Standing[],
): void {
  for (const { userId, role } of decidedBy)
    if (memberships.get(pair(teamId, userId))?.role !== role) throw rolesChanged();
}

/** `role`: the new one; undefined of who has left. */
function revokeOutlived(
  tables: RegistryTables,
  teamId: string,
  { userId, role }: { readonly userId: string; readonly role: Role | undefined },
  trail: AuditEvent,
): void {
  const { invitations } = tables;
  const made = [...invitations.values()].filter(
    (one) => one.teamId === teamId && one.userId === userId,
  );
  for (const invitation of newestFirst(outlived(made, role))) {
    invitations.delete(invitation.id);
    tables.appendAudit(revocation(trail, invitation));
  }
}

function demandAnotherOwner(tables: RegistryTables, teamId: string, userId: string): void {
  const owners = membersOf(tables, teamId).filter(({ role }) => role === "owner");
  if (owners.length === 1 && owners[0]?.userId === userId) throw ownerless();
}

export function invitations(tables: RegistryTables): Invitations {
  const { invitations: present, memberships, teams: known, users } = tables;
  const bySecret = (secretDigest: string) =>
    [...present.values()].find((invitation) => invitation.secretDigest === secretDigest);
  return {
    addInvitation: async (invitation, trail, limit) => {
      const { id, teamId, email, userId, secretDigest } = invitation;
      tables.demandTeam(teamId);
      tables.demandUser(userId);
      demandMayInvite(memberships.get(pair(teamId, userId))?.role, invitation);
      if (membersOf(tables, teamId).some((member) => member.email === email))
        throw taken("a member with this address");
      const earlier = [...present.values()].find(
        (other) => other.teamId === teamId && other.email === email,
      );
      const rivals = [present.get(id), bySecret(secretDigest)];
      if (rivals.some((rival) => rival !== undefined && rival !== earlier))
        throw taken("an invitation with this id or secret");
      const others = [...present.values()].filter(
        (other) => other.teamId === teamId && other !== earlier,
      );
      if (limit !== undefined && others.length >= limit) throw tooManyInvitations(limit);
      if (earlier) present.delete(earlier.id);
      present.set(id, invitation);
      tables.appendAudit(trail);
    },

    invitations: async (teamId) =>
      newestFirst([...present.values()].filter((invitation) => invitation.teamId === teamId)),

    removeInvitation: async (teamId, id, trail) => {
      if (present.get(id)?.teamId !== teamId) return false;
      tables.appendAudit(trail);
      return present.delete(id);
    },

    findInvitation: async (secretDigest) => bySecret(secretDigest),

    acceptInvitation: async (secretDigest, user, trail) => {
      const invitation = bySecret(secretDigest);
      if (!invitation || invitation.expiresAtMs <= trail.atMs) return undefined;
      if (users.get(user.id)?.email !== invitation.email) return undefined;
      const { teamId, role } = invitation;
      const joined = { teamId, userId: user.id, role, createdAtMs: trail.atMs };
      memberships.set(pair(teamId, user.id), joined);
      present.delete(invitation.id);
      tables.appendAudit({ ...trail, teamId });
      return known.get(teamId);
    },
  };
}
