/** Q7: clients that stop reading make their server wait; nothing is collected in between, and nobody else notices. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../test/e2e/until.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { type EventUpstream, startEventUpstream } from "./event-upstream.ts";
import { HostProcess } from "./host-process.ts";
import { checkPassage } from "./passage.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { SteadyLoad } from "./steady-load.ts";
import { StreamClient } from "./stream-client.ts";

const streamBytes = 50_000_000;
const passedBytes = 12_000_000;
/** What may be held of each stream in the process. */
const heldMaxBytes = 262_144;
const growthMaxMiB = 64;
const calmMs = 5_000;
const stalledMs = 8_000;
const resumed = 4;

export async function backpressure(run: Run): Promise<void> {
  const readers = run.amount("times", 200, 50, "stalled readers");
  await using scratch = await makeScratch("backpressure");
  await using upstream = await startEventUpstream();
  await using echo = await startEchoUpstream();
  await using host = await HostProcess.start({ dataDir: scratch.path });
  const poured = await host.api.addServer("poured", upstream.url);
  const other = await host.api.addServer("other", echo.url);
  const load = new SteadyLoad(`${host.url}/p/${other.slug}`, { perSecond: 50 });
  await sleep(calmMs);
  const fresh = host.rssMiB();
  await pass(`${host.url}/p/${poured.slug}?bytes=${passedBytes}`, readers);
  await sleep(calmMs);
  const before = host.rssMiB();
  run.note(
    `${fresh.toFixed(0)} MiB at first, ${before.toFixed(0)} after as many bytes at full speed`,
  );
  const fromMs = performance.now();
  const url = `${host.url}/p/${poured.slug}?bytes=${streamBytes}`;
  const clients = Array.from({ length: readers }, () => new StreamClient(url, undefined, true));
  await Promise.all(clients.map(({ opened }) => opened));
  await until(
    "the streams",
    20_000,
    () => upstream.open,
    (open) => open === readers,
  );
  const most = await highest(host, stalledMs);
  const taken = await standing(upstream);
  const untilMs = performance.now();
  run.check(
    `memory grows by ≤ ${growthMaxMiB} MiB for ${readers} stalled readers of ${streamBytes / 1e6} MB each`,
    `${(most - before).toFixed(0)} MiB, from ${before.toFixed(0)} to ${most.toFixed(0)}`,
    most - before <= growthMaxMiB,
  );
  const buffers = socketBuffersBytes();
  const each = taken / readers;
  run.check(
    `of each stream ≤ ${heldMaxBytes} bytes are taken beside what sockets hold (${(buffers / 1e6).toFixed(1)} MB on the four ends)`,
    `${(each / 1e6).toFixed(2)} MB taken`,
    each <= heldMaxBytes + buffers,
  );
  const readAgain = clients.slice(0, resumed);
  for (const { socket } of readAgain) socket.resume();
  const whole = await until(
    "those that read again to get all of it",
    30_000,
    () => readAgain.filter(({ takenBytes }) => takenBytes > streamBytes).length,
    (count) => count === resumed,
  ).catch(() => 0);
  run.check("who reads again gets every byte", `${whole} of ${resumed}`, whole === resumed);
  for (const { socket } of clients) socket.destroy();
  await sleep(calmMs);
  checkPassage(run, await load.stop(), { fromMs, untilMs, ratioMax: 1.2 });
}

/**
 * As many bytes as will pass before all have stalled, read as they come: what the allocator keeps afterwards to use it again
 * is not what is held for anybody.
 */
async function pass(url: string, readers: number): Promise<void> {
  const clients = Array.from({ length: readers }, () => new StreamClient(url));
  await until(
    "all of them to read it",
    60_000,
    () => clients.filter(({ takenBytes }) => takenBytes > passedBytes).length,
    (count) => count === readers,
  );
  for (const { socket } of clients) socket.destroy();
}

/** The most memory seen over a while, MiB. */
async function highest(host: HostProcess, forMs: number): Promise<number> {
  let most = 0;
  for (let passedMs = 0; passedMs < forMs; passedMs += 200) {
    most = Math.max(most, host.rssMiB());
    await sleep(200);
  }
  return most;
}

/** Bytes that were taken when no more are. */
async function standing(upstream: EventUpstream): Promise<number> {
  let last = -1;
  for (let looks = 0; looks < 20; looks += 1) {
    const taken = upstream.takenBytes();
    if (taken === last) return taken;
    last = taken;
    await sleep(500);
  }
  return Number.POSITIVE_INFINITY;
}

/** What the kernel may hold of one stream: the send and receive buffers of both connections at their largest. */
function socketBuffersBytes(): number {
  const largest = (name: string) =>
    Number(readFileSync(`/proc/sys/net/ipv4/${name}`, "utf8").trim().split(/\s+/)[2]);
  return 2 * (largest("tcp_rmem") + largest("tcp_wmem"));
}
