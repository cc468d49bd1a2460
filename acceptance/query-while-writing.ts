/**
 * Q20: over millions of calls, while more arrive, questions are answered soon and traffic does not feel them: windows with
 * questions and without take turns.
 */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { checkAccount, drained } from "./accounted.ts";
import type { Answered, AskerOrder } from "./asker.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { HostProcess, registerServer } from "./host-process.ts";
import { checkWindows, type Span } from "./passage.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { seedCalls } from "./seed-calls.ts";
import { quantile, SteadyLoad } from "./steady-load.ts";

const perSecond = 200;
/** Ten of its calls are slower than the 99th percentile. */
const windowMs = 5_000;
const warmUpMs = 5_000;
const rssMaxMiB = 350;
const p95MaxMs: Readonly<Record<keyof Answered, number>> = {
  list: 150,
  count: 300,
  metrics: 1_000,
};
const questions = ["list", "count", "metrics"] as const;

type Kind = "quiet" | "asked";
interface Measured {
  readonly spans: Readonly<Record<Kind, Span[]>>;
  readonly timesMs: Readonly<Record<keyof Answered, number[]>>;
  readonly rssMiB: number;
}

export async function queryWhileWriting(run: Run): Promise<void> {
  const rows = run.amount("rows", 5_000_000, 1_000_000, "calls");
  const pairs = run.amount("times", 8, 8, "pairs of windows");
  await using scratch = await makeScratch("query");
  const { team_id } = await registerServer(scratch.path, "http://127.0.0.1:9/mcp");
  await seedCalls(scratch.path, team_id, rows, run);
  await checkHost(run, { dataDir: scratch.path, pairs, durable: "0" });
  run.note(
    "the same with HOOKWATCH_DURABLE_CALLS=1, where an answer ends when its call is synced:",
  );
  await checkHost(run, { dataDir: scratch.path, pairs, durable: "1" });
}

async function checkHost(
  run: Run,
  { dataDir, pairs, durable }: { dataDir: string; pairs: number; durable: "0" | "1" },
): Promise<void> {
  await using upstream = await startEchoUpstream();
  const environment = { HOOKWATCH_DURABLE_CALLS: durable };
  await using host = await HostProcess.start({ dataDir, environment });
  run.note(`ready after ${host.readyMs.toFixed(0)} ms`);
  const server = await host.api.addServer(`durable ${durable}`, upstream.url);
  const load = new SteadyLoad(`${host.url}/p/${server.slug}`, { perSecond });
  const measured = await measure(host, pairs);
  const calls = await load.stop();
  await drained(host, 10_000);

  for (const question of questions) {
    const timesMs = measured.timesMs[question];
    const p95Ms = quantile(timesMs, 0.95);
    run.check(
      `${question} p95 ≤ ${p95MaxMs[question]} ms`,
      `${p95Ms.toFixed(1)} ms, p50 ${quantile(timesMs, 0.5).toFixed(1)}, longest ${quantile(timesMs, 1).toFixed(0)}, of ${timesMs.length}`,
      p95Ms <= p95MaxMs[question],
    );
  }
  const { asked, quiet } = measured.spans;
  checkWindows(run, calls, { what: "questions", with: asked, without: quiet, ratioMax: 1.2 });
  const { rssMiB } = measured;
  run.check(`memory ≤ ${rssMaxMiB} MiB`, `${rssMiB.toFixed(0)} MiB resident`, rssMiB <= rssMaxMiB);
  await checkAccount(run, host, { upstream, serverId: server.id, calls });
}

async function measure(host: HostProcess, pairs: number): Promise<Measured> {
  await using asker = new Asker(host.url);
  await asker.ask(warmUpMs);
  const spans: Measured["spans"] = { quiet: [], asked: [] };
  const timesMs: Measured["timesMs"] = { list: [], count: [], metrics: [] };
  let rssMiB = 0;
  for (let pair = 0; pair < pairs; pair += 1) {
    // Each kind comes first every other time.
    const kinds: readonly Kind[] = pair % 2 === 0 ? ["quiet", "asked"] : ["asked", "quiet"];
    for (const kind of kinds) {
      const fromMs = performance.now();
      if (kind === "quiet") await sleep(windowMs);
      else {
        const answered = await asker.ask(windowMs);
        for (const question of questions) timesMs[question].push(...answered[question]);
      }
      spans[kind].push([fromMs, performance.now()]);
      rssMiB = Math.max(rssMiB, host.rssMiB());
    }
  }
  return { spans, timesMs, rssMiB };
}

/** The thread that asks. */
export class Asker implements AsyncDisposable {
  readonly #worker: Worker;

  constructor(url: string) {
    this.#worker = new Worker(new URL("./asker.ts", import.meta.url), { workerData: url });
  }

  /** Asks for so long. @throws — a question failed. */
  async ask(forMs: number): Promise<Answered> {
    const answered = once(this.#worker, "message");
    this.#post("begin");
    await Promise.race([sleep(forMs), answered]);
    this.#post("end");
    const [timesMs] = (await answered) as [Answered];
    return timesMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #post(order: AskerOrder): void {
    this.#worker.postMessage(order);
  }
}
