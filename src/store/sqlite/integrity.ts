/**
 * What is damaged in a SQLite file of ours, found without changing it: beside a live host, too.
 *
 * In: the path of a file. Out: one sentence for each finding, none for a sound file. Bounds: `findingsMax`
 * sentences; reads the whole file in one snapshot.
 */
import { existsSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Problem } from "../../problem.ts";
import { isDamage, withProblems } from "./database.ts";
import { requireKnown, type SchemaName } from "./migrate.ts";

const findingsMax = 100;

/**
 * What SQLite can tell: pages, tables, indexes, references. Whether the bytes in a blob are those that were written
 * is for the store to tell.
 *
 * @throws Problem `unavailable` — no such file, no permission, a newer schema, another program's file.
 */
export function findFileDamage(path: string, schema: SchemaName): readonly string[] {
  if (!existsSync(path)) throw new Problem("unavailable", `there is no database ${path}`);
  return withProblems(`the database ${path} cannot be checked`, () => {
    try {
      using db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
      requireKnown(db, schema);
      return [...torn(path, db), ...inconsistent(db)].slice(0, findingsMax);
    } catch (cause) {
      if (!isDamage(cause)) throw cause;
      return [cause.message];
    }
  });
}

/** @throws Problem `unavailable` — no such file, no permission, a newer schema, another program's file. */
export function requireReadable(path: string, schema: SchemaName): void {
  if (!existsSync(path)) throw new Problem("unavailable", `there is no database ${path}`);
  withProblems(`the database ${path} cannot be read`, () => {
    using db = new DatabaseSync(path, { readOnly: true });
    requireKnown(db, schema);
  });
}

/** `integrity_check` reads as far as pages go and passes a file whose last one is cut. */
function torn(path: string, db: DatabaseSync): string[] {
  const pageBytes = Number(db.prepare("PRAGMA page_size").get()?.page_size);
  const restBytes = () => statSync(path).size % pageBytes;
  // Twice, since a page may be on its way into the file.
  if (restBytes() === 0 || restBytes() === 0) return [];
  return [`the file ends amid a page, ${restBytes()} bytes after the one before it`];
}

function inconsistent(db: DatabaseSync): string[] {
  const found = db.prepare(`PRAGMA integrity_check(${findingsMax})`).all();
  const lines = found.flatMap((row) => String(row.integrity_check).split("\n"));
  const damage = lines.filter((line) => line !== "ok" && !line.startsWith("***"));
  if (damage.length > 0) return damage;
  return db
    .prepare("PRAGMA foreign_key_check")
    .all()
    .map((row) => `a row of ${row.table} refers to one of ${row.parent} that is not there`);
}
