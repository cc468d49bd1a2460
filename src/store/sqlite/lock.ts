/**
 * A lock on a path that the operating system gives back: held by an open file, so that it ends with its process,
 * `kill -9` included, and leaves nothing to clean up.
 *
 * In: a path. Out: the lock, or nothing when somebody has it. Guarantees: one holder a path among all processes of
 * this machine, whatever container they run in; a pid that is used again means nothing to it. The file itself is
 * an empty SQLite database that nobody writes: Node.js has no `flock`, SQLite's exclusive lock is one.
 */
import { closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { Problem } from "../../problem.ts";

/** @throws Problem `unavailable` — the file cannot be made or locked, for another reason than a holder. */
export function lockFile(path: string): Disposable | undefined {
  let db: DatabaseSync | undefined;
  try {
    // Only where there is none: closing any descriptor of a file gives up this process's locks on it.
    if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
    db = new DatabaseSync(path, { timeout: 0 });
    // In memory, lest an empty journal stays beside it.
    db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
    const held = db;
    return { [Symbol.dispose]: () => held.close() };
  } catch (cause) {
    db?.close();
    if (isBusy(cause)) return undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Problem("unavailable", `${path} cannot be locked: ${reason}`, { cause });
  }
}

/** https://www.sqlite.org/rescode.html#busy */
const busyCode = 5;

function isBusy(cause: unknown): boolean {
  return (
    cause instanceof Error && "errcode" in cause && (Number(cause.errcode) & 0xff) === busyCode
  );
}
