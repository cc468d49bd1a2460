/**
 * Q15: restarted under load, by whoever holds its socket, the host loses no call: none fails, each is stored once, and
 * streams end between two events.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { HeldSocket } from "../test/e2e/held-socket.ts";
import { drained } from "./accounted.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { startEventUpstream } from "./event-upstream.ts";
import { difference, readAccount, shown } from "./figures.ts";
import { HostProcess, type HostSetting } from "./host-process.ts";
import { LastingStream } from "./lasting-stream.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { afresh, byFetch, type LoadCall, latencyMs, quantile, SteadyLoad } from "./steady-load.ts";
import { duplicates, storedCalls } from "./stored-calls.ts";

/** 100 a second in all. */
const loads = {
  "fetch, connections kept": { perSecond: 40, send: byFetch },
  "an agent, connections kept": { perSecond: 30 },
  "a connection each": { perSecond: 30, send: afresh },
};
const streams = 20;
const paceMs = 50;
const drainMs = 5_000;
const exitMaxMs = drainMs + 5_000;

/** Some calls take so long that a restart finds them under way, one way or the other. */
const args = (id: number) => {
  if (id % 20 === 0) return { delayMs: 1_500 };
  return id % 20 === 10 ? { delayMs: 1_500, events: true } : {};
};

export async function restarts(run: Run): Promise<void> {
  const times = run.amount("times", 5, 5, "restarts");
  const pauseMs = run.amount("seconds", 10, 3, "seconds between restarts") * 1_000;
  await using scratch = await makeScratch("restarts");
  await using upstream = await startEchoUpstream();
  await using events = await startEventUpstream();
  using socket = new HeldSocket();
  const environment = { HOOKWATCH_DRAIN_MS: String(drainMs) };
  const setting: HostSetting = { dataDir: scratch.path, socket, environment };
  let host = await HostProcess.start(setting);
  const { id: serverId, slug } = await host.api.addServer("measured", upstream.url);
  const talking = await host.api.addServer("events", events.url);

  const url = `${socket.url}/p/${slug}`;
  const running = Object.entries(loads).map(([name, load]) => ({
    name,
    load: new SteadyLoad(url, { ...load, args }),
  }));
  const streamUrl = `${socket.url}/p/${talking.slug}?pace=${paceMs}`;
  const listening = Array.from({ length: streams }, () => new LastingStream(streamUrl));
  await sleep(pauseMs);
  const exits: { readonly code: number | null; readonly tookMs: number }[] = [];
  for (let restart = 0; restart < times; restart += 1) {
    const startedMs = performance.now();
    const { code } = await host.stop();
    exits.push({ code, tookMs: performance.now() - startedMs });
    host = await HostProcess.start(setting);
    await sleep(pauseMs);
  }
  const calls: LoadCall[] = [];
  for (const { name, load } of running) calls.push(...told(run, name, await load.stop()));
  const endings = listening.map((stream) => stream.end());
  await drained(host, 60_000);

  const tookMs = exits.map((exit) => exit.tookMs);
  const slowest = Math.max(...tookMs);
  run.check(
    `each stop ends with code 0 within ${exitMaxMs / 1_000} s`,
    `codes ${exits.map(({ code }) => code)}; p50 ${quantile(tookMs, 0.5).toFixed(0)} ms, longest ${slowest.toFixed(0)} ms`,
    exits.every(({ code }) => code === 0) && slowest <= exitMaxMs,
  );
  const failed = calls.filter(({ failure }) => failure !== undefined).length;
  run.check("no call fails", `${failed} of ${calls.length} over ${times} restarts`, failed === 0);
  checkStreams(run, endings.flat(), times);
  await checkStored(run, host, { serverId, calls, requests: upstream.requests });
  await host.stop();
}

function told(run: Run, name: string, calls: readonly LoadCall[]): readonly LoadCall[] {
  const failures = calls.flatMap(({ failure }) => failure ?? []);
  const causes = Object.entries(Object.groupBy(failures, (failure) => failure));
  const [p50, p99, longest] = [0.5, 0.99, 1].map((part) => latencyMs(calls, part).toFixed(0));
  const latency = `p50 ${p50}, p99 ${p99}, longest ${longest} ms`;
  run.note(
    `${name}: ${calls.length} calls, ${latency}${causes.map(([cause, all = []]) => `; ${all.length} times: ${cause}`)}`,
  );
  return calls;
}

function checkStreams(run: Run, endings: readonly string[], times: number): void {
  const cut = endings.filter((ending) => ending !== "between events");
  run.check(
    "streams end between two events, in good order",
    `${cut.length} of ${endings.length} did not${[...new Set(cut)].map((ending) => `; ${ending}`)}`,
    cut.length === 0 && endings.length >= streams * times,
  );
}

async function checkStored(
  run: Run,
  host: HostProcess,
  told: {
    readonly serverId: string;
    readonly calls: readonly LoadCall[];
    readonly requests: number;
  },
): Promise<void> {
  const { ids, torn } = await storedCalls(host.api, told.serverId);
  const known = new Set(ids);
  const lost = told.calls.filter(({ id, failure }) => failure === undefined && !known.has(id));
  run.check(
    "every call is stored, once, and was sent once",
    `${lost.length} lost, ${duplicates(ids)} twice, ${torn.length} torn; ${told.calls.length} calls, ${told.requests} requests to the server, ${ids.length} rows`,
    lost.length + duplicates(ids) + torn.length === 0 &&
      told.calls.length === told.requests &&
      ids.length === told.requests,
  );
  const account = await readAccount(host.url);
  run.check(
    "Q13 after the last start",
    `difference ${difference(account)} (${shown(account)})`,
    difference(account) === 0,
  );
}
