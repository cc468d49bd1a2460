/**
 * Q6: memory has a bound that the load does not move: Q1's load with larger bodies; and again where 512 MiB are all there is.
 * At the pace that Q1 asks for at least, no body is left out for it, by a host that has run for a while.
 */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { drained } from "./accounted.ts";
import { type Bench, openBench } from "./closed-loop.ts";
import { readAccount, readSkippedBytes, shown } from "./figures.ts";
import { leaveNothing } from "./leftovers.ts";
import { busyness } from "./machine.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";

const connections = 50;
const rssMaxMiB = 350;
const groupMiB = 512;
const sampleMs = 200;
const storedMaxMs = 10_000;
/** Q1's least. */
const pacePerSecond = 1_200;

export async function boundedMemory(run: Run): Promise<void> {
  const seconds = run.amount("seconds", 60, 15, "seconds");
  run.note(`before: ${busyness()}`);
  await using scratch = await makeScratch("memory");
  {
    const dataDir = `${scratch.path}/free`;
    await using bench = await openBench(scratch.path, "json-16k", { dataDir });
    const { longest, text, bytes } = await loaded(bench, seconds);
    run.check(
      `memory ≤ ${rssMaxMiB} MiB in Q1 with bodies of 16 KiB`,
      `${longest.toFixed(0)} MiB resident at most; ${text}`,
      longest <= rssMaxMiB,
    );
    const storedMs = await drained(bench.host, 60_000);
    const account = await readAccount(bench.host.url);
    run.check(
      `every call that was seen is in the log ≤ ${storedMaxMs} ms after, and none was shed`,
      `${shown(account)}, ${storedMs.toFixed(0)} ms after`,
      account.stored === account.accepted && storedMs <= storedMaxMs,
    );
    const share = ((await readSkippedBytes(bench.host.url)) / bytes) * 100;
    run.note(`${share.toFixed(1)} % of the bodies' bytes were left out before they were seen`);
    await checkPace(run, bench, Math.ceil(seconds / 3));
  }
  const demand = `no end for want of memory where there are ${groupMiB} MiB`;
  const group = openGroup();
  if (typeof group === "string") {
    run.skip(demand, group);
    return;
  }
  {
    const dataDir = `${scratch.path}/bound`;
    await using bench = await openBench(scratch.path, "json-16k", { dataDir });
    group.add(bench.host.pid);
    const { text } = await loaded(bench, seconds);
    const killed = group.killed();
    run.check(
      demand,
      `${killed} killed, ${bench.host.running ? "it runs" : "it has ended"}; ${text}`,
      killed === 0 && bench.host.running,
    );
  }
  group.end();
}

async function checkPace(run: Run, bench: Bench, seconds: number): Promise<void> {
  const { host, ours, send } = bench;
  const skippedBefore = await readSkippedBytes(host.url);
  const before = await readAccount(host.url);
  const demand = { connections, seconds, perSecond: pacePerSecond };
  const { count, failed, ms } = await send(ours, demand);
  await drained(host, 60_000);
  const after = await readAccount(host.url);
  const skipped = (await readSkippedBytes(host.url)) - skippedBefore;
  const stored = after.stored - before.stored;
  const perSecond = ((count / ms) * 1_000).toFixed(0);
  run.check(
    `every body is recorded whole at ${pacePerSecond} calls a second`,
    `${skipped} of ${count * bench.bytes} bytes left out, ${stored} of ${count} calls stored; ${perSecond} a second, ${failed} failed`,
    skipped === 0 && stored === count && failed === 0,
  );
}

async function loaded(
  bench: Bench,
  seconds: number,
): Promise<{ readonly longest: number; readonly text: string; readonly bytes: number }> {
  const sampled: number[] = [];
  const sampling = setInterval(() => {
    if (bench.host.running) sampled.push(bench.host.rssMiB());
  }, sampleMs);
  const { count, failed, ms } = await bench.send(bench.ours, { connections, seconds });
  clearInterval(sampling);
  const perSecond = ((count / ms) * 1_000).toFixed(0);
  const text = `${perSecond} calls a second of ${(bench.bytes / 1_024).toFixed(0)} KiB, ${failed} failed`;
  return { longest: Math.max(...sampled), text, bytes: count * bench.bytes };
}

interface Group {
  add(pid: number): void;
  /** Processes that were ended for want of memory. */
  killed(): number;
  end(): void;
}

/** A control group with so much memory, of either version; or why there can be none. */
function openGroup(): Group | string {
  const versions = [
    { root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", told: "memory.oom_control" },
    { root: "/sys/fs/cgroup", limit: "memory.max", told: "memory.events" },
  ];
  const reasons: string[] = [];
  for (const { root, limit, told } of versions) {
    const path = join(root, `hookwatch-${process.pid}`);
    try {
      readFileSync(join(root, "cgroup.procs"));
      mkdirSync(path);
      const gone = leaveNothing(() => removed(path));
      writeFileSync(join(path, limit), String(groupMiB * 1_048_576));
      return {
        add: (pid) => writeFileSync(join(path, "cgroup.procs"), String(pid)),
        killed: () =>
          Number(/^oom_kill (\d+)/m.exec(readFileSync(join(path, told), "utf8"))?.[1] ?? 0),
        end() {
          removed(path);
          gone();
        },
      };
    } catch (cause) {
      removed(path);
      reasons.push((cause as Error).message);
    }
  }
  return `no control group can be made here: ${reasons.join("; ")}`;
}

/** Also when it was never made. */
function removed(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody is still in it, or nobody ever was.
  }
}
