/** Teams of the registry in SQLite. */
import type { Team } from "../../team.ts";
import { inTooManyTeams, taken } from "../refusals.ts";
import type { Teams } from "../registry.ts";
import { appendAudit } from "./registry-audit.ts";
import type { RegistryFile } from "./registry-file.ts";
import { roleOf, teamOf } from "./registry-row.ts";

export function teams(file: RegistryFile): Teams {
  return {
    addTeam: async (team, ownerId, trail, limit) =>
      file.write(() => {
        file.demandUser(ownerId);
        const count = "SELECT count(*) AS n FROM memberships WHERE user_id = ?";
        if (limit !== undefined && Number(file.get(count, ownerId)?.n) >= limit)
          throw inTooManyTeams(limit);
        insertTeam(file, team, ownerId);
        appendAudit(file, trail);
      }),

    findTeam: async (id) => file.read(() => findTeam(file, id)),

    teams: async () =>
      file.read(() => file.all("SELECT * FROM teams ORDER BY created_at_ms, id").map(teamOf)),

    teamsOf: async (userId) => {
      const sql = `
        SELECT teams.*, memberships.role
        FROM memberships JOIN teams ON teams.id = memberships.team_id
        WHERE memberships.user_id = ?
        ORDER BY memberships.created_at_ms, memberships.team_id`;
      const rows = file.read(() => file.all(sql, userId));
      return rows.map((row) => ({ team: teamOf(row), role: roleOf(row) }));
    },

    changeTeam: async (id, changes, trail) =>
      file.write(() => {
        const before = findTeam(file, id);
        if (!before) return undefined;
        const after = { ...before, ...changes };
        if (after.name === before.name && after.plan === before.plan) return before;
        file.run("UPDATE teams SET name = ?, plan = ? WHERE id = ?", after.name, after.plan, id);
        appendAudit(file, trail);
        return after;
      }),
  };
}

/** @throws Problem `resource_exists` — the id is taken. */
export function insertTeam(file: RegistryFile, team: Team, ownerId: string): void {
  const { id, name, plan, createdAtMs } = team;
  if (findTeam(file, id)) throw taken("a team with this id");
  file.run("INSERT INTO teams VALUES (?, ?, ?, ?)", id, name, plan, createdAtMs);
  file.run("INSERT INTO memberships VALUES (?, ?, 'owner', ?)", id, ownerId, createdAtMs);
}

export function findTeam(file: RegistryFile, id: string): Team | undefined {
  const row = file.get("SELECT * FROM teams WHERE id = ?", id);
  return row && teamOf(row);
}
