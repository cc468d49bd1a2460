/**
 * Q22: a backup made under load restores to a log with every call that was there when it began; the last of some is tried,
 * and one that was made while calls came as fast as they were answered.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { drained } from "./accounted.ts";
import { openBench } from "./closed-loop.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { readAccount } from "./figures.ts";
import { HostProcess, programPath, readProgramHelp, registerServer } from "./host-process.ts";
import { checkWindows, type Span } from "./passage.ts";
import { type Run, Skipped } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { seedCalls } from "./seed-calls.ts";
import { SteadyLoad } from "./steady-load.ts";
import { duplicates, integrityFaults, storedCalls } from "./stored-calls.ts";

const perSecond = 200;
const calmMs = 4_000;
/** As Q1: each sends its next call when its last was answered. */
const closedLoop = { connections: 50, seconds: 12 };
const closedLoopLeadMs = 4_000;
const drainMaxMs = 30_000;

export async function backupUnderLoad(run: Run): Promise<void> {
  if (!readProgramHelp().includes("hookwatch backup"))
    throw new Skipped("this build has no `hookwatch backup`");
  const rows = run.amount("rows", 1_000_000, 200_000, "calls");
  const times = run.amount("times", 5, 5, "backups");
  await using scratch = await makeScratch("backup");
  const inScratch = (name: string) => join(scratch.path, name);
  const [dataDir, restored] = [inScratch("data"), inScratch("restored")];
  await using upstream = await startEchoUpstream();
  const server = await registerServer(dataDir, upstream.url);
  await seedCalls(dataDir, server.team_id, rows, run);
  await using host = await HostProcess.start({ dataDir });
  const load = new SteadyLoad(`${host.url}/p/${server.slug}`, { perSecond });
  await sleep(2 * calmMs);

  const spans: Record<"calm" | "busy", Span[]> = { calm: [], busy: [] };
  let [copy, countBefore, countAfter] = ["", 0, 0];
  for (let time = 1; time <= times; time += 1) {
    const calmFromMs = performance.now();
    await sleep(calmMs);
    countBefore = await host.api.count();
    copy = inScratch(`copy ${time}`);
    const fromMs = performance.now();
    const made = await hookwatch(["backup", copy, "--data-dir", dataDir]);
    const untilMs = performance.now();
    countAfter = await host.api.count();
    spans.calm.push([calmFromMs, fromMs]);
    spans.busy.push([fromMs, untilMs]);
    const seconds = ((untilMs - fromMs) / 1_000).toFixed(1);
    const ended = `exit code ${made.code} after ${seconds} s${made.code === 0 ? "" : `: ${made.said}`}`;
    run.check("the backup ends well", ended, made.code === 0);
  }
  const calls = await load.stop();
  const windows = { what: "a backup", with: spans.busy, without: spans.calm };
  checkWindows(run, calls, { ...windows, ratioMax: 2 });

  const back = await hookwatch(["restore", copy, "--data-dir", restored]);
  run.check(
    "the restore ends well",
    `exit code ${back.code}${back.code === 0 ? "" : `: ${back.said}`}`,
    back.code === 0,
  );
  if (back.code !== 0) return;
  await using again = await HostProcess.start({ dataDir: restored });
  const count = await again.api.count();
  run.check(
    "it holds what the log held while it was made",
    `${count} calls; the log had ${countBefore} before and ${countAfter} after`,
    count >= countBefore && count <= countAfter,
  );
  const { ids, torn } = await storedCalls(again.api, server.id);
  run.check(
    "no duplicates, no torn rows",
    `${duplicates(ids)} and ${torn.length} of ${ids.length}`,
    duplicates(ids) + torn.length === 0,
  );
  const found = await again.api.send<{ total: number }>("GET", "/v1/mcp/servers");
  run.check("its servers are there", `${found.total}`, found.total === 1);
  await again.stop();
  const faults = integrityFaults(restored);
  run.check("integrity of the files", faults.join("; ") || "ok", faults.length === 0);
  await underClosedLoop(run);
}

/** The log is behind then, and what waits for it is a part of the backup. */
async function underClosedLoop(run: Run): Promise<void> {
  run.note(`during Q1, over ${closedLoop.connections} connections:`);
  await using scratch = await makeScratch("backup-closed-loop");
  const [dataDir, restored, copy] = ["data", "restored", "copy"].map((name) =>
    join(scratch.path, name),
  ) as [string, string, string];
  await using bench = await openBench(scratch.path, "json", { dataDir });
  const { host } = bench;
  const sent = bench.send(bench.ours, closedLoop);
  await sleep(closedLoopLeadMs);
  const storedBefore = await host.api.count();
  const made = await hookwatch(["backup", copy, "--data-dir", dataDir]);
  const { accepted } = await readAccount(host.url);
  const { count: answered, failed } = await sent;
  run.check("the backup ends well", `exit code ${made.code}: ${made.said.trim()}`, made.code === 0);
  run.check("every call passes", `${failed} of ${answered} failed`, failed === 0 && answered > 0);
  if (made.code !== 0) return;
  const back = await hookwatch(["restore", copy, "--data-dir", restored]);
  run.check("the restore ends well", `exit code ${back.code}`, back.code === 0);
  if (back.code !== 0) return;
  await using again = await HostProcess.start({ dataDir: restored });
  await drained(again, drainMaxMs);
  const count = await again.api.count();
  run.check(
    "it holds what the log held when it began, and nothing that had not been accepted when it ended",
    `${count} calls; ${storedBefore} were stored before, ${accepted} accepted after`,
    count >= storedBefore && count <= accepted,
  );
  await again.stop();
  const faults = integrityFaults(restored);
  run.check("integrity of the files", faults.join("; ") || "ok", faults.length === 0);
}

/** Runs a command of the program to its end. */
async function hookwatch(args: readonly string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [programPath(), ...args], {
    env: { PATH: process.env.PATH },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      said += chunk;
    });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, said };
}
