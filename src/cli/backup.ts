/**
 * `hookwatch backup <folder>`: both stores as they were at one instant, and the calls that waited for the log then,
 * while a host runs or not.
 *
 * Guarantees: the folder is there whole or not at all; it holds every call that the log had when it began; a server
 * that the log knows is in the registry, or is on its way out of both (ADR-0003). The host is not kept waiting, and comes first where both want
 * the processor.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { giveWay } from "../host/give-way.ts";
import { type StoreFiles, storeFiles } from "../host/stores.ts";
import { Problem } from "../problem.ts";
import { copyAtOneInstant } from "../store/sqlite/snapshot.ts";
import { silentLog } from "../telemetry.ts";
import {
  type BackupFile,
  callsName,
  type Manifest,
  manifestName,
  readWhole,
  registryName,
  spillName,
} from "./backup-folder.ts";
import { type Command, done, storeArguments, storeSettingsHelp } from "./command.ts";
import { inWords, mirrorSpill, spillFilesIn, syncFolder } from "./files.ts";
import { amountText, checkStore, sizeText } from "./store-check.ts";
import { version } from "./version.ts";

export const backup: Command = {
  form: "backup <folder>",
  summary: "copy the stores into a new folder, beside a running host, too",
  help: `The folder must not exist; it appears once the copy is whole and verified. Restore
it with "hookwatch restore <folder>".

${storeSettingsHelp}`,
  run,
};

/** From here on what waits for the log is copied faster than it grows. */
const settledBytes = 1_048_576;
const passesMax = 20;

async function run(args: readonly string[]): Promise<number> {
  const { config, words } = storeArguments(args, ["folder"]);
  const folder = resolve(words[0] ?? "");
  const files = storeFiles(config);
  requireFiles(files, config.dataDir);
  if (existsSync(folder)) throw new Problem("unavailable", `${folder} exists already`);
  giveWay(silentLog);
  using interrupted = interruption();
  const manifest = await inWords(`the backup ${folder} cannot be written`, async () => {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    const unfinished = mkdtempSync(`${folder}.unfinished-`);
    try {
      await copyStores(files, join(config.dataDir, spillName), unfinished, interrupted.signal);
      const made = await seal(unfinished);
      renameSync(unfinished, folder);
      syncFolder(dirname(folder));
      return made;
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  });
  const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  process.stdout.write(`backed up ${contents(manifest)}, ${sizeText(bytes)}, into ${folder}\n`);
  return done;
}

/** `the registry and 1,000 calls`. */
export function contents({ calls, files }: Manifest): string {
  const registry = files.some(({ path }) => path === registryName) ? ["the registry"] : [];
  const waiting = files.some(({ path }) => path.startsWith(spillName))
    ? ["calls that wait for the log"]
    : [];
  const stored = calls === null ? [] : [amountText(calls, "call")];
  return new Intl.ListFormat("en").format([...registry, ...stored, ...waiting]);
}

function requireFiles({ registry, calls }: StoreFiles, dataDir: string): void {
  for (const path of [registry, calls])
    if (path !== undefined && !existsSync(path))
      throw new Problem(
        "unavailable",
        `there is nothing to back up in ${dataDir}: ${path} is missing`,
      );
  if (registry ?? calls) return;
  throw new Problem("unavailable", "there is nothing to back up: both stores are kept in memory");
}

async function copyStores(
  { registry, calls }: StoreFiles,
  spill: string,
  to: string,
  signal: AbortSignal,
): Promise<void> {
  // Before the instant: a call waits here or is in the log by then. Again and again, for little to come meanwhile.
  for (let pass = 0; pass < passesMax; pass++)
    if (mirrorSpill(spill, join(to, spillName)) <= settledBytes) break;
  const copies = [
    ...(registry === undefined ? [] : [{ from: registry, to: join(to, registryName) }]),
    ...(calls === undefined ? [] : [{ from: calls, to: join(to, callsName) }]),
  ];
  await copyAtOneInstant(copies, signal);
}

/** Verifies the copies and writes down what they are. */
async function seal(folder: string): Promise<Manifest> {
  let calls: number | null = null;
  for (const [schema, name] of [
    ["registry", registryName],
    ["calls", callsName],
  ] as const) {
    if (!existsSync(join(folder, name))) continue;
    const checked = await checkStore(schema, join(folder, name), "pages");
    const [finding] = checked.findings;
    if (finding) {
      const message = `the ${schema} database is damaged: ${finding}; "hookwatch check" says more`;
      throw new Problem("unavailable", message);
    }
    calls = checked.calls ?? calls;
  }
  const spill = join(folder, spillName);
  const paths = [registryName, callsName].filter((name) => existsSync(join(folder, name)));
  paths.push(...spillFilesIn(spill).map((name) => `${spillName}/${name}`));
  const files: BackupFile[] = [];
  for (const path of paths) files.push({ path, ...(await readWhole(join(folder, path))) });
  const made_at = new Date().toISOString();
  const manifest: Manifest = { format: 1, made_at, version, calls, files };
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  writeFileSync(join(folder, manifestName), text, { mode: 0o600, flush: true });
  syncFolder(spill);
  syncFolder(folder);
  return manifest;
}

/** Ctrl-C ends the work in good order: nothing half done stays. */
function interruption(): { readonly signal: AbortSignal } & Disposable {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Problem("unavailable", "the backup was interrupted"));
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, onSignal);
  return {
    signal: stop.signal,
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
