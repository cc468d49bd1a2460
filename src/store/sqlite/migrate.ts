/**
 * Schemas of the SQLite files, forward only.
 *
 * In: `schema/<name>/0001-….sql`, beside this module. Each is applied in one transaction together with
 * its row in `migrations`, so that a process killed in the middle leaves the file at a version, never
 * between two, and the next start begins that migration again. A line `--! step <what it does>` divides a long one:
 * each step is logged as it begins, so that nobody takes a long start for a dead one. A file of a newer version,
 * of another store or of no database at all is refused in one sentence.
 */
import { readdirSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { systemClock } from "../../clock.ts";
import { Problem } from "../../problem.ts";
import type { Log } from "../../telemetry.ts";

export type SchemaName = "calls" | "registry";

/** Marks a file as ours and as this store's: https://www.sqlite.org/pragma.html#pragma_application_id */
const applicationIds: Readonly<Record<SchemaName, number>> = {
  calls: 0x484b_5743,
  registry: 0x484b_5752,
};

/** @throws Problem `unavailable` — the file is newer than this program, or not this store's. */
export function migrate(
  db: DatabaseSync,
  schema: SchemaName,
  log: Log,
  folder: URL = folderOf(schema),
): void {
  const known = migrations(folder);
  const from = versionOf(db, schema, known.length);
  if (from === known.length) return;
  const startedMs = systemClock.monotonicMs();
  const told = from === 0 ? () => undefined : (message: string) => tell(log, db, schema, message);
  told(`is brought from schema version ${from} to ${known.length}; this may take a while`);
  for (const migration of known) {
    db.exec("BEGIN IMMEDIATE");
    try {
      // Asked again under the lock: another process may have come first.
      if (versionOf(db, schema, known.length) < migration.version)
        apply(db, schema, migration, told);
      db.exec("COMMIT");
    } catch (cause) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw cause;
    }
  }
  const tookMs = Math.round(systemClock.monotonicMs() - startedMs);
  told(`has schema version ${known.length} after ${tookMs} ms`);
}

function apply(
  db: DatabaseSync,
  schema: SchemaName,
  { version, name, sql }: Migration,
  told: (message: string) => void,
): void {
  const steps = sql.split(/^--! step /m);
  for (const [index, step] of steps.entries()) {
    // What precedes the first mark has no name of its own.
    const what = index === 0 ? name : (step.split("\n", 1)[0] ?? "");
    told(`migrates, step ${index + 1} of ${steps.length}: ${what}`);
    db.exec(index === 0 ? step : `-- ${step}`);
  }
  const insert = "INSERT INTO migrations (version, name, applied_at_ms) VALUES (?, ?, ?)";
  db.prepare(insert).run(version, name, Date.now());
  db.exec(`PRAGMA application_id = ${applicationIds[schema]}`);
}

function tell(log: Log, db: DatabaseSync, schema: SchemaName, message: string): void {
  const pages = Number(db.prepare("PRAGMA page_count").get()?.page_count);
  const pageBytes = Number(db.prepare("PRAGMA page_size").get()?.page_size);
  log.info({ schema, bytes: pages * pageBytes }, `the ${schema} database ${message}`);
}

/** Passes an empty file. @throws Problem `unavailable` — the file is newer than this program, or not this store's. */
export function requireKnown(db: DatabaseSync, schema: SchemaName): void {
  versionOf(db, schema, migrations(folderOf(schema)).length);
}

/** @throws Problem `unavailable` — the schema is not the one this program writes. */
export function requireCurrent(db: DatabaseSync, schema: SchemaName): void {
  const known = migrations(folderOf(schema)).length;
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

function folderOf(schema: SchemaName): URL {
  return new URL(`schema/${schema}/`, import.meta.url);
}

function migrations(folder: URL): readonly Migration[] {
  const names = readdirSync(folder).filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name));
  return names.sort().map((name, index) => {
    const version = Number(name.slice(0, 4));
    if (version !== index + 1) throw new Error(`the migration ${name} is out of sequence`);
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
