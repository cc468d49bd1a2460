import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { findAuditDamage } from "./audit-verification.ts";
import { openSqliteRegistry } from "./registry.ts";

const root = mkdtempSync(join(tmpdir(), "hookwatch-audit-"));
afterAll(() => rmSync(root, { recursive: true }));
let files = 0;

/** Three teams with five entries each. */
async function audited(): Promise<string> {
  const path = join(root, `${files++}.db`);
  await using registry = openSqliteRegistry(path);
  for (let n = 0; n < 15; n++)
    await registry.addAudit({
      ...{ teamId: `team ${n % 3}`, action: "key.created", sourceIp: "192.0.2.1" },
      ...{ subjectId: `key ${n}`, details: { n }, atMs: n },
    });
  return path;
}

/** As who can write the file but cannot be heard: without the triggers. */
function tamper(path: string, sql: string): void {
  using db = new DatabaseSync(path);
  for (const name of ["audit_keeps_entries", "audit_keeps_words", "audit_counts_up"])
    db.exec(`DROP TRIGGER ${name}`);
  db.exec(sql);
}

test("an audit log as it was written is sound, an empty one, too", async () => {
  expect(findAuditDamage(await audited())).toEqual([]);
  const path = join(root, `${files++}.db`);
  await openSqliteRegistry(path)[Symbol.asyncDispose]();
  expect(findAuditDamage(path)).toEqual([]);
});

const follows = (seq: number, team: number) =>
  `entry ${seq} of the audit log of team team ${team}, or the one before it, was altered`;
const lacks = (seq: number, team: number) =>
  `the audit log of team team ${team} lacks what came before its entry ${seq}`;

test.for([
  {
    sql: `UPDATE audit SET details = '{"n":9}' WHERE seq = 2 AND team_id = 'team 1'`,
    finds: [follows(2, 1)],
  },
  {
    sql: "UPDATE audit SET details = '{' WHERE seq = 2 AND team_id = 'team 1'",
    finds: [follows(2, 1)],
  },
  {
    sql: "UPDATE audit SET user_id = 'u' WHERE seq = 5",
    finds: [0, 1, 2].map((n) => follows(5, n)),
  },
  { sql: "DELETE FROM audit WHERE seq = 3 AND team_id = 'team 2'", finds: [lacks(4, 2)] },
  { sql: "DELETE FROM audit WHERE seq = 1 AND team_id = 'team 0'", finds: [lacks(2, 0)] },
  {
    sql: `DELETE FROM audit WHERE seq < 4 AND team_id = 'team 0'; UPDATE audit SET at_ms = 0 WHERE team_id = 'team 1' AND seq = 4`,
    finds: [lacks(4, 0), follows(4, 1)],
  },
  {
    sql: `DELETE FROM audit WHERE seq = 2 AND team_id = 'team 1';
      UPDATE audit SET seq = seq - 1 WHERE seq > 2 AND team_id = 'team 1'`,
    finds: [follows(2, 1)],
  },
])("what was done to it is found: $sql", async ({ sql, finds }) => {
  const path = await audited();
  tamper(path, sql);
  expect(findAuditDamage(path)).toEqual(finds);
});

test("a file that cannot be read is a problem", () => {
  expect(() => findAuditDamage(join(root, "missing.db"))).toThrow("cannot be checked");
});
