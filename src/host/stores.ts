/** From a store's URL to its driver. The only module that knows which engines there are. */
import { isAbsolute, join, resolve } from "node:path";
import type { CallLog } from "../store/call-log.ts";
import { MemoryCallLog } from "../store/memory/call-log.ts";
import { MemoryRegistry } from "../store/memory/registry.ts";
import type { Registry } from "../store/registry.ts";
import { SqliteCallLog } from "../store/sqlite/call-log.ts";
import { SqliteRegistry } from "../store/sqlite/registry.ts";

export function openRegistry(url: string, dataDir: string): Registry {
  return isMemory(url)
    ? new MemoryRegistry()
    : SqliteRegistry.open(fileOf(url, dataDir, "registry.db"));
}

/** `read` opens a second view of a log that a writer keeps; see `sharesReads`. */
export function openCallLog(url: string, dataDir: string, mode: "write" | "read"): CallLog {
  return isMemory(url)
    ? new MemoryCallLog()
    : SqliteCallLog.open(fileOf(url, dataDir, "calls.db"), { mode });
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
