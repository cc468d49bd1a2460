/**
 * Reading a damaged SQLite file: every row that SQLite still gives back, over what it cannot.
 *
 * In: the path of a file, its WAL beside it, which is not changed. Out: rows. Bounds: one row in memory; behind damage
 * the next readable row is looked for at `probesMax` keys one after the other, and then in growing steps.
 */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { Problem } from "../../problem.ts";
import { isDamage, withProblems } from "./database.ts";
import { requireKnown, type SchemaName } from "./migrate.ts";

const probesMax = 10_000;

/** @throws Problem `unavailable` — not even the list of tables can be read, a newer schema, no room for what is saved. */
export function savingWhatCan<Result>(from: string, work: () => Result): Result {
  return withProblems(`${from} cannot be repaired`, () => {
    try {
      return work();
    } catch (cause) {
      if (!isDamage(cause)) throw cause;
      const message = `nothing can be saved of ${from}: ${cause.message}; restore a backup, or move the file away and start without it`;
      throw new Problem("unavailable", message, { cause });
    }
  });
}

export function openDamaged(path: string, schema: SchemaName): DatabaseSync {
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

export type Keep = (values: readonly SQLInputValue[]) => void;

/** Row by row behind the last one that was read, over whatever cannot be. */
export function readByKey(db: DatabaseSync, table: string, names: string, keep: Keep): void {
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
    const ended = readUntilDamage(behind, [from], ([rowid, ...values]) => {
      // Pages that lead to the wrong ones give keys in any order; it must end all the same.
      if ((rowid as bigint) > last) last = rowid as bigint;
      keep(values);
    });
    from = ended ? undefined : nextReadable(probe, last + 1n);
  }
}

/** No table of ours has keys below. */
const smallestKey = 0n;
const largestKey = 2n ** 62n;

/** The first key behind `from` at or behind which something can be read, also if that is the end. */
function nextReadable(probe: StatementSync, from: bigint): bigint | undefined {
  const isReadable = (key: bigint) => readUntilDamage(probe, [key], () => undefined);
  let unreadable = from;
  for (let step = 1n, tried = 0; unreadable + step < largestKey; tried++) {
    if (isReadable(unreadable + step))
      return firstReadable(unreadable, unreadable + step, isReadable);
    unreadable += step;
    if (tried >= probesMax) step *= 2n;
  }
  return undefined;
}

/** Between a key that cannot be read and one that can. */
function firstReadable(
  unreadable: bigint,
  readable: bigint,
  isReadable: (key: bigint) => boolean,
): bigint {
  let [low, high] = [unreadable, readable];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (isReadable(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Tables with keys of text: from either end up to the damage. Rows may come twice. */
export function readBothWays(
  db: DatabaseSync,
  select: string,
  keys: readonly string[],
  keep: Keep,
): void {
  for (const order of ["ASC", "DESC"]) {
    const by = keys.map((key) => `${key} ${order}`).join(", ");
    const all = db.prepare(`${select} ORDER BY ${by}`);
    all.setReturnArrays(true);
    all.setReadBigInts(true);
    if (readUntilDamage(all, [], keep)) return;
  }
}

/** False when damage ended it. */
export function readUntilDamage(
  statement: StatementSync,
  values: readonly SQLInputValue[],
  onRow: (row: readonly SQLInputValue[]) => void,
): boolean {
  try {
    for (const row of statement.iterate(...values))
      onRow(row as unknown as readonly SQLInputValue[]);
    return true;
  } catch (cause) {
    if (!isUnreadableRow(cause)) throw cause;
    return false;
  }
}

/** From an index, perhaps, that is whole where the table is not. */
export function countIfReadable(db: DatabaseSync, table: string): number | undefined {
  try {
    return Number(db.prepare(`SELECT count(*) AS n FROM "${table}"`).get()?.n);
  } catch (cause) {
    if (!isUnreadableRow(cause)) throw cause;
    return undefined;
  }
}

/** Damage; also NOMEM and TOOBIG, by which a row fails whose damaged head speaks of gigabytes. */
export function isUnreadableRow(cause: unknown): boolean {
  if (isDamage(cause)) return true;
  const code = cause instanceof Error && "errcode" in cause ? Number(cause.errcode) & 0xff : 0;
  return code === 7 || code === 18;
}
