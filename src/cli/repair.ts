/**
 * `hookwatch repair`: for each store whose file is damaged, a new file with everything that can still be read.
 *
 * Guarantees: the damaged file stays beside the new one, under another name, with its WAL; a sound file is left alone;
 * what is lost is said. No host may run meanwhile.
 */
import { existsSync, linkSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { lockDataDir } from "../host/data-dir.ts";
import { lockCallLog, storeFiles } from "../host/stores.ts";
import { Problem } from "../problem.ts";
import { repairRegistry } from "../store/sqlite/registry-repair.ts";
import { type SalvagedTable, salvage } from "../store/sqlite/salvage.ts";
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
  const { findings } = await checkStore(schema, path);
  if (findings.length === 0) {
    process.stdout.write(`${path}: sound, nothing to repair\n`);
    return;
  }
  const repaired = `${path}.repaired`;
  const kept = `${path}.damaged-${new Date().toISOString().replaceAll(/\D/g, "").slice(0, 14)}`;
  const lines = await inWords(`${path} cannot be repaired`, async () => {
    // What an earlier repair has left that was broken off.
    removeDatabase(repaired);
    const saved =
      schema === "registry" ? repairRegistry(path, repaired) : salvage(path, repaired, schema);
    await requireSound(schema, repaired);
    replace(path, repaired, kept);
    return saved.map(lossText).filter((line) => line !== undefined);
  });
  for (const line of [...lines, `repaired; the damaged file is ${kept}`])
    process.stdout.write(`${path}: ${line}\n`);
}

async function requireSound(schema: Schema, path: string): Promise<void> {
  const { findings } = await checkStore(schema, path);
  if (findings.length === 0) return;
  throw new Problem(
    "internal_error",
    `what was saved is not sound: ${findings[0]}; nothing was replaced`,
  );
}

/** The damaged file and its WAL get their other name first. No moment has the new file beside the old WAL. */
function replace(path: string, repaired: string, kept: string): void {
  for (const suffix of ["", "-wal"])
    if (existsSync(path + suffix)) linkSync(path + suffix, kept + suffix);
  syncFolder(dirname(path));
  for (const suffix of ["-wal", "-shm"]) {
    rmSync(path + suffix, { force: true });
    rmSync(repaired + suffix, { force: true });
  }
  renameSync(repaired, path);
  syncFolder(dirname(path));
}

function removeDatabase(path: string): void {
  for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(path + suffix, { force: true });
}

function lossText({ table, rows, rowsBefore }: SalvagedTable): string | undefined {
  if (rowsBefore === undefined)
    return `${table}: ${amountText(rows, "row")} saved; how many there were cannot be read`;
  const lost = rowsBefore - rows;
  return lost > 0 ? `${table}: ${amountText(rows, "row")} saved, ${lost} lost` : undefined;
}
