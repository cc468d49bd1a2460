/**
 * Copies of databases as they were at one instant, while others write them.
 *
 * In: paths of sources and of copies to be. Out: each copy is one file, synced, for its owner alone, without a WAL.
 * Guarantees: what the copies hold was there at the same instant, in all of them. A writer is never kept waiting:
 * the copy reads a snapshot, which costs the writer a WAL that grows meanwhile. Bounds: memory of `stepPages`; the
 * copy is synced every `syncBytes`, so that the disk never has more of it to write before a commit's own sync.
 */
import { closeSync, existsSync, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import { backup, DatabaseSync } from "node:sqlite";
import { Problem } from "../../problem.ts";
import { withProblems } from "./database.ts";

export interface Copying {
  readonly from: string;
  /** Must not exist. */
  readonly to: string;
}

const stepPages = 256;
const syncBytes = 8_388_608;
/** Each try takes a millisecond; only a source that changes in every single one of them exhausts them. */
const triesMax = 1_000;
const busyTimeoutMs = 5_000;

/**
 * @throws Problem `unavailable` — a source is missing, damaged or changes all the time, or there is no room for a copy.
 * @throws whatever reason `signal` is aborted with.
 */
export async function copyAtOneInstant(
  copies: readonly Copying[],
  signal: AbortSignal,
): Promise<void> {
  using open = new DisposableStack();
  const sources = copies.map(({ from }) => open.use(openSource(from)));
  const watchers = copies.slice(0, -1).map(({ from }) => open.use(openSource(from)));
  withProblems("the databases cannot be read", () => takeSnapshots(sources, watchers));
  for (const [index, { to }] of copies.entries()) {
    const source = sources[index];
    if (source) await copy(source, to, signal);
  }
}

function openSource(path: string): DatabaseSync {
  if (!existsSync(path)) throw new Problem("unavailable", `there is no database ${path}`);
  return withProblems(
    `the database ${path} cannot be opened`,
    () => new DatabaseSync(path, { readOnly: true, timeout: busyTimeoutMs }),
  );
}

/** The snapshots are of one instant when no source but the last has changed while they were taken. */
function takeSnapshots(sources: readonly DatabaseSync[], watchers: readonly DatabaseSync[]): void {
  for (let tries = 0; tries < triesMax; tries++) {
    const before = watchers.map(contentVersion);
    for (const source of sources) {
      source.exec("BEGIN");
      source.prepare("SELECT count(*) FROM sqlite_schema").get();
    }
    const after = watchers.map(contentVersion);
    if (before.every((version, index) => version === after[index])) return;
    for (const source of sources) source.exec("ROLLBACK");
  }
  throw new Problem(
    "unavailable",
    `the databases changed ${triesMax} times while one instant was sought`,
  );
}

/** https://www.sqlite.org/pragma.html#pragma_data_version: differs after another connection has committed. */
function contentVersion(db: DatabaseSync): unknown {
  return db.prepare("PRAGMA data_version").get()?.data_version;
}

async function copy(source: DatabaseSync, to: string, signal: AbortSignal): Promise<void> {
  const pageBytes = Number(source.prepare("PRAGMA page_size").get()?.page_size);
  const file = withProblems(`the copy ${to} cannot be made`, () => openSync(to, "wx", 0o600));
  try {
    let unsyncedBytes = 0;
    await backup(source, to, {
      rate: stepPages,
      progress: () => {
        signal.throwIfAborted();
        unsyncedBytes += stepPages * pageBytes;
        if (unsyncedBytes < syncBytes) return;
        fdatasyncSync(file);
        unsyncedBytes = 0;
      },
    });
    standAlone(to);
    fsyncSync(file);
  } catch (cause) {
    signal.throwIfAborted();
    throw new Problem("unavailable", `the copy ${to} cannot be written: ${textOf(cause)}`, {
      cause,
    });
  } finally {
    closeSync(file);
  }
}

/** One file without a WAL beside it: it can be read where nothing can be written. */
function standAlone(path: string): void {
  using db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = DELETE");
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
