/**
 * A registry out of what was saved of a damaged one: rows that others refer to, and that are lost, are made
 * again as far as their ids are known, so that nobody loses a server or a key for the sake of a team's name.
 *
 * Guarantees: nobody gets more than before, but the founder, who becomes an owner of each team that lost all of its own.
 */
import { DatabaseSync } from "node:sqlite";
import { type SalvagedTable, salvage } from "./salvage.ts";

/** @throws Problem `unavailable` — as `salvage`. */
export function repairRegistry(from: string, to: string): readonly SalvagedTable[] {
  const salvaged = salvage(from, to, "registry");
  using db = new DatabaseSync(to, { enableForeignKeyConstraints: false });
  db.exec(`BEGIN; ${completion} COMMIT; PRAGMA wal_checkpoint(TRUNCATE)`);
  return salvaged;
}

/**
 * Without a founding the next start would make another owner, with another team, that nobody's calls belong to.
 * `certainty`: how well the rows say that somebody belongs to a team. A key is gone with the membership; a server
 * stays when its creator leaves, and a session or an invitation may outlive a membership.
 */
const completion = `
  CREATE TEMP TABLE belonging AS
    SELECT user_id, team_id, created_at_ms, iif(role = 'owner', 0, 1) AS certainty FROM memberships
    UNION ALL SELECT user_id, team_id, created_at_ms, 1 FROM api_keys
    UNION ALL SELECT user_id, team_id, created_at_ms, 2 FROM servers
    UNION ALL SELECT user_id, team_id, created_at_ms, 3 FROM invitations
    UNION ALL SELECT user_id, team_id, 0, 0 FROM founding;

  DELETE FROM sessions WHERE user_id NOT IN (SELECT id FROM users)
    OR team_id NOT IN (SELECT id FROM teams);
  DELETE FROM session_secrets WHERE session_id NOT IN (SELECT id FROM sessions);
  DELETE FROM sign_in_links WHERE user_id NOT IN (SELECT id FROM users);

  INSERT OR IGNORE INTO teams
    SELECT DISTINCT team_id, 'Recovered team', 'default', 0 FROM belonging;
  INSERT OR IGNORE INTO users
    SELECT user_id, user_id || '@recovered.invalid', NULL, 0
    FROM (SELECT user_id FROM belonging UNION SELECT user_id FROM identities);
  INSERT OR IGNORE INTO memberships SELECT DISTINCT team_id, user_id, 'viewer', 0 FROM api_keys;
  INSERT OR IGNORE INTO founding
    SELECT 1, user_id, team_id FROM belonging ORDER BY certainty, created_at_ms LIMIT 1;
  INSERT INTO memberships
    SELECT teams.id, founding.user_id, 'owner', 0 FROM teams, founding
    WHERE NOT EXISTS (
      SELECT 1 FROM memberships WHERE memberships.team_id = teams.id AND role = 'owner'
    )
    ON CONFLICT DO UPDATE SET role = 'owner';
  INSERT OR IGNORE INTO spent_slugs SELECT slug FROM servers;
`;
