/** Q2: how much later an answer comes than through nginx at a moderate rate; and while somebody looks at the dashboard. */
import type { Contender } from "../bench/proxy/contender.ts";
import { openBench } from "./closed-loop.ts";
import { busyness } from "./machine.ts";
import { Asker } from "./query-while-writing.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { quantile } from "./steady-load.ts";
import { requireNginx } from "./throughput.ts";

const perSecond = 400;
const connections = 20;
const windowSeconds = 5;
const addedMaxMs = { p50: 4, p99: 15, askedP99: 40 };

type Kind = "nginx" | "ours" | "asked";

export async function latency(run: Run): Promise<void> {
  const seconds = run.amount("seconds", 60, 15, "seconds of each kind");
  run.note(`before: ${busyness()}`);
  await using scratch = await makeScratch("latency");
  await using bench = await openBench(scratch.path, "json", { dataDir: `${scratch.path}/data` });
  const nginx = requireNginx(bench);
  await using asker = new Asker(bench.host.url);
  const windows: Record<Kind, number[][]> = { nginx: [], ours: [], asked: [] };
  let failed = 0;
  const demand = { connections, perSecond, seconds: windowSeconds };
  const window = async (kind: Kind, to: Contender) => {
    const [result] = await Promise.all([
      bench.send(to, demand),
      kind === "asked" ? asker.ask(windowSeconds * 1_000) : undefined,
    ]);
    windows[kind].push([...result.latenciesMs]);
    failed += result.failed;
  };
  // What a process does for the first time takes longer.
  for (let warmUp = 0; warmUp < 2; warmUp += 1) await bench.send(bench.ours, demand);
  await bench.send(nginx, demand);
  for (let at = 0; at < seconds / windowSeconds; at += 1) {
    await window("nginx", nginx);
    await window("ours", bench.ours);
    await window("asked", bench.ours);
  }
  run.check("no errors", `${failed}`, failed === 0);
  const of = (kind: Kind, part: number) =>
    quantile(
      windows[kind].map((timesMs) => quantile(timesMs, part)),
      0.5,
    );
  const added = (kind: Kind, part: number, maxMs: number, what: string) => {
    const [own, base] = [of(kind, part), of("nginx", part)];
    const all = [kind, "nginx" as const].map((each) =>
      quantile(windows[each].flat(), part).toFixed(1),
    );
    run.check(
      `${what} ≤ nginx + ${maxMs} ms at ${perSecond} a second`,
      `${own.toFixed(1)} and ${base.toFixed(1)} ms, medians of ${windows[kind].length} windows of ${windowSeconds} s (of all calls ${all.join(" and ")})`,
      own <= base + maxMs,
    );
  };
  added("ours", 0.5, addedMaxMs.p50, "p50");
  added("ours", 0.99, addedMaxMs.p99, "p99");
  added("asked", 0.99, addedMaxMs.askedP99, "p99 while a dashboard asks");
}
