/**
 * A new file from what can still be read of a damaged one: the same tables and indexes, and every row that SQLite
 * gives back. Whether the rows make sense together is for the store to see to.
 *
 * In: the path of a damaged file, its WAL beside it, which is not changed. Out: a sound file, synced, and what of
 * each table is in it. Guarantees: no row is made up or cut; what only a damaged page led to is lost with it.
 * Bounds: one row in memory.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import {
  countIfReadable,
  openDamaged,
  readBothWays,
  readByKey,
  readUntilDamage,
  savingWhatCan,
} from "./damaged-file.ts";
import type { SchemaName } from "./migrate.ts";

export interface SalvagedTable {
  readonly table: string;
  readonly rows: number;
  /** How many it had, where that can still be told. */
  readonly rowsBefore: number | undefined;
}

/**
 * @param to Must not exist.
 * @throws Problem `unavailable` — not even the list of tables can be read, a newer schema, no room.
 */
export function salvage(from: string, to: string, schema: SchemaName): readonly SalvagedTable[] {
  return savingWhatCan(from, () => copyReadable(from, to, schema));
}

function copyReadable(from: string, to: string, schema: SchemaName): readonly SalvagedTable[] {
  using source = openDamaged(from, schema);
  using target = new DatabaseSync(to, { enableForeignKeyConstraints: false });
  const objects = objectsOf(source);
  // Nothing but this process knows the file until it is whole.
  target.exec(`
      PRAGMA page_size = ${pragma(source, "page_size")};
      PRAGMA auto_vacuum = ${pragma(source, "auto_vacuum")};
      PRAGMA journal_mode = OFF;
      PRAGMA synchronous = OFF;
      PRAGMA cache_size = -16384;
    `);
  target.exec(`PRAGMA application_id = ${pragma(source, "application_id")}; BEGIN`);
  const tables = objects.filter(({ type }) => type === "table");
  for (const { sql } of tables) target.exec(sql);
  const salvaged = tables.map(({ name }) => copyTable(source, target, name));
  if (tables.some(({ sql }) => /\bAUTOINCREMENT\b/i.test(sql))) copySequences(source, target);
  for (const { type, sql } of objects) if (type !== "table") target.exec(sql);
  target.exec("COMMIT; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL");
  target.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  return salvaged;
}

interface SchemaObject {
  readonly type: string;
  readonly name: string;
  readonly sql: string;
}

function objectsOf(db: DatabaseSync): SchemaObject[] {
  const select =
    "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid";
  return db
    .prepare(select)
    .all()
    .map(({ type, name, sql }) => ({ type: String(type), name: String(name), sql: String(sql) }));
}

function copyTable(source: DatabaseSync, target: DatabaseSync, table: string): SalvagedTable {
  const columns = source.prepare(`PRAGMA table_info("${table}")`).all();
  const names = columns.map(({ name }) => `"${name}"`).join(", ");
  const marks = columns.map(() => "?").join(", ");
  const insert = target.prepare(`INSERT OR IGNORE INTO "${table}" (${names}) VALUES (${marks})`);
  let rows = 0;
  const keep = (values: readonly SQLInputValue[]) => {
    rows += Number(insert.run(...values).changes);
  };
  const keys = columns
    .filter(({ pk }) => Number(pk) > 0)
    .sort((a, b) => Number(a.pk) - Number(b.pk))
    .map(({ name }) => `"${name}"`);
  // Rows rest in the order of what names them: the rowid, or the key of a table without.
  if (hasRowid(source, table)) readByKey(source, table, names, keep);
  else readBothWays(source, `SELECT ${names} FROM "${table}"`, keys, keep);
  return { table, rows, rowsBefore: countIfReadable(source, table) };
}

/** https://www.sqlite.org/pragma.html#pragma_table_list */
function hasRowid(db: DatabaseSync, table: string): boolean {
  return db.prepare(`PRAGMA table_list("${table}")`).get()?.wr === 0;
}

/** Keys that were given once are not given again, even if the table that says so is damaged. */
function copySequences(source: DatabaseSync, target: DatabaseSync): void {
  const read = source.prepare("SELECT name, seq FROM sqlite_sequence");
  read.setReturnArrays(true);
  read.setReadBigInts(true);
  const insert = target.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)");
  const remove = target.prepare("DELETE FROM sqlite_sequence WHERE name = ?");
  readUntilDamage(read, [], ([name = null, seq = null]) => {
    remove.run(name);
    insert.run(name, seq);
  });
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}
