/** Q14: servers that break in some twenty ways, over and over: the right answer in time, the right row, nothing left. */
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../test/e2e/until.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { type Fault, faults, type Outcome, startFaulty } from "./faulty-upstream.ts";
import { readFigures } from "./figures.ts";
import { HostProcess } from "./host-process.ts";
import { checkPassage } from "./passage.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { SteadyLoad } from "./steady-load.ts";

const lanes = 16;
/** Of a fault that takes a timeout to end: a few, at once. */
const slowRepeats = 16;
const idleTimeoutMs = 1_000;
const connectTimeoutMs = 5_000;
const lateMaxMs = 1_000;
const descriptorsOver = 20;
const rssOverMiB = 64;
/** A heap with room to grow is not collected for long, and what is garbage would look like what is left behind. */
const smallHeap = "--max-old-space-size=96 --max-semi-space-size=4";
const calmMs = 5_000;
const request = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "x" },
});

export async function upstreamFaults(run: Run): Promise<void> {
  const repeats = run.amount("times", 1_000, 50, "repeats of each fault");
  await using scratch = await makeScratch("faults");
  await using echo = await startEchoUpstream();
  await using host = await HostProcess.start({
    dataDir: scratch.path,
    environment: {
      HOOKWATCH_UPSTREAM_IDLE_TIMEOUT_MS: String(idleTimeoutMs),
      NODE_OPTIONS: smallHeap,
    },
  });
  const well = await host.api.addServer("well", echo.url);
  // What is made once and kept, and what an allocator keeps to use it again, is not left behind.
  for (const fault of faults.filter(({ ends }) => !ends)) await repeat(host, fault, repeats / 2);
  await settled(host);
  const before = { descriptors: descriptorsOf(host), rssMiB: host.rssMiB() };
  const load = new SteadyLoad(`${host.url}/p/${well.slug}`, { perSecond: 50 });
  await sleep(calmMs);
  const fromMs = performance.now();
  for (const fault of faults) await checkFault(run, host, fault, repeats);
  const untilMs = performance.now();
  await sleep(calmMs);
  checkPassage(run, await load.stop(), { fromMs, untilMs, ratioMax: 1.2 });
  await settled(host);
  const after = { descriptors: descriptorsOf(host), rssMiB: host.rssMiB() };
  run.check(
    `no descriptor is left (± ${descriptorsOver}), no memory (${rssOverMiB} MiB) of ${faults.length} faults`,
    `${before.descriptors} and ${after.descriptors} descriptors, ${before.rssMiB.toFixed(0)} and ${after.rssMiB.toFixed(0)} MiB`,
    after.descriptors - before.descriptors <= descriptorsOver &&
      after.rssMiB - before.rssMiB <= rssOverMiB,
  );
  const faulty = host.output.filter((line) => /"level":"(?:error|fatal)"/.test(line));
  const seen = `${faulty.length} lines ${faulty[0] ?? ""}`;
  run.check("the host logs no error", seen, faulty.length === 0);
}

async function checkFault(
  run: Run,
  host: HostProcess,
  fault: Fault,
  repeats: number,
): Promise<void> {
  const { name, expected, status, ends } = fault;
  const times = ends ? Math.min(slowRepeats, repeats) : repeats;
  const { serverId, answers } = await repeat(host, fault, times);
  const limitMs =
    (ends === "idle" ? idleTimeoutMs : ends === "connect" ? connectTimeoutMs : 0) + lateMaxMs;
  const slowestMs = Math.max(...answers.map(({ tookMs }) => tookMs));
  const right = answers.filter(({ outcome }) => outcome === expected);
  const other = answers.find(({ outcome }) => outcome !== expected);
  const rows = await until(
    "the rows",
    10_000,
    () => host.api.count({ server_id: serverId }),
    (count) => count >= times,
  ).catch(() => 0);
  const rowsRight = await host.api.count({ server_id: serverId, status });
  run.check(
    `a server that ${name}: ${expected}, in the log as ${status}, ≤ ${limitMs} ms`,
    `${right.length} of ${times}${other ? `, one ${other.outcome}` : ""}; ${rowsRight} of ${rows} rows; longest ${slowestMs.toFixed(0)} ms`,
    right.length === times && rows === times && rowsRight === times && slowestMs <= limitMs,
  );
}

interface Answer {
  readonly outcome: Outcome;
  readonly tookMs: number;
}

async function repeat(
  host: HostProcess,
  fault: Fault,
  times: number,
): Promise<{ readonly serverId: string; readonly answers: readonly Answer[] }> {
  await using upstream = await startFaulty(fault);
  const server = await host.api.addServer(fault.name, upstream.target);
  if (fault.ends === "connect") {
    const patience = { upstream_idle_timeout_ms: 4 * connectTimeoutMs };
    await host.api.send("PUT", `/v1/mcp/servers/${server.id}`, patience);
  }
  const answers: Answer[] = [];
  let left = times;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      answers.push(await ask(`${host.url}/p/${server.slug}`));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { serverId: server.id, answers };
}

/** One request on a connection of its own, told to end with it; resolves when it has. */
export function ask(url: string): Promise<Answer> {
  const { hostname, port, pathname, host } = new URL(url);
  const startedMs = performance.now();
  const { promise, resolve } = Promise.withResolvers<Answer>();
  let text = "";
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => undefined);
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  socket.once("close", () => {
    resolve({ outcome: outcomeOf(text), tookMs: performance.now() - startedMs });
  });
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${request.length}\r\n\r\n${request}`,
  );
  return promise;
}

function outcomeOf(text: string): Outcome {
  const [head = "", body = ""] = text.split(/\r\n\r\n(.*)/s);
  const status = Number(head.slice(9, 12));
  const [, length] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
  const isWhole =
    length === undefined ? body.endsWith("0\r\n\r\n") : body.length === Number(length);
  return isWhole ? status : "cut";
}

async function settled(host: HostProcess): Promise<void> {
  await until(
    "no exchange to be open",
    20_000,
    async () => (await readFigures(host.url)).get("hookwatch_exchanges_open") ?? 0,
    (open) => open === 0,
  );
  // Idle connections to servers end by themselves after two seconds.
  await sleep(3_500);
}

function descriptorsOf(host: HostProcess): number {
  return readdirSync(`/proc/${host.pid}/fd`).length;
}
