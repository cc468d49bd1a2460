/**
 * Schemas of the SQLite files, forward only.
 *
 * In: `schema/<name>/0001-….sql`, beside this module. Each is applied in one transaction together with
 * its row in `migrations`, so that a process killed in the middle leaves the file at a version, never
 * between two. A file of a newer version, of another store or of no database at all is refused
 * in one sentence.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { Problem } from "../../problem.ts";

export type SchemaName = "calls" | "registry";

/** Marks a file as ours and as this store's: https://www.sqlite.org/pragma.html#pragma_application_id */
const applicationIds: Readonly<Record<SchemaName, number>> = {
  calls: 0x484b_5743,
  registry: 0x484b_5752,
};

/** @throws Problem `unavailable` — the file is newer than this program, or not this store's. */
export function migrate(db: DatabaseSync, schema: SchemaName): void {
  const known = migrations(schema);
  if (versionOf(db, schema, known.length) === known.length) return;
  for (const { version, name, sql } of known) {
    db.exec("BEGIN IMMEDIATE");
    try {
      // Asked again under the lock: another process may have come first.
      if (versionOf(db, schema, known.length) < version) {
        db.exec(sql);
        const insert = "INSERT INTO migrations (version, name, applied_at_ms) VALUES (?, ?, ?)";
        db.prepare(insert).run(version, name, Date.now());
        db.exec(`PRAGMA application_id = ${applicationIds[schema]}`);
      }
      db.exec("COMMIT");
    } catch (cause) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw cause;
    }
  }
}

/** @throws Problem `unavailable` — the schema is not the one this program writes. */
export function requireCurrent(db: DatabaseSync, schema: SchemaName): void {
  const known = migrations(schema).length;
  const version = versionOf(db, schema, known);
  if (version < known) {
    const message = `the ${schema} database has schema version ${version}, this program reads ${known}`;
    throw new Problem("unavailable", message);
  }
}

interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

function migrations(schema: SchemaName): readonly Migration[] {
  const folder = new URL(`schema/${schema}/`, import.meta.url);
  const names = readdirSync(folder).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name));
  return names.sort().map((name, index) => {
    const version = Number(name.slice(0, 4));
    if (version !== index + 1) throw new Error(`schema/${schema}/${name} is out of sequence`);
    return { version, name, sql: readFileSync(new URL(name, folder), "utf8") };
  });
}

function versionOf(db: DatabaseSync, schema: SchemaName, known: number): number {
  const applicationId = Number(db.prepare("PRAGMA application_id").get()?.application_id);
  const tables = Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.n);
  if (applicationId === 0 && tables === 0) return 0;
  if (applicationId !== applicationIds[schema]) {
    throw new Problem("unavailable", `the file is not a ${schema} database of this program`);
  }
  const row = db.prepare("SELECT max(version) AS version FROM migrations").get();
  const version = Number(row?.version);
  if (version > known) {
    const message = `the ${schema} database has schema version ${version}, this program knows ${known}`;
    throw new Problem("unavailable", `${message}; start a newer one`);
  }
  return version;
}
