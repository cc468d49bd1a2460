/**
 * The folder for everything the embedded stores keep: made if missing, proved writable before anything
 * opens, and held by one host at a time.
 *
 * `host.lock` is the lock, which ends with its process however that ends; `host.pid` says who holds it, for
 * people, and is not believed by anyone.
 */
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { Problem } from "../problem.ts";
import { lockFile } from "../store/sqlite/lock.ts";

/** For its owner alone: calls are as confidential as what agents say. */
const ownerOnly = 0o700;

/** What a restore leaves while it is under way; see cli/restore.ts. */
export const unfinishedRestore = "restoring.json";

/** @throws Problem `unavailable` — it cannot be made or written, in a sentence that names it. */
export function makeDataDir(path: string): void {
  inDataDir(path, () => {
    makeFolder(path);
    accessSync(path, constants.W_OK | constants.X_OK);
  });
}

/**
 * Makes the folder and keeps every other host out until disposed.
 *
 * @throws Problem `unavailable` — it cannot be used, another process holds it, or a restore into it was broken off.
 */
export function openDataDir(path: string): Disposable {
  makeDataDir(path);
  const lock = lockDataDir(path);
  if (!existsSync(join(path, unfinishedRestore))) return lock;
  lock[Symbol.dispose]();
  const message = `a restore into the data directory ${path} did not end; run "hookwatch restore" again`;
  throw new Problem("unavailable", message);
}

/** @throws Problem `unavailable` — another process holds the folder; it is named as far as it is known. */
export function lockDataDir(path: string): Disposable {
  const lock = lockFile(join(path, "host.lock"));
  const pidFile = join(path, "host.pid");
  if (!lock) throw new Problem("unavailable", heldMessage(path, pidFile));
  try {
    inDataDir(path, () =>
      writeFileSync(pidFile, `${process.pid}\n${hostname()}\n`, { mode: 0o600 }),
    );
  } catch (cause) {
    lock[Symbol.dispose]();
    throw cause;
  }
  return {
    [Symbol.dispose]() {
      rmSync(pidFile, { force: true });
      lock[Symbol.dispose]();
    },
  };
}

/** Pids of containers are their own: the name of the machine tells them apart. */
function heldMessage(path: string, pidFile: string): string {
  const [pid, machine] = existsSync(pidFile) ? readFileSync(pidFile, "utf8").split("\n") : [];
  const where = machine && machine !== hostname() ? ` on ${machine}` : "";
  const holder = /^\d+$/.test(pid ?? "") ? `process ${pid}${where}` : "another process";
  return `the data directory ${path} is in use by ${holder}; stop it, or set HOOKWATCH_DATA_DIR`;
}

function inDataDir(path: string, work: () => void): void {
  try {
    work();
  } catch (cause) {
    const reason = reasons[(cause as NodeJS.ErrnoException).code ?? ""] ?? String(cause);
    const message = `the data directory ${path} cannot be used: ${reason}; set HOOKWATCH_DATA_DIR`;
    throw new Problem("unavailable", message, { cause });
  }
}

/** `mkdirSync(path, { recursive: true })` never returns where a parent refuses with ENOENT, as below /proc. */
function makeFolder(path: string): void {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path, { mode: ownerOnly });
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left",
  ENOTDIR: "a file is in its way",
  EEXIST: "a file is in its way",
  ENOENT: "it cannot be made there",
};
