/** Q20: over millions of calls, while more arrive, questions are answered soon and traffic does not feel them. */
import { setTimeout as sleep } from "node:timers/promises";
import { sampleServers } from "../bench/sample-calls.ts";
import { checkAccount, drained } from "./accounted.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { HostProcess, registerServer } from "./host-process.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { seedCalls } from "./seed-calls.ts";
import { latencyMs, quantile, SteadyLoad } from "./steady-load.ts";

const perSecond = 200;
const noiseMs = 5;
const rssMaxMiB = 350;
/** A person who looks at a dashboard, and a few more. */
const pauseMs = 50;

const questions = {
  list: { p95MaxMs: 150, path: (n: number) => `?limit=50${filterOf(n)}` },
  count: { p95MaxMs: 300, path: (n: number) => `/count?kind=request${filterOf(n)}` },
  metrics: {
    p95MaxMs: 1_000,
    path: (n: number) =>
      `/metrics?days=30${n % 2 === 0 ? "" : `&server_id=${sampleServers[n % 10]}`}`,
  },
} as const;
type Question = keyof typeof questions;

export async function queryWhileWriting(run: Run): Promise<void> {
  const rows = run.amount("rows", 5_000_000, 1_000_000, "calls");
  const seconds = run.amount("seconds", 30, 30, "seconds");
  await using scratch = await makeScratch("query");
  await using upstream = await startEchoUpstream();
  const server = await registerServer(scratch.path, upstream.url);
  await seedCalls(scratch.path, server.team_id, rows, run);
  await using host = await HostProcess.start({ dataDir: scratch.path });
  run.note(`ready after ${host.readyMs.toFixed(0)} ms`);
  const load = new SteadyLoad(`${host.url}/p/${server.slug}`, { perSecond });
  await sleep(3_000);

  // Quiet, asked, quiet again: what else the machine does is in both figures.
  const fromMs = performance.now();
  await sleep(seconds * 500);
  const askedFromMs = performance.now();
  const answers = await ask(host, askedFromMs + seconds * 1_000);
  const rssMiB = host.rssMiB();
  const askedUntilMs = performance.now();
  await sleep(seconds * 500);
  const calls = (await load.stop()).filter(({ dueAtMs }) => dueAtMs >= fromMs);
  await drained(host, 10_000);

  for (const [name, { p95MaxMs }] of Object.entries(questions)) {
    const timesMs = answers[name as Question];
    const p95Ms = quantile(timesMs, 0.95);
    run.check(
      `${name} p95 ≤ ${p95MaxMs} ms`,
      `${p95Ms.toFixed(1)} ms, p50 ${quantile(timesMs, 0.5).toFixed(1)}, longest ${quantile(timesMs, 1).toFixed(0)}, of ${timesMs.length}`,
      p95Ms <= p95MaxMs,
    );
  }
  const asked = latencyMs(calls, 0.99, askedFromMs, askedUntilMs);
  const quiet = latencyMs(
    calls.filter(({ dueAtMs }) => dueAtMs < askedFromMs || dueAtMs >= askedUntilMs),
    0.99,
  );
  run.check(
    `p99 of the proxied calls with questions ≤ 1.2 × that without (or ${noiseMs} ms more)`,
    `${asked.toFixed(1)} and ${quiet.toFixed(1)} ms`,
    asked <= Math.max(1.2 * quiet, quiet + noiseMs),
  );
  const failed = calls.filter(({ failure }) => failure);
  run.check("every call passes", `${failed.length} of ${calls.length} failed`, failed.length === 0);
  run.check(`memory ≤ ${rssMaxMiB} MiB`, `${rssMiB.toFixed(0)} MiB resident`, rssMiB <= rssMaxMiB);
  await checkAccount(run, host, { upstream, serverId: server.id, calls });
}

/** One question after the other; milliseconds that each took, over HTTP. */
async function ask(host: HostProcess, untilMs: number): Promise<Record<Question, number[]>> {
  const timesMs: Record<Question, number[]> = { list: [], count: [], metrics: [] };
  for (let round = 0; performance.now() < untilMs; round += 1) {
    for (const [name, { path }] of Object.entries(questions)) {
      const startedMs = performance.now();
      await host.api.send("GET", `/v1/mcp/calls${path(round)}`);
      timesMs[name as Question].push(performance.now() - startedMs);
      await sleep(pauseMs);
    }
  }
  return timesMs;
}

/** In turn: none, and what a person would click on. */
function filterOf(round: number): string {
  const filters = [
    "",
    "&status=error",
    `&server_id=${sampleServers[0]}`,
    `&server_id=${sampleServers[20]}&status=error`,
    "&tool_name=search_0",
    "&method=tools/call&client_name=cursor",
    "&min_duration_ms=60000",
  ];
  return filters[round % filters.length] ?? "";
}
