/** The folder for everything the embedded stores keep: made if missing, proved writable before anything opens. */
import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { Problem } from "../problem.ts";

/** For its owner alone: calls are as confidential as what agents say. */
const ownerOnly = 0o700;

/** @throws Problem `unavailable` — it cannot be made or written, in a sentence that names it. */
export function makeDataDir(path: string): void {
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK | constants.X_OK);
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
