/**
 * Q17: mixed calls, streams that come and go, and servers that break, for long: memory, descriptors and the event loop stay as they
 * were, and no answer is worse than its server's.
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startStreams } from "../bench/proxy/streams.ts";
import { drained } from "./accounted.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { type Fault, faults, startFaulty } from "./faulty-upstream.ts";
import { difference, readAccount, shown } from "./figures.ts";
import { HostProcess } from "./host-process.ts";
import type { LoopDelay } from "./loop-delay.ts";
import { busyness } from "./machine.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { lineOf } from "./slope.ts";
import { latencyMs, SteadyLoad } from "./steady-load.ts";
import { StreamClient } from "./stream-client.ts";
import { ask } from "./upstream-faults.ts";

const perSecond = 150;
const faultShare = 0.05;
const largeShare = 0.2;
const largeBytes = 16_384;
const streams = 300;
const streamMs = { shortest: 1_000, longest: 10_000 };
const streamOpensMaxMs = 10_000;
const descriptorsOver = 10;
const loopP99MaxMs = 100;
const slopeMaxMiB = 5;
/** Until then caches fill and the heap finds its size; of a shorter run, half. */
const settlingSeconds = 1_200;
/** A shorter one says nothing of an hour. */
const slopeMinSeconds = 1_200;
const sampleMs = 2_000;
const warmUpMs = 10_000;
const restMs = 5_000;

export async function soak(run: Run): Promise<void> {
  const seconds = run.amount("seconds", 1_200, 120, "seconds");
  run.note(`before: ${busyness()}`);
  run.note("two hours are demanded, of which 20 minutes count as a first look: --seconds 7200");
  await using scratch = await makeScratch("soak");
  await using echo = await startEchoUpstream();
  const delayFile = `${scratch.path}/loop-delay`;
  const preload = fileURLToPath(new URL("loop-delay.ts", import.meta.url));
  await using host = await HostProcess.start({
    dataDir: `${scratch.path}/data`,
    environment: {
      NODE_OPTIONS: `--import=file://${preload}`,
      HOOKWATCH_TEST_LOOP_DELAY: delayFile,
    },
  });
  const well = await host.api.addServer("well", echo.url);
  const events = await host.api.addServer(
    "events",
    `http://127.0.0.1:${await startStreams(undefined)}/mcp`,
  );
  await using stack = new AsyncDisposableStack();
  const broken: Broken[] = [];
  for (const fault of faults.filter(({ ends }) => !ends)) {
    const { target } = stack.use(await startFaulty(fault));
    const { slug } = await host.api.addServer(fault.name, target);
    broken.push({ fault, url: `${host.url}/p/${slug}` });
  }
  const urls = { well: `${host.url}/p/${well.slug}`, events: `${host.url}/p/${events.slug}` };
  const first = await mix(urls, broken, warmUpMs);
  await sleep(restMs);
  const before = descriptorsOf(host);
  const samples: [seconds: number, rssMiB: number][] = [];
  const startedMs = performance.now();
  const sampling = setInterval(
    () => samples.push([(performance.now() - startedMs) / 1_000, host.rssMiB()]),
    sampleMs,
  );
  const mixed = await mix(urls, broken, seconds * 1_000);
  clearInterval(sampling);
  await drained(host, 30_000);
  await sleep(restMs);
  const after = descriptorsOf(host);
  checkAnswers(run, mixed);
  run.check(
    `descriptors at rest are as before ± ${descriptorsOver}`,
    `${before} and ${after}`,
    Math.abs(after - before) <= descriptorsOver,
  );
  const loop = JSON.parse(readFileSync(delayFile, "utf8")) as LoopDelay;
  run.check(
    `the event loop is ≤ ${loopP99MaxMs} ms late at p99`,
    `${loop.p99Ms.toFixed(1)} ms, p50 ${loop.p50Ms.toFixed(1)}, longest ${loop.longestMs.toFixed(0)}`,
    loop.p99Ms < loopP99MaxMs,
  );
  checkSlope(run, samples, seconds);
  const account = await readAccount(host.url);
  const [all, ofWell] = [await host.api.count({}), await host.api.count({ server_id: well.id })];
  run.check(
    "Q13 accepted = stored + shed + discarded + pending + dropped, stored + shed = calls/count",
    `difference ${difference(account)} (${shown(account)}), ${all} counted`,
    difference(account) === 0 && account.stored + account.shed === all,
  );
  run.check(
    "Q13 calls of the server that works = requests that it saw",
    `${ofWell} and ${echo.requests}`,
    ofWell === echo.requests && ofWell >= first.calls.length + mixed.calls.length,
  );
}

interface Broken {
  readonly fault: Fault;
  readonly url: string;
}

interface Mixed {
  readonly calls: Awaited<ReturnType<SteadyLoad["stop"]>>;
  /** Of broken servers; those that were not answered as they should be. */
  readonly asked: number;
  readonly wrong: readonly string[];
  readonly opened: number;
  readonly unopened: number;
}

async function mix(
  urls: { readonly well: string; readonly events: string },
  broken: readonly Broken[],
  forMs: number,
): Promise<Mixed> {
  const good = perSecond * (1 - faultShare);
  const small = new SteadyLoad(urls.well, {
    perSecond: good * (1 - largeShare),
    args: (id) => (id % 10 === 0 ? { delayMs: 100 } : {}),
  });
  const large = new SteadyLoad(urls.well, {
    perSecond: good * largeShare,
    requestBytes: largeBytes,
  });
  const stop = new AbortController();
  const asking = askBroken(broken, stop.signal);
  const churning = Array.from({ length: streams }, () => churn(urls.events, stop.signal));
  await sleep(forMs);
  stop.abort();
  const calls = [...(await small.stop()), ...(await large.stop())];
  const { asked, wrong } = await asking;
  const opens = await Promise.all(churning);
  const sum = (of: (one: Opens) => number) => opens.reduce((all, one) => all + of(one), 0);
  return {
    calls,
    asked,
    wrong,
    opened: sum((one) => one.opened),
    unopened: sum((one) => one.unopened),
  };
}

async function askBroken(
  broken: readonly Broken[],
  stop: AbortSignal,
): Promise<{ readonly asked: number; readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  const underWay = new Set<Promise<void>>();
  let asked = 0;
  const startedMs = performance.now();
  while (!stop.aborted) {
    const dueAtMs = startedMs + (asked * 1_000) / (perSecond * faultShare);
    const waitMs = dueAtMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const one = broken[asked % broken.length];
    asked += 1;
    if (!one) continue;
    const answered: Promise<void> = ask(one.url).then(({ outcome }) => {
      if (outcome !== one.fault.expected) wrong.push(`${one.fault.name}: ${outcome}`);
      underWay.delete(answered);
    });
    underWay.add(answered);
  }
  await Promise.all(underWay);
  return { asked, wrong };
}

interface Opens {
  readonly opened: number;
  readonly unopened: number;
}

/** One client whose stream ends by its leaving, again and again. */
async function churn(url: string, stop: AbortSignal): Promise<Opens> {
  let [opened, unopened] = [0, 0];
  const { shortest, longest } = streamMs;
  while (!stop.aborted) {
    const client = new StreamClient(`${url}?pace=1000`);
    const late = new AbortController();
    const isOpen = await Promise.race([
      client.opened.then(() => true),
      sleep(streamOpensMaxMs, false, { signal: late.signal }).catch(() => false),
    ]);
    late.abort();
    if (isOpen) opened += 1;
    else unopened += 1;
    const forMs = shortest + Math.random() * (longest - shortest);
    await sleep(forMs, undefined, { signal: stop }).catch(() => undefined);
    client.socket.destroy();
  }
  return { opened, unopened };
}

function checkAnswers(run: Run, { calls, asked, wrong, opened, unopened }: Mixed): void {
  const failed = calls.filter(({ failure }) => failure !== undefined);
  const first = failed[0] ? `, the first: ${failed[0].failure}` : "";
  run.check(
    "no answer of a server that works is an error",
    `${failed.length} of ${calls.length} calls failed${first}; p50 ${latencyMs(calls, 0.5).toFixed(1)}, p99 ${latencyMs(calls, 0.99).toFixed(1)} ms`,
    failed.length === 0 && calls.length > 0,
  );
  run.check(
    "every error is that of its server",
    `${wrong.length} of ${asked} otherwise${wrong[0] ? `, the first: ${wrong[0]}` : ""}`,
    wrong.length === 0 && asked > 0,
  );
  run.check(
    `${streams} streams come and go`,
    `${opened} opened, ${unopened} did not within ${streamOpensMaxMs / 1_000} s`,
    unopened === 0 && opened >= streams,
  );
}

function checkSlope(
  run: Run,
  samples: readonly (readonly [seconds: number, rssMiB: number])[],
  seconds: number,
): void {
  const since = Math.min(settlingSeconds, seconds / 2);
  const late = samples.filter(([at]) => at >= since);
  const { slope, error } = lineOf(late);
  const [perHour, errorPerHour] = [slope * 3_600, error * 3_600];
  const [least, most] = [Math.min, Math.max].map((of) => of(...late.map(([, mib]) => mib)));
  const seen = `${perHour.toFixed(1)} ± ${(2 * errorPerHour).toFixed(1)} MiB an hour, ${least?.toFixed(0)} to ${most?.toFixed(0)} MiB resident`;
  const demand = `memory grows by < ${slopeMaxMiB} MiB an hour after ${since} s, as far as can be told`;
  if (seconds < slopeMinSeconds) run.skip(demand, `${seconds} s are too short: ${seen}`);
  else run.check(demand, seen, perHour - 2 * errorPerHour < slopeMaxMiB);
}

function descriptorsOf(host: HostProcess): number {
  return readdirSync(`/proc/${host.pid}/fd`).length;
}
