/**
 * A SQLite file as both stores want it, and the only way they touch it: transactions whose failures
 * become Problems.
 *
 * In: a path. Out: an open, migrated connection. Guarantees: a write transaction is whole or absent, and
 * durable when it returns (WAL, `synchronous=FULL`: one fsync a commit); a read transaction sees
 * one snapshot. Bounds: waits `busyTimeoutMs` for another writer; the WAL shrinks back to 64 MiB after a burst.
 */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Problem } from "../../problem.ts";
import { type Log, silentLog } from "../../telemetry.ts";
import { migrate, requireCurrent, requireKnown, type SchemaName } from "./migrate.ts";

export type DatabaseMode = "write" | "read";

/**
 * `write` makes the file (mode 0600) and its directory (0700) where there is none and brings the schema up
 * to date; `read` demands both and refuses every change. What is not ours is left as it was.
 *
 * @throws Problem `unavailable` — not a database, a newer schema, no permission, no such file.
 */
export function openDatabase(
  path: string,
  schema: SchemaName,
  mode: DatabaseMode,
  busyTimeoutMs: number,
  log: Log = silentLog,
): DatabaseSync {
  return withProblems(`the database ${path} cannot be opened`, () => {
    if (mode === "write") makeFile(path);
    else if (!existsSync(path)) throw new Problem("unavailable", `there is no database ${path}`);
    const db = new DatabaseSync(path, { timeout: busyTimeoutMs });
    try {
      if (mode === "write") {
        // First, since the pragmas below would already change another program's file.
        requireKnown(db, schema);
        db.exec(writerPragmas);
        migrate(db, schema, log);
      } else {
        db.exec(readerPragmas);
        requireCurrent(db, schema);
      }
      return db;
    } catch (cause) {
      db.close();
      throw cause;
    }
  });
}

/**
 * Brings the schema of a file up to date ahead of its opening, and tells how it goes. A missing file is made.
 *
 * @throws Problem `unavailable` — as `openDatabase`.
 */
export function upgradeDatabase(path: string, schema: SchemaName, log: Log): void {
  openDatabase(path, schema, "write", upgradeWaitMs, log).close();
}

/** For another process that upgrades the same registry. */
const upgradeWaitMs = 60_000;

/** After which a commit takes the WAL into the database. */
export const walPagesMax = 2_000;

// page_size and auto_vacuum count only before the first table. Rows of 60 bytes and blocks of 50 KiB want
// larger pages than 4 KiB; auto_vacuum lets retention give space back in small steps.
// secure_delete overwrites what is deleted: deleted means gone from the file, too.
const writerPragmas = `
  PRAGMA page_size = 8192;
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA wal_autocheckpoint = ${walPagesMax};
  PRAGMA journal_size_limit = 67108864;
  PRAGMA cache_size = -8192;
  PRAGMA temp_store = MEMORY;
  PRAGMA trusted_schema = OFF;
`;

const readerPragmas = `
  PRAGMA query_only = ON;
  PRAGMA cache_size = -8192;
  PRAGMA temp_store = MEMORY;
  PRAGMA trusted_schema = OFF;
`;

/** Runs `work` whole or not at all. @throws Problem `unavailable` — busy for too long, full, failing; nothing was done. */
export function transaction<Result>(
  db: DatabaseSync,
  kind: DatabaseMode,
  work: () => Result,
): Result {
  return withProblems("the database is not available", () => {
    db.exec(kind === "write" ? "BEGIN IMMEDIATE" : "BEGIN");
    try {
      const result = work();
      db.exec("COMMIT");
      return result;
    } catch (cause) {
      // SQLite itself rolls back after some failures, a full disk among them.
      if (db.isTransaction) db.exec("ROLLBACK");
      throw cause;
    }
  });
}

function makeFile(path: string): void {
  if (path === ":memory:" || existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // SQLite gives its -wal and -shm files the mode of the database.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
}

/** @throws Problem `unavailable` — instead of what the engine and the file system throw; the rest passes. */
export function withProblems<Result>(what: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    if (!isOutage(cause)) throw cause;
    const hint = isDamage(cause) ? damageHint : "";
    throw new Problem("unavailable", `${what}: ${cause.message}${hint}`, { cause });
  }
}

export const damageHint =
  '; "hookwatch check" lists what is damaged, "hookwatch repair" saves what can be read';

/** CORRUPT, NOTADB, and IOERR_SHORT_READ, which is a file that ends too early. */
export function isDamage(cause: unknown): cause is Error {
  if (!(cause instanceof Error) || !("errcode" in cause)) return false;
  const code = Number(cause.errcode);
  return (code & 0xff) === 11 || (code & 0xff) === 26 || code === 522;
}

/**
 * PERM, BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, PROTOCOL, NOTADB:
 * https://www.sqlite.org/rescode.html. The others are mistakes of ours.
 */
const outageCodes: ReadonlySet<number> = new Set([3, 5, 6, 7, 8, 10, 11, 13, 14, 15, 26]);

export function isOutage(cause: unknown): cause is Error {
  if (!(cause instanceof Error) || !("code" in cause)) return false;
  if (cause.code === "ERR_SQLITE_ERROR") {
    return "errcode" in cause && outageCodes.has(Number(cause.errcode) & 0xff);
  }
  // Of the file system (EACCES, ENOTDIR …), or a connection that was closed.
  return "syscall" in cause || cause.code === "ERR_INVALID_STATE";
}
