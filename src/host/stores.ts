/** From a store's URL to its driver. The only module that knows which engines there are. */
import { mkdirSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { Problem } from "../problem.ts";
import type { CallLog } from "../store/call-log.ts";
import { MemoryCallLog } from "../store/memory/call-log.ts";
import { openMemoryRegistry } from "../store/memory/registry.ts";
import type { Registry } from "../store/registry.ts";
import { SqliteCallLog } from "../store/sqlite/call-log.ts";
import { upgradeDatabase } from "../store/sqlite/database.ts";
import { lockFile } from "../store/sqlite/lock.ts";
import { openSqliteRegistry } from "../store/sqlite/registry.ts";
import { type Log, silentLog } from "../telemetry.ts";

export function openRegistry(url: string, dataDir: string, log: Log = silentLog): Registry {
  if (isMemory(url)) return openMemoryRegistry();
  const path = fileOf(url, dataDir, "registry.db");
  upgradeDatabase(path, "registry", log);
  return openSqliteRegistry(path);
}

/** `read` opens a second view of a log that a writer keeps; see `sharesReads`. */
export function openCallLog(
  url: string,
  dataDir: string,
  mode: "write" | "read",
  log: Log = silentLog,
): CallLog {
  if (isMemory(url)) return new MemoryCallLog();
  const path = fileOf(url, dataDir, "calls.db");
  if (mode === "write") upgradeDatabase(path, "calls", log);
  return SqliteCallLog.open(path, { mode });
}

/** Paths of the files behind the stores; those that keep none are absent. */
export interface StoreFiles {
  readonly registry?: string;
  readonly calls?: string;
}

export interface StoreSettings {
  readonly registryUrl: string;
  readonly callsUrl: string;
  readonly dataDir: string;
}

export function storeFiles({ registryUrl, callsUrl, dataDir }: StoreSettings): StoreFiles {
  return {
    ...(isMemory(registryUrl) ? {} : { registry: fileOf(registryUrl, dataDir, "registry.db") }),
    ...(isMemory(callsUrl) ? {} : { calls: fileOf(callsUrl, dataDir, "calls.db") }),
  };
}

/**
 * The call log has one writer. A file in the data directory is held with it; one elsewhere by a lock beside it.
 *
 * @throws Problem `unavailable` — another process holds it.
 */
export function lockCallLog(settings: StoreSettings): Disposable {
  const { calls } = storeFiles(settings);
  const isBelow = calls !== undefined && !relative(settings.dataDir, calls).startsWith("..");
  if (calls === undefined || isBelow) return { [Symbol.dispose]: () => undefined };
  mkdirSync(dirname(calls), { recursive: true, mode: 0o700 });
  const lock = lockFile(`${calls}.lock`);
  if (lock) return lock;
  const message = `the call log ${calls} is in use by another process; stop it, or set HOOKWATCH_CALLS_URL`;
  throw new Problem("unavailable", message);
}

/** Whether readers may open the log beside its writer; if not, the writer answers them. */
export function sharesReads(url: string): boolean {
  return !isMemory(url);
}

function isMemory(url: string): boolean {
  return url.startsWith("memory:");
}

/** `sqlite:` names the default file; `sqlite:rel/path.db` is relative to the data folder. */
function fileOf(url: string, dataDir: string, fallback: string): string {
  const path = url.slice("sqlite:".length);
  if (path === "") return join(dataDir, fallback);
  return isAbsolute(path) ? path : resolve(dataDir, path);
}
