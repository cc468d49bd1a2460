import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { Log } from "../../telemetry.ts";
import { openDatabase } from "./database.ts";
import { migrate } from "./migrate.ts";

const root = mkdtempSync(join(tmpdir(), "hookwatch-migrate-"));
afterAll(() => rmSync(root, { recursive: true }));

const migrations = (folder: string, sqls: readonly string[]) => {
  const path = mkdtempSync(join(root, folder));
  for (const [index, sql] of sqls.entries())
    writeFileSync(join(path, `${String(index + 1).padStart(4, "0")}-step.sql`), sql);
  return pathToFileURL(`${path}/`);
};
const first = `CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT;
CREATE TABLE t (n INTEGER) STRICT; INSERT INTO t VALUES (1);`;

function telling() {
  const told: string[] = [];
  const note = (_: object, message: string) => void told.push(message);
  const log: Log = { debug: note, info: note, warn: note, error: note };
  return { told, log };
}

test("a migration is announced, and each of its steps, as it begins", () => {
  const db = new DatabaseSync(":memory:");
  const { told, log } = telling();
  migrate(db, "calls", log, migrations("one-", [first]));
  // A new file has nobody waiting for it.
  expect(told).toEqual([]);
  const second = `-- Why, and how long it takes.
CREATE TABLE u (n INTEGER) STRICT;
--! step copying t
INSERT INTO u SELECT n FROM t;
--! step dropping t
DROP TABLE t;`;
  migrate(db, "calls", log, migrations("two-", [first, second]));
  expect(told).toEqual([
    "the calls database is brought from schema version 1 to 2; this may take a while",
    "the calls database migrates, step 1 of 3: 0002-step.sql",
    "the calls database migrates, step 2 of 3: copying t",
    "the calls database migrates, step 3 of 3: dropping t",
    expect.stringMatching(/^the calls database has schema version 2 after \d+ ms$/),
  ]);
  expect(db.prepare("SELECT n FROM u").all()).toEqual([{ n: 1 }]);
});

test("a migration that fails in its last step leaves nothing of the others", () => {
  const db = new DatabaseSync(":memory:");
  const { log } = telling();
  migrate(db, "calls", log, migrations("one-", [first]));
  const second = "UPDATE t SET n = 2;\n--! step failing\nINSERT INTO missing VALUES (1);";
  expect(() => migrate(db, "calls", log, migrations("two-", [first, second]))).toThrow("missing");
  expect(db.prepare("SELECT n FROM t").all()).toEqual([{ n: 1 }]);
  expect(db.prepare("SELECT max(version) AS version FROM migrations").get()).toEqual({
    version: 1,
  });
});

test("another program's database is refused and not changed by a byte", () => {
  const path = join(root, "theirs.db");
  {
    using db = new DatabaseSync(path);
    db.exec("PRAGMA page_size = 1024; CREATE TABLE recipes (id INTEGER PRIMARY KEY)");
  }
  const before = readFileSync(path);
  for (const mode of ["write", "read"] as const)
    expect(() => openDatabase(path, "calls", mode, 0)).toThrow("not a calls database");
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a new file has the pages that the stores want", () => {
  using db = openDatabase(join(root, "new.db"), "registry", "write", 0);
  expect(db.prepare("PRAGMA page_size").get()).toEqual({ page_size: 8_192 });
  expect(db.prepare("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 });
  expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
});
