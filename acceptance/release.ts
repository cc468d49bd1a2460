/** Q5: clients that vanish leave nothing behind: no stream of their server's, no descriptor, no memory. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { until, within } from "../test/e2e/until.ts";
import { type EventUpstream, startEventUpstream } from "./event-upstream.ts";
import { HostProcess } from "./host-process.ts";
import { leaveNothing } from "./leftovers.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";

const repeats = 5;
/** Before those that count: a heap grows to the size that its collector likes, and then no further. */
const firstRepeats = 8;
const openMaxMs = 60_000;
const streamsGoneMaxMs = 5_000;
const descriptorsGoneMaxMs = 10_000;
const descriptorsOver = 20;
const afterMs = 1_500;
/** What two readings of the same state differ by. */
const flatMiB = 32;

export async function release(run: Run): Promise<void> {
  const streams = run.amount("times", 4_000, 1_000, "streams");
  await using scratch = await makeScratch("release");
  await using upstream = await startEventUpstream();
  await using host = await HostProcess.start({ dataDir: scratch.path });
  const server = await host.api.addServer("events", upstream.url);
  const url = `${host.url}/p/${server.slug}`;
  for (let round = 0; round < firstRepeats; round += 1) {
    await vanish(host, upstream, { url, streams });
  }
  const fresh = descriptorsOf(host);
  const rounds: Round[] = [];
  for (let round = 0; round < repeats; round += 1) {
    rounds.push(await vanish(host, upstream, { url, streams }));
  }
  const each = (of: (round: Round) => number) =>
    rounds.map((round) => of(round).toFixed(0)).join(", ");
  run.check(
    `the server's streams are over ≤ ${streamsGoneMaxMs} ms after ${streams} clients were killed`,
    `${each(({ streamsGoneMs }) => streamsGoneMs)} ms`,
    rounds.every(({ streamsGoneMs }) => streamsGoneMs <= streamsGoneMaxMs),
  );
  run.check(
    `descriptors are back to ± ${descriptorsOver} ≤ ${descriptorsGoneMaxMs} ms after`,
    `${each(({ descriptorsGoneMs }) => descriptorsGoneMs)} ms; ${fresh} before, ${each(({ descriptors }) => descriptors)} after`,
    rounds.every((one) => one.descriptorsGoneMs <= descriptorsGoneMaxMs),
  );
  const [first, last] = [rounds.at(0)?.rssMiB ?? 0, rounds.at(-1)?.rssMiB ?? 0];
  run.check(
    `memory is flat over ${repeats} times, or halved`,
    `${each(({ rssMiB }) => rssMiB)} MiB after, ${each(({ heldMiB }) => heldMiB)} MiB while held`,
    last <= first + flatMiB || last <= (rounds.at(-1)?.heldMiB ?? 0) / 2,
  );
}

interface Round {
  readonly streamsGoneMs: number;
  readonly descriptorsGoneMs: number;
  readonly descriptors: number;
  /** While the streams were open. */
  readonly heldMiB: number;
  /** A while after. */
  readonly rssMiB: number;
}

async function vanish(
  host: HostProcess,
  upstream: EventUpstream,
  { url, streams }: { readonly url: string; readonly streams: number },
): Promise<Round> {
  const before = descriptorsOf(host);
  const entry = fileURLToPath(new URL("held-streams.ts", import.meta.url));
  const child = spawn(process.execPath, [entry, url, String(streams)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = leaveNothing(() => child.kill("SIGKILL"));
  await within("the streams", openMaxMs, once(child.stdout, "data"));
  await until(
    "all of them upstream",
    openMaxMs,
    () => upstream.open,
    (open) => open === streams,
  );
  const heldMiB = host.rssMiB();
  const exited = once(child, "exit");
  const killedMs = performance.now();
  child.kill("SIGKILL");
  await until(
    "the streams' end",
    60_000,
    () => upstream.open,
    (open) => open === 0,
  );
  const streamsGoneMs = performance.now() - killedMs;
  const near = (count: number) => Math.abs(count - before) <= descriptorsOver;
  const descriptors = await until("the descriptors", 60_000, () => descriptorsOf(host), near);
  const descriptorsGoneMs = performance.now() - killedMs;
  await exited;
  gone();
  await sleep(afterMs);
  return { streamsGoneMs, descriptorsGoneMs, descriptors, heldMiB, rssMiB: host.rssMiB() };
}

function descriptorsOf(host: HostProcess): number {
  return readdirSync(`/proc/${host.pid}/fd`).length;
}
