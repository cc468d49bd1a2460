/**
 * A new file from what can still be read of a damaged one: the same tables and indexes, and every row that SQLite
 * gives back. Whether the rows make sense together is for the store to see to.
 *
 * In: the path of a damaged file, its WAL beside it, which is not changed. Out: a sound file, synced, and what of
 * each table is in it. Guarantees: no row is made up or cut; what only a damaged page led to is lost with it.
 * Bounds: one row in memory; behind damage it looks for the next readable row at `probesMax` keys one by one, and
 * then in growing steps.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Problem } from "../../problem.ts";
import { isDamage, withProblems } from "./database.ts";
import { requireKnown, type SchemaName } from "./migrate.ts";

export interface SalvagedTable {
  readonly table: string;
  readonly rows: number;
  /** How many it had, where that can still be told. */
  readonly rowsBefore: number | undefined;
}

const probesMax = 10_000;

/**
 * @param to Must not exist.
 * @throws Problem `unavailable` — not even the list of tables can be read, a newer schema, no room.
 */
export function salvage(from: string, to: string, schema: SchemaName): readonly SalvagedTable[] {
  return withProblems(`${from} cannot be repaired`, () => {
    try {
      return copyReadable(from, to, schema);
    } catch (cause) {
      if (!isDamage(cause)) throw cause;
      const message = `nothing can be saved of ${from}: ${cause.message}; restore a backup, or move the file away and start without it`;
      throw new Problem("unavailable", message, { cause });
    }
  });
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

function openDamaged(path: string, schema: SchemaName): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, defensive: false, timeout: 5_000 });
  try {
    // Lets a file be opened that is shorter than it says: https://www.sqlite.org/pragma.html#pragma_writable_schema
    db.exec("PRAGMA writable_schema = ON");
    requireKnown(db, schema);
    return db;
  } catch (cause) {
    db.close();
    throw cause;
  }
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
    .sort((a, b) => Number(a.pk) - Number(b.pk));
  const [key] = keys;
  if (keys.length === 1 && key?.type === "INTEGER") readByKey(source, table, names, keep);
  else
    readBothWays(
      source,
      table,
      names,
      keys.map(({ name }) => `"${name}"`),
      keep,
    );
  return { table, rows, rowsBefore: countOf(source, table) };
}

type Keep = (values: readonly SQLInputValue[]) => void;

/** Row by row behind the last one that was read, over whatever cannot be. */
function readByKey(db: DatabaseSync, table: string, names: string, keep: Keep): void {
  const behind = db.prepare(
    `SELECT rowid, ${names} FROM "${table}" WHERE rowid >= ? ORDER BY rowid`,
  );
  const probe = db.prepare(
    `SELECT ${names} FROM "${table}" WHERE rowid >= ? ORDER BY rowid LIMIT 1`,
  );
  for (const statement of [behind, probe]) statement.setReturnArrays(true);
  behind.setReadBigInts(true);
  for (let from: bigint | undefined = smallestKey; from !== undefined; ) {
    let last: bigint = from - 1n;
    const ended = readAll(behind, [from], ([rowid, ...values]) => {
      last = rowid as bigint;
      keep(values);
    });
    from = ended ? undefined : nextReadable(probe, last + 1n);
  }
}

const smallestKey = -(2n ** 62n);
const largestKey = 2n ** 62n;

/** The first key at or behind which something can be read, also if that is the end. */
function nextReadable(probe: StatementSync, from: bigint): bigint | undefined {
  const isReadable = (key: bigint) => readAll(probe, [key], () => undefined);
  for (let step = 1n, tried = 0; from + step < largestKey; tried++) {
    if (isReadable(from + step)) return from + step;
    step = tried < probesMax ? step + 1n : step * 2n;
  }
  return undefined;
}

/** Small tables with keys of text: from either end up to the damage. */
function readBothWays(
  db: DatabaseSync,
  table: string,
  names: string,
  keys: readonly string[],
  keep: Keep,
): void {
  for (const order of ["ASC", "DESC"]) {
    const by = (keys.length > 0 ? keys : ["rowid"]).map((key) => `${key} ${order}`).join(", ");
    const all = db.prepare(`SELECT ${names} FROM "${table}" ORDER BY ${by}`);
    all.setReturnArrays(true);
    all.setReadBigInts(true);
    if (readAll(all, [], keep)) return;
  }
}

/** False when damage ended it. */
function readAll(
  statement: StatementSync,
  values: readonly SQLInputValue[],
  onRow: (row: readonly SQLInputValue[]) => void,
): boolean {
  try {
    for (const row of statement.iterate(...values))
      onRow(row as unknown as readonly SQLInputValue[]);
    return true;
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    return false;
  }
}

/** From an index, perhaps, that is whole where the table is not. */
function countOf(db: DatabaseSync, table: string): number | undefined {
  try {
    return Number(db.prepare(`SELECT count(*) AS n FROM "${table}"`).get()?.n);
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    return undefined;
  }
}

/** Keys that were given once are not given again, even if the table that says so is damaged. */
function copySequences(source: DatabaseSync, target: DatabaseSync): void {
  const read = source.prepare("SELECT name, seq FROM sqlite_sequence");
  read.setReturnArrays(true);
  read.setReadBigInts(true);
  const insert = target.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)");
  const remove = target.prepare("DELETE FROM sqlite_sequence WHERE name = ?");
  readAll(read, [], ([name = null, seq = null]) => {
    remove.run(name);
    insert.run(name, seq);
  });
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()?.[name]);
}
