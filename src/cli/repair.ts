/**
 * `hookwatch repair`: for each store whose file is damaged, a new file with everything that can still be read.
 *
 * Guarantees: the damaged file stays beside the new one, under another name, with its WAL; a sound file is left alone;
 * what is lost is said. No host may run meanwhile.
 */
import { existsSync, linkSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { lockDataDir } from "../host/data-dir.ts";
import { lockCallLog, storeFiles } from "../host/stores.ts";
import { Problem } from "../problem.ts";
import { type CallLogRepair, repairCallLog } from "../store/sqlite/call-log-repair.ts";
import { repairRegistry } from "../store/sqlite/registry-repair.ts";
import type { SalvagedTable } from "../store/sqlite/salvage.ts";
import { type Command, done, storeArguments, storeSettingsHelp } from "./command.ts";
import { inWords, syncFolder } from "./files.ts";
import { amountText, checkStore } from "./store-check.ts";

export const repair: Command = {
  form: "repair",
  summary: "save what can be read of damaged files",
  help: `Stop the host first, and copy the data directory if there is room. A damaged file is
kept beside the new one, as <name>.damaged-<time>. A sound one is left alone.

${storeSettingsHelp}`,
  run,
};

type Schema = "registry" | "calls";

/** What an audit log lacks, no repair can give back: `check` goes on saying so. */
const depthOf = { registry: "pages", calls: "contents" } as const;

async function run(args: readonly string[]): Promise<number> {
  const { config } = storeArguments(args);
  const { registry, calls } = storeFiles(config);
  if (!existsSync(config.dataDir))
    throw new Problem("unavailable", `there is no data directory ${config.dataDir}`);
  using _held = lockDataDir(config.dataDir);
  using _heldLog = lockCallLog(config);
  if (registry !== undefined) await repairStore("registry", registry);
  if (calls !== undefined && existsSync(calls)) await repairStore("calls", calls);
  return done;
}

async function repairStore(schema: Schema, path: string): Promise<void> {
  const { findings } = await checkStore(schema, path, depthOf[schema]);
  if (findings.length === 0) {
    process.stdout.write(`${path}: sound, nothing to repair\n`);
    return;
  }
  const repaired = `${path}.repaired`;
  const kept = `${path}.damaged-${new Date().toISOString().replaceAll(/\D/g, "").slice(0, 14)}`;
  const lines = await inWords(`${path} cannot be repaired`, async () => {
    // What an earlier repair has left that was broken off.
    removeDatabase(repaired);
    const lost =
      schema === "registry"
        ? repairRegistry(path, repaired).flatMap(rowsText)
        : callsText(await repairCallLog(path, repaired));
    await requireSound(schema, repaired);
    replace(path, repaired, kept);
    return lost;
  });
  for (const line of [...lines, `repaired; the damaged file is ${kept}`])
    process.stdout.write(`${path}: ${line}\n`);
}

async function requireSound(schema: Schema, path: string): Promise<void> {
  const { findings } = await checkStore(schema, path, depthOf[schema]);
  if (findings.length === 0) return;
  throw new Problem(
    "internal_error",
    `what was saved is not sound: ${findings[0]}; nothing was replaced`,
  );
}

/** The damaged file and its WAL get their other name first. No moment has the new file beside the old WAL. */
function replace(path: string, repaired: string, kept: string): void {
  for (const suffix of ["", "-wal"])
    if (isFilled(path + suffix)) linkSync(path + suffix, kept + suffix);
  syncFolder(dirname(path));
  for (const suffix of ["-wal", "-shm"]) {
    rmSync(path + suffix, { force: true });
    rmSync(repaired + suffix, { force: true });
  }
  renameSync(repaired, path);
  syncFolder(dirname(path));
}

/** A check leaves an empty WAL behind. */
function isFilled(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
}

/** Tables of which everything was saved are not worth a line. */
function rowsText({ table, rows, rowsBefore }: SalvagedTable): string[] {
  if (rowsBefore === rows) return [];
  const saved = `${table}: ${amountText(rows, "row")} saved`;
  if (rowsBefore === undefined) return [`${saved}; how many there were cannot be read`];
  return [`${saved}, ${rowsBefore - rows} lost`];
}

function callsText({ calls, callsWithoutBlock, callsLost }: CallLogRepair): string[] {
  const bare = `${amountText(callsWithoutBlock, "call")} without bodies, header fields and error messages`;
  return [
    `${amountText(calls, "call")} saved, of these ${bare}; ${amountText(callsLost, "call")} lost`,
  ];
}
