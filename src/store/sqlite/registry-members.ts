/** Members of teams, and who is invited to become one, of the registry in SQLite. */
import type { AuditEvent } from "../../audit.ts";
import type { Member, Role } from "../../team.ts";
import { demandMayInvite, outlived, revocation } from "../invitations.ts";
import { ownerless, rolesChanged, taken, tooManyInvitations } from "../refusals.ts";
import type { Invitations, Members, Standing } from "../registry.ts";
import { appendAudit } from "./registry-audit.ts";
import type { RegistryFile } from "./registry-file.ts";
import { invitationOf, memberOf, roleOf } from "./registry-row.ts";
import { findTeam } from "./registry-teams.ts";

export function members(file: RegistryFile): Members {
  return {
    roleOf: async (teamId, userId) => file.read(() => findRole(file, teamId, userId)),

    members: async (teamId) => {
      const sql = `${memberSql} ORDER BY memberships.created_at_ms, memberships.user_id`;
      return file.read(() => file.all(sql, teamId).map(memberOf));
    },

    setRole: async (teamId, userId, role, trail, decidedBy = []) =>
      file.write(() => {
        const before = findMember(file, teamId, userId);
        if (!before) return undefined;
        demandStanding(file, teamId, decidedBy);
        if (before.role === role) return before;
        demandAnotherOwner(file, teamId, before);
        const set = "UPDATE memberships SET role = ? WHERE team_id = ? AND user_id = ?";
        file.run(set, role, teamId, userId);
        appendAudit(file, trail);
        revokeOutlived(file, teamId, { userId, role }, trail);
        return { ...before, role };
      }),

    removeMember: async (teamId, userId, trail, decidedBy = []) =>
      file.write(() => {
        const before = findMember(file, teamId, userId);
        if (!before) return false;
        demandStanding(file, teamId, decidedBy);
        demandAnotherOwner(file, teamId, before);
        file.run("DELETE FROM memberships WHERE team_id = ? AND user_id = ?", teamId, userId);
        file.run("DELETE FROM api_keys WHERE team_id = ? AND user_id = ?", teamId, userId);
        appendAudit(file, trail);
        revokeOutlived(file, teamId, { userId, role: undefined }, trail);
        return true;
      }),
  };
}

export function invitations(file: RegistryFile): Invitations {
  const bySecret = "SELECT * FROM invitations WHERE secret_digest = ?";
  return {
    addInvitation: async (invitation, trail, limit) =>
      file.write(() => {
        const { id, teamId, email, role, userId, secretDigest, createdAtMs, expiresAtMs } =
          invitation;
        file.demandBoth(invitation);
        demandMayInvite(findRole(file, teamId, userId), invitation);
        const member = `${memberSql} AND memberships.user_id = (SELECT id FROM users WHERE email = ?)`;
        if (file.has(member, teamId, email)) throw taken("a member with this address");
        file.run("DELETE FROM invitations WHERE team_id = ? AND email = ?", teamId, email);
        if (
          file.has("SELECT 1 FROM invitations WHERE id = ?", id) ||
          file.has(bySecret, secretDigest)
        )
          throw taken("an invitation with this id or secret");
        const count = "SELECT count(*) AS n FROM invitations WHERE team_id = ?";
        if (limit !== undefined && Number(file.get(count, teamId)?.n) >= limit)
          throw tooManyInvitations(limit);
        file.run(
          "INSERT INTO invitations VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          ...[id, teamId, email, role, userId, secretDigest, createdAtMs, expiresAtMs],
        );
        appendAudit(file, trail);
      }),

    invitations: async (teamId) => {
      const sql =
        "SELECT * FROM invitations WHERE team_id = ? ORDER BY created_at_ms DESC, id DESC";
      return file.read(() => file.all(sql, teamId).map(invitationOf));
    },

    removeInvitation: async (teamId, id, trail) =>
      file.write(() => {
        const sql = "DELETE FROM invitations WHERE team_id = ? AND id = ?";
        if (file.run(sql, teamId, id) === 0) return false;
        appendAudit(file, trail);
        return true;
      }),

    findInvitation: async (secretDigest) => {
      const row = file.read(() => file.get(bySecret, secretDigest));
      return row && invitationOf(row);
    },

    acceptInvitation: async (secretDigest, user, trail) =>
      file.write(() => {
        const row = file.get(bySecret, secretDigest);
        const invitation = row && invitationOf(row);
        if (!invitation || invitation.expiresAtMs <= trail.atMs) return undefined;
        const meant = "SELECT 1 FROM users WHERE id = ? AND email = ?";
        if (!file.has(meant, user.id, invitation.email)) return undefined;
        const { teamId, role } = invitation;
        const join = "INSERT INTO memberships VALUES (?, ?, ?, ?)";
        file.run(join, teamId, user.id, role, trail.atMs);
        file.run("DELETE FROM invitations WHERE id = ?", invitation.id);
        appendAudit(file, { ...trail, teamId });
        return findTeam(file, teamId);
      }),
  };
}

const memberSql = `
  SELECT memberships.*, users.email FROM memberships JOIN users ON users.id = memberships.user_id
  WHERE memberships.team_id = ?`;

function findMember(file: RegistryFile, teamId: string, userId: string): Member | undefined {
  const row = file.get(`${memberSql} AND memberships.user_id = ?`, teamId, userId);
  return row && memberOf(row);
}

function findRole(file: RegistryFile, teamId: string, userId: string): Role | undefined {
  const sql = "SELECT role FROM memberships WHERE team_id = ? AND user_id = ?";
  const row = file.get(sql, teamId, userId);
  return row && roleOf(row);
}

/** @throws Problem `forbidden` — one of them has another role. */
function demandStanding(file: RegistryFile, teamId: string, decidedBy: readonly Standing[]): void {
  for (const { userId, role } of decidedBy)
    if (findRole(file, teamId, userId) !== role) throw rolesChanged();
}

/** `role`: the new one; undefined of who has left. */
function revokeOutlived(
  file: RegistryFile,
  teamId: string,
  { userId, role }: { readonly userId: string; readonly role: Role | undefined },
  trail: AuditEvent,
): void {
  const made = `SELECT * FROM invitations WHERE team_id = ? AND user_id = ?
    ORDER BY created_at_ms DESC, id DESC`;
  for (const invitation of outlived(file.all(made, teamId, userId).map(invitationOf), role)) {
    file.run("DELETE FROM invitations WHERE id = ?", invitation.id);
    appendAudit(file, revocation(trail, invitation));
  }
}

/** @throws Problem `forbidden` — the member is the team's only owner. */
function demandAnotherOwner(file: RegistryFile, teamId: string, { userId, role }: Member): void {
  const sql = "SELECT 1 FROM memberships WHERE team_id = ? AND role = 'owner' AND user_id <> ?";
  if (role === "owner" && !file.has(sql, teamId, userId)) throw ownerless();
}
