/**
 * What a backup costs the host: commits of the call log while `hookwatch backup` copies it, beside commits without.
 *
 *     npm run bench -- backup [calls, default 1000000]
 *
 * One process commits 50 calls 40 times a second, as the recorder does; the command runs in another, as it does for
 * people. Takes two minutes; leaves nothing behind.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Call } from "../src/call.ts";
import { SqliteCallLog } from "../src/store/sqlite/call-log.ts";
import { openSqliteRegistry } from "../src/store/sqlite/registry.ts";
import { sampleCalls } from "./sample-calls.ts";

const total = Number(process.argv[2] ?? 1_000_000);
if (!(total > 0)) {
  console.error(`backup: "${process.argv[2]}" is no number of calls`);
  process.exit(2);
}
const teamId = "01990000-0000-7000-8000-000000000001";
const program = fileURLToPath(new URL("../bin/hookwatch.cjs", import.meta.url));
const commitCalls = 50;
const commitEveryMs = 25;
const idleMs = 10_000;
const rounds = 3;

const source = sampleCalls({ teamIds: [teamId], sinceMs: Date.now() - 86_400_000, stepMs: 1 });
const some = (count: number): Call[] => Array.from({ length: count }, () => source.next().value);

const folder = mkdtempSync(join(tmpdir(), "hookwatch-bench-"));
try {
  await measure();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const dataDir = join(folder, "data");
  await using _registry = openSqliteRegistry(join(dataDir, "registry.db"));
  const path = join(dataDir, "calls.db");
  await using log = SqliteCallLog.open(path, { mode: "write" });
  for (let done = 0; done < total; done += 1_000) await log.append(some(1_000));
  console.log(`${total} calls, ${(statSync(path).size / 1e6).toFixed(0)} MB`);
  for (let round = 1; round <= rounds; round++) {
    const idle = await commitsUntil(log, sleep(idleMs));
    const to = join(folder, `backup ${round}`);
    const startedMs = performance.now();
    const child = spawn(process.execPath, [program, "backup", to, "--data-dir", dataDir], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const ended = once(child, "exit");
    const busy = await commitsUntil(log, ended);
    const [code] = await ended;
    if (code !== 0) throw new Error(`the backup ended with ${code}`);
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    const walMb = (statSync(`${path}-wal`).size / 1e6).toFixed(0);
    console.log(`backup in ${seconds} s; WAL ${walMb} MB; commits of ${commitCalls} calls:`);
    console.log(`  without ${summary(idle)}\n  beside  ${summary(busy)}`);
    rmSync(to, { recursive: true });
  }
}

/** How long each commit took, milliseconds. */
async function commitsUntil(log: SqliteCallLog, end: Promise<unknown>): Promise<number[]> {
  const stop = new AbortController();
  void end.then(() => stop.abort());
  const tookMs: number[] = [];
  for (let at = performance.now(); !stop.signal.aborted; at += commitEveryMs) {
    const batch = some(commitCalls);
    const startedMs = performance.now();
    await log.append(batch);
    tookMs.push(performance.now() - startedMs);
    await sleep(Math.max(0, at + commitEveryMs - performance.now()));
  }
  return tookMs.sort((a, b) => a - b);
}

function summary(tookMs: readonly number[]): string {
  const at = (share: number) => (tookMs[Math.floor(tookMs.length * share)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${(tookMs.at(-1) ?? 0).toFixed(1)} ms of ${tookMs.length}`;
}
