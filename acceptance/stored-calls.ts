/** What the log holds of a server, walked to its end by the public API. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Api, CallRow } from "../test/e2e/api.ts";
import { programPath, readProgramHelp } from "./host-process.ts";

export interface StoredCalls {
  /** JSON-RPC ids, newest first, as often as they are there. */
  readonly ids: readonly number[];
  /** Rows whose parts do not belong together. */
  readonly torn: readonly string[];
  readonly rows: readonly StoredRow[];
}

/** What is kept of each row. */
export type StoredRow = Pick<
  CallRow,
  "id" | "created_at" | "duration_ms" | "ttfb_ms" | "status" | "rpc_id"
>;

const stepsMax = 10_000;

export async function storedCalls(api: Api, serverId: string): Promise<StoredCalls> {
  const ids: number[] = [];
  const torn: string[] = [];
  const rows: StoredRow[] = [];
  let cursor: string | null = "";
  for (let step = 0; cursor !== null && step < stepsMax; step += 1) {
    const page = await api.page({ server_id: serverId, limit: 500, ...(cursor ? { cursor } : {}) });
    for (const row of page.data) {
      // A call whose body capture had no room for has no id.
      if (row.rpc_id !== null) ids.push(Number(row.rpc_id));
      if (isTorn(row)) torn.push(row.id);
      const { id, created_at, duration_ms, ttfb_ms, status, rpc_id } = row;
      rows.push({ id, created_at, duration_ms, ttfb_ms, status, rpc_id });
    }
    cursor = page.next_cursor;
  }
  return { ids, torn, rows };
}

/** How many ids are there more than once. */
export function duplicates(ids: readonly number[]): number {
  return ids.length - new Set(ids).size;
}

/** Both bodies are whole messages with the row's id, or were left out as a whole. */
function isTorn({ rpc_id, request_body, response_body, status }: CallRow): boolean {
  const belongs = (body: string) => {
    if (body === "") return true;
    try {
      return String((JSON.parse(body) as { id: number }).id) === rpc_id;
    } catch {
      return false;
    }
  };
  return !belongs(request_body) || (status === "success" && !belongs(response_body));
}

/**
 * What is wrong with a data directory that nobody has open: SQLite's own check of every database, and the
 * program's of everything; a line for each fault.
 */
export function integrityFaults(dataDir: string, program = programPath()): readonly string[] {
  const files = readdirSync(dataDir, { recursive: true, encoding: "utf8" });
  const broken = files
    .filter((name) => name.endsWith(".db"))
    .flatMap((name) => {
      using database = new DatabaseSync(join(dataDir, name));
      const rows = database.prepare("PRAGMA integrity_check(10)").all();
      const faults = rows.map((row) => `${name}: ${row.integrity_check}`);
      return faults.filter((line) => !line.endsWith(": ok"));
    });
  if (!readProgramHelp().includes("hookwatch check")) return broken;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, "check", "--data-dir", dataDir],
    { encoding: "utf8", env: { PATH: process.env.PATH } },
  );
  return status === 0
    ? broken
    : [...broken, `hookwatch check: ${status}: ${stdout}${stderr}`.trim()];
}
