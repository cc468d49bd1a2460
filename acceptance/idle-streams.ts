/** Q4: thousands of idle streams: what each costs in memory, and that the host answers others meanwhile. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startStreams } from "../bench/proxy/streams.ts";
import { within } from "../test/e2e/until.ts";
import { readFigures } from "./figures.ts";
import { HostProcess } from "./host-process.ts";
import { leaveNothing } from "./leftovers.ts";
import { busyness } from "./machine.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { quantile } from "./steady-load.ts";

const streamsOfOne = 9_000;
const streamsOfTwo = 5_000;
const openPerSecond = 900;
const kibMax = 64;
const healthP99MaxMs = 250;
const healthPauseMs = 50;
const openMaxMs = 180_000;
/** Of a host, beside two for each stream. */
const otherDescriptors = 512;

export async function idleStreams(run: Run): Promise<void> {
  const seconds = run.amount("seconds", 60, 10, "seconds");
  run.note(`before: ${busyness()}`);
  const descriptors = hardLimit();
  const room = Math.floor((descriptors - otherDescriptors) / 2);
  const streams = Math.min(streamsOfOne, room);
  if (streams < streamsOfOne)
    run.note(`ulimit -Hn is ${descriptors}: no more than ${room} streams in one process here`);
  else run.note(`ulimit -Hn is ${descriptors}: up to ${room} streams in one process here`);
  await check(run, { hosts: 1, streams, seconds });
  if (streams < streamsOfOne)
    run.skip(`${streamsOfOne} streams in one process`, `ulimit -Hn is ${descriptors}`);
  if (room < streamsOfTwo)
    run.skip(`two processes with ${streamsOfTwo} streams each`, `ulimit -Hn is ${descriptors}`);
  else await check(run, { hosts: 2, streams: streamsOfTwo, seconds });
}

async function check(
  run: Run,
  { hosts, streams, seconds }: { hosts: number; streams: number; seconds: number },
): Promise<void> {
  const port = await startStreams(undefined);
  await using stack = new AsyncDisposableStack();
  const measured = Array.from({ length: hosts }, async (_, at) => {
    const scratch = stack.use(await makeScratch(`streams-${at}`));
    const host = stack.use(await HostProcess.start({ dataDir: scratch.path }));
    const server = await host.api.addServer("streams", `http://127.0.0.1:${port}/mcp`);
    return await hold(host, `${host.url}/p/${server.slug}`, streams, seconds);
  });
  const all = await Promise.all(measured);
  const what = hosts === 1 ? "one process" : `each of ${hosts} processes`;
  const each = (of: (one: Held) => string) => all.map(of).join(" and ");
  run.check(
    `${streams} streams through ${what} are open at once`,
    each(({ open }) => `${open}`),
    all.every(({ open }) => open >= streams),
  );
  run.check(
    `≤ ${kibMax} KiB of memory for each`,
    each(({ kib, rssMiB }) => `${kib.toFixed(1)} KiB (${rssMiB.toFixed(0)} MiB in all)`),
    all.every(({ kib }) => kib <= kibMax),
  );
  run.check(
    `/healthz answers within ${healthP99MaxMs} ms at p99 while they are opened and held`,
    each(
      ({ healthMs }) =>
        `${quantile(healthMs, 0.99).toFixed(1)} ms, p50 ${quantile(healthMs, 0.5).toFixed(1)}, of ${healthMs.length}`,
    ),
    all.every(({ healthMs }) => quantile(healthMs, 0.99) <= healthP99MaxMs),
  );
}

interface Held {
  readonly open: number;
  readonly kib: number;
  readonly rssMiB: number;
  readonly healthMs: readonly number[];
}

async function hold(
  host: HostProcess,
  url: string,
  streams: number,
  seconds: number,
): Promise<Held> {
  // Code is compiled and pools are made once.
  await (await holder(url, 100)).end();
  await sleep(1_000);
  const beforeMiB = host.rssMiB();
  const healthMs: number[] = [];
  const stop = new AbortController();
  const asking = ask(host, healthMs, stop.signal);
  const held = await holder(url, streams);
  await sleep(seconds * 1_000);
  const rssMiB = host.rssMiB();
  const open = (await readFigures(host.url)).get("hookwatch_exchanges_open") ?? 0;
  stop.abort();
  await asking;
  await held.end();
  return { open, kib: ((rssMiB - beforeMiB) * 1_024) / streams, rssMiB, healthMs };
}

/** A process that has so many streams open. */
async function holder(url: string, streams: number): Promise<{ end(): Promise<void> }> {
  const entry = fileURLToPath(new URL("held-streams.ts", import.meta.url));
  const args = [entry, url, String(streams), String(openPerSecond)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = leaveNothing(() => child.kill("SIGKILL"));
  await within(`${streams} streams`, openMaxMs, once(child.stdout, "data"));
  return {
    async end() {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
      gone();
    },
  };
}

async function ask({ url }: HostProcess, timesMs: number[], stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const startedMs = performance.now();
    const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(20_000) });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`/healthz answered ${answer.status}`);
    timesMs.push(performance.now() - startedMs);
    await sleep(healthPauseMs);
  }
}

/** Descriptors that a process may ask for; a host does at its start. */
function hardLimit(): number {
  const [, hard] =
    /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
  return hard === undefined ? Number.POSITIVE_INFINITY : Number(hard);
}
