/**
 * A registry out of what was saved of a damaged one: rows that others refer to, and that are lost, are made
 * again as far as their ids are known, so that nobody loses a server or a key for the sake of a team's name.
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

/** Without a founding the next start would make another owner, with another team, that nobody's calls belong to. */
const completion = `
  CREATE TEMP TABLE owners AS
    SELECT user_id, team_id, created_at_ms FROM memberships
    UNION ALL SELECT user_id, team_id, created_at_ms FROM api_keys
    UNION ALL SELECT user_id, team_id, created_at_ms FROM servers
    UNION ALL SELECT user_id, team_id, 0 FROM founding;
  INSERT OR IGNORE INTO teams SELECT DISTINCT team_id, 'Recovered team', 0 FROM owners;
  INSERT OR IGNORE INTO users SELECT DISTINCT user_id, user_id || '@recovered.invalid', 0 FROM owners;
  INSERT OR IGNORE INTO memberships SELECT DISTINCT team_id, user_id, 0 FROM owners;
  INSERT OR IGNORE INTO founding SELECT 1, user_id, team_id FROM owners ORDER BY created_at_ms LIMIT 1;
  INSERT OR IGNORE INTO spent_slugs SELECT slug FROM servers;
`;
