/**
 * `hookwatch restore <folder>`: a backup into an empty data directory that no host holds.
 *
 * Guarantees: what it puts there is what was backed up, byte for byte; it is there whole, or the directory is left
 * empty, or, after a kill, refused by every host until the restore was run again. Nothing that was there is replaced.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { lockDataDir, makeDataDir, unfinishedRestore } from "../host/data-dir.ts";
import { lockCallLog, storeFiles } from "../host/stores.ts";
import { Problem } from "../problem.ts";
import { requireReadable } from "../store/sqlite/integrity.ts";
import { contents } from "./backup.ts";
import {
  type BackupFile,
  callsName,
  type Manifest,
  readManifest,
  readWhole,
  registryName,
  spillName,
} from "./backup-folder.ts";
import { type Command, done, storeArguments, storeSettingsHelp } from "./command.ts";
import { inWords, syncFolder } from "./files.ts";

export const restore: Command = {
  form: "restore <folder>",
  summary: "put a backup into an empty data directory",
  help: `The data directory must be missing or empty, and no host may hold it. The backup
stays as it is.

${storeSettingsHelp}`,
  run,
};

interface Placement {
  readonly file: BackupFile;
  readonly to: string;
}

async function run(args: readonly string[]): Promise<number> {
  const { config, words } = storeArguments(args, ["folder"]);
  const folder = resolve(words[0] ?? "");
  const manifest = readManifest(folder);
  makeDataDir(config.dataDir);
  using _held = lockDataDir(config.dataDir);
  using _heldLog = lockCallLog(config);
  const paths = { ...storeFiles(config), spill: join(config.dataDir, spillName) };
  const placements = manifest.files.map((file) => ({ file, to: placeOf(file, paths) }));
  requireKnownSchemas(folder, manifest);
  const mark = join(config.dataDir, unfinishedRestore);
  requireEmpty(config.dataDir, placements, mark);
  await inWords(`${folder} cannot be restored into ${config.dataDir}`, async () => {
    const targets = placements.map(({ to }) => to);
    writeFileSync(mark, JSON.stringify(targets), { mode: 0o600, flush: true });
    syncFolder(config.dataDir);
    try {
      for (const placement of placements) await place(folder, placement);
      for (const parent of new Set(targets.map(dirname))) syncFolder(parent);
    } catch (cause) {
      for (const target of targets) rmSync(target, { force: true });
      throw cause;
    } finally {
      // With nothing half done any more, whichever way it went.
      rmSync(mark);
      syncFolder(config.dataDir);
    }
  });
  process.stdout.write(
    `restored ${contents(manifest)} of ${manifest.made_at} into ${config.dataDir}\n`,
  );
  return done;
}

function placeOf(
  { path }: BackupFile,
  to: { readonly registry?: string; readonly calls?: string; readonly spill: string },
): string {
  const name = path.slice(spillName.length + 1);
  const place = { [registryName]: to.registry, [callsName]: to.calls }[path];
  if (place !== undefined) return place;
  if (path.startsWith(`${spillName}/`)) return join(to.spill, name);
  throw new Problem(
    "unavailable",
    `the backup has a ${path}, but that store is set to be kept in memory`,
  );
}

/** Before anything is written: a host would refuse what it does not know. */
function requireKnownSchemas(folder: string, { files }: Manifest): void {
  for (const { path } of files) {
    if (path === registryName) requireReadable(join(folder, path), "registry");
    if (path === callsName) requireReadable(join(folder, path), "calls");
  }
}

/** What an earlier restore has left, and says so itself, is not in the way. */
function requireEmpty(dataDir: string, placements: readonly Placement[], mark: string): void {
  const ours = new Set(placements.map(({ to }) => to));
  for (const target of existsSync(mark) ? leftBy(mark) : [])
    if (ours.has(target) || dirname(target) === join(dataDir, spillName))
      rmSync(target, { force: true });
  const own = ["host.lock", "host.pid", unfinishedRestore, spillName];
  const [other] = readdirSync(dataDir).filter((name) => !own.includes(name));
  const waiting = existsSync(join(dataDir, spillName)) ? readdirSync(join(dataDir, spillName)) : [];
  const taken = [...ours].flatMap((to) => [to, `${to}-wal`]).find((to) => existsSync(to));
  const found = other ?? waiting[0] ?? taken;
  if (found === undefined) return;
  const message = `the data directory ${dataDir} is not empty: it has ${found}; a backup is restored into an empty one`;
  throw new Problem("unavailable", message);
}

function leftBy(mark: string): string[] {
  try {
    const targets: unknown = JSON.parse(readFileSync(mark, "utf8"));
    return Array.isArray(targets) ? targets.map(String) : [];
  } catch {
    // Broken off amid its writing, hence before anything else was written.
    return [];
  }
}

async function place(folder: string, { file, to }: Placement): Promise<void> {
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
  const { bytes, sha256 } = await readWhole(join(folder, file.path), to);
  if (bytes === file.bytes && sha256 === file.sha256) return;
  const message = `the backup is damaged: ${join(folder, file.path)} is not what was written`;
  throw new Problem("unavailable", message);
}
