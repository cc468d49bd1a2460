/** Q19: a team that asks for fifty times its share, sends bodies of megabytes and answers with bombs harms no other team. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { drained } from "./accounted.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { difference, readAccount, readFigures, shown } from "./figures.ts";
import { type Flood, type FloodOrder, type FloodTally, floods } from "./flood.ts";
import { HostProcess } from "./host-process.ts";
import { leaveNothing } from "./leftovers.ts";
import { stolenMs } from "./machine.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { type LoadCall, latencyMs, SteadyLoad } from "./steady-load.ts";
import { duplicates, storedCalls } from "./stored-calls.ts";

const perSecond = 50;
const ratioMax = 2;
/** What two cores that client, host and upstreams share add to a percentile of some hundred calls. */
const noiseMs = 5;
const restMs = 1_000;
const turnSeconds = 2;
const kinds = Object.keys(floods) as Flood[];
/** Of one team; the neighbour tries to have fifty times as many. */
const exchangesMax = 50;
const plans = [{ name: "small", api_requests_per_minute: 60 }];

/** Times of the monotonic clock, half-open. */
interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
  /** What the machine itself did not get meanwhile. */
  readonly stolenMs: number;
}

export async function noisyNeighbour(run: Run): Promise<void> {
  const seconds = run.amount("seconds", 60, 6, "seconds of each flood");
  const turns = Math.ceil(seconds / turnSeconds);
  await using scratch = await makeScratch("neighbour");
  await using upstream = await startEchoUpstream();
  const plansFile = join(scratch.path, "plans.json");
  await writeFile(plansFile, JSON.stringify(plans));
  await using host = await HostProcess.start({
    dataDir: join(scratch.path, "data"),
    environment: {
      HOOKWATCH_SIGNUP: "open",
      HOOKWATCH_EGRESS: "local",
      HOOKWATCH_PLANS_FILE: plansFile,
      HOOKWATCH_EXCHANGES_PER_TEAM_MAX: `${exchangesMax}`,
    },
  });
  const quiet = await host.api.addServer("quiet", upstream.url);
  await using neighbour = await Neighbour.start(host.url);
  const load = new SteadyLoad(`${host.url}/p/${quiet.slug}`, { perSecond });
  // Never due at the same moment.
  await sleep(1_000 / perSecond / 2);
  const pastHost = new SteadyLoad(upstream.url, { perSecond });
  // The first calls warm the host up.
  await sleep(restMs);
  const calm: Span[] = [];
  const beside: Record<Flood, Span[]> = { calls: [], questions: [], bodies: [], bombs: [] };
  const tallies: FloodTally[] = [];
  // In turns, since a machine that is shared is not as fast in one minute as in the next.
  for (let turn = 0; turn < turns; turn += 1) {
    for (const flood of kinds) {
      const flooding = async () =>
        void tallies.push(await neighbour.flood(flood, turnSeconds * 1_000));
      beside[flood].push(await span(turnSeconds * 1_000, flooding));
      await sleep(restMs);
      const restedMs = (turnSeconds * 1_000) / kinds.length;
      calm.push(await span(restedMs, () => sleep(restedMs)));
    }
  }
  for (const flood of kinds) checkTally(run, flood, tallies);
  const [calls, callsPastHost] = await Promise.all([load.stop(), pastHost.stop()]);
  await drained(host, 60_000);

  const failed = calls.filter(({ failure }) => failure !== undefined);
  run.check(
    "0 errors for the quiet team",
    `${failed.length} of ${calls.length}${failed[0] ? `, the first: ${failed[0].failure}` : ""}`,
    failed.length === 0 && calls.length > 0,
  );
  for (const flood of kinds) {
    checkLatency(run, flood, calls, beside[flood], calm);
    const [besideMs, calmMs] = p99Ms(callsPastHost, beside[flood], calm);
    run.note(`as many calls past the host meanwhile: p99 ${told(besideMs, calmMs)} ms`);
  }
  const { ids, rows } = await storedCalls(host.api, quiet.id);
  run.check(
    "every call of the quiet team is in the log, none twice",
    `${rows.length} of ${calls.length}, ${rows.length - ids.length} without their bodies`,
    rows.length === calls.length && duplicates(ids) === 0,
  );
  await checkHost(run, host);
}

function checkTally(run: Run, flood: Flood, tallies: readonly FloodTally[]): void {
  const statuses = new Map<string, number>();
  for (const tally of tallies) {
    if (tally.flood !== flood) continue;
    for (const [status, count] of Object.entries(tally.statuses)) {
      statuses.set(status, (statuses.get(status) ?? 0) + count);
    }
  }
  const all = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  const told = [...statuses].map(([status, count]) => `${count} × ${status}`);
  run.note(`${flood}: ${all} requests at ${floods[flood].perSecond} a second: ${told.join(", ")}`);
  if (flood !== "calls" && flood !== "questions") return;
  const refused = ((statuses.get("429") ?? 0) + (statuses.get("503") ?? 0)) / all;
  run.check(`most ${flood} are refused`, `${(refused * 100).toFixed(0)} %`, refused > 0.5);
}

/** Of `ms`, from when the work begins; resolves when that is done. */
async function span(ms: number, work: () => Promise<void>): Promise<Span> {
  const [fromMs, stolenBeforeMs] = [performance.now(), stolenMs()];
  await work();
  return { fromMs, untilMs: fromMs + ms, stolenMs: stolenMs() - stolenBeforeMs };
}

function checkLatency(
  run: Run,
  flood: Flood,
  calls: readonly LoadCall[],
  noisy: readonly Span[],
  quiet: readonly Span[],
): void {
  const both = [within(calls, noisy), within(calls, quiet)];
  const [noisyMs, quietMs] = p99Ms(calls, noisy, quiet);
  const stolen = [noisy, quiet].map((spans) => spans.reduce((sum, one) => sum + one.stolenMs, 0));
  run.check(
    `p99 of the quiet team ≤ ${ratioMax} × (or ${noiseMs} ms more) beside ${flood}`,
    `${told(noisyMs, quietMs)} ms of ${both.map(({ length }) => length).join(" and ")} calls, p50 ${told(...both.map((some) => latencyMs(some, 0.5)))}; ${stolen.join(" and ")} ms of the machine's cores went elsewhere`,
    noisyMs <= Math.max(ratioMax * quietMs, quietMs + noiseMs),
  );
}

function p99Ms(
  calls: readonly LoadCall[],
  noisy: readonly Span[],
  quiet: readonly Span[],
): readonly [number, number] {
  return [latencyMs(within(calls, noisy), 0.99), latencyMs(within(calls, quiet), 0.99)];
}

function told(...values: readonly number[]): string {
  return values.map((ms) => ms.toFixed(1)).join(" and ");
}

function within(calls: readonly LoadCall[], spans: readonly Span[]): readonly LoadCall[] {
  return calls.filter(({ dueAtMs }) =>
    spans.some(({ fromMs, untilMs }) => dueAtMs >= fromMs && dueAtMs < untilMs),
  );
}

async function checkHost(run: Run, host: HostProcess): Promise<void> {
  const account = await readAccount(host.url);
  run.check(
    "Q13 accepted = stored + shed + discarded + pending + dropped",
    `difference ${difference(account)} (${shown(account)})`,
    difference(account) === 0,
  );
  const figures = await readFigures(host.url);
  const deaths = ["recorder", "writer", "reader"].map(
    (name) => figures.get(`hookwatch_${name}_deaths_total`) ?? Number.NaN,
  );
  run.check(
    "no thread has died",
    deaths.join(", "),
    deaths.every((count) => count === 0),
  );
}

interface NeighbourUrls {
  readonly proxy: string;
  readonly api: string;
}

class Neighbour implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #urls: NeighbourUrls;
  readonly #token: string;
  readonly #gone: () => void;

  private constructor(child: ChildProcess, urls: NeighbourUrls, token: string) {
    this.#child = child;
    this.#urls = urls;
    this.#token = token;
    this.#gone = leaveNothing(() => child.kill("SIGKILL"));
  }

  /** A team of its own with one server, at a host where anyone may register. */
  static async start(hostUrl: string): Promise<Neighbour> {
    const child = fork(fileURLToPath(new URL("./flood.ts", import.meta.url)));
    const [{ url: targetUrl }] = (await once(child, "message")) as [{ url: string }];
    const email = "neighbour@example.com";
    const registered = await post(hostUrl, "/v1/auth/register", {
      body: { email, password: "correct horse battery staple" },
    });
    const token = String(registered.access_token);
    const server = await post(hostUrl, "/v1/mcp/servers", {
      body: { name: "noisy", target_url: targetUrl },
      token,
    });
    const urls = { proxy: `${hostUrl}/p/${server.slug}`, api: `${hostUrl}/v1/mcp/calls` };
    return new Neighbour(child, urls, token);
  }

  async flood(flood: Flood, ms: number): Promise<FloodTally> {
    const url = flood === "questions" ? this.#urls.api : this.#urls.proxy;
    const order: FloodOrder = { flood, url, token: this.#token, ms };
    this.#child.send(order);
    const [tally] = (await once(this.#child, "message")) as [FloodTally];
    return tally;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, "exit");
    this.#child.disconnect();
    await exited;
    this.#gone();
  }
}

async function post(
  hostUrl: string,
  path: string,
  { body, token }: { readonly body: object; readonly token?: string },
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${hostUrl}${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const told = await answer.text();
  if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${told}`);
  return JSON.parse(told);
}
