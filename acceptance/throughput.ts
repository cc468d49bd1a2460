/** Q1: how many calls a second pass, captured, redacted and stored, against nginx in the same minute; and that each is stored. */

import { drained } from "./accounted.ts";
import { type Bench, openBench } from "./closed-loop.ts";
import { difference, readAccount, shown } from "./figures.ts";
import { busyness } from "./machine.ts";
import { type Run, Skipped } from "./run.ts";
import { makeScratch } from "./scratch.ts";

const connections = 50;
const ratioMin = 0.3;
const perSecondMin = 1_200;
const storedMaxMs = 10_000;
const nginxSeconds = 5;

export async function throughput(run: Run): Promise<void> {
  const seconds = run.amount("seconds", 60, 15, "seconds");
  run.note(`before: ${busyness()}`);
  await using scratch = await makeScratch("throughput");
  await using bench = await openBench(scratch.path, "json", { dataDir: `${scratch.path}/data` });
  const { ours, host } = bench;
  // Both have run for a while, and nginx is measured right before and after.
  await bench.send(ours, { connections, seconds: 3 });
  await drained(host, 30_000);
  const before = await nginxRate(bench);
  const accountBefore = await readAccount(host.url);
  const result = await bench.send(ours, { connections, seconds });
  const storedMs = await drained(host, 60_000);
  const after = await nginxRate(bench);
  const perSecond = (result.count / result.ms) * 1_000;
  run.check(
    `≥ ${perSecondMin} calls a second for ${seconds} s over ${connections} connections`,
    `${perSecond.toFixed(0)} a second`,
    perSecond >= perSecondMin,
  );
  run.check("no errors", `${result.failed} of ${result.count}`, result.failed === 0);
  checkRatio(run, perSecond, before, after);
  const account = await readAccount(host.url);
  const stored = account.stored - accountBefore.stored;
  run.check(
    `every call is in the log, whole, ≤ ${storedMaxMs} ms after`,
    `${stored} of ${result.count} (${shown(account)}), ${storedMs.toFixed(0)} ms after`,
    stored >= result.count && storedMs <= storedMaxMs,
  );
  const counted = await host.api.count({ server_id: bench.serverId });
  run.check(
    "Q13 accepted = stored + shed + discarded + pending + dropped, stored + shed = calls/count",
    `difference ${difference(account)}; ${account.stored + account.shed} and ${counted}`,
    difference(account) === 0 && account.stored + account.shed === counted,
  );
}

async function nginxRate({ nginx, send }: Bench): Promise<number | undefined> {
  if (!nginx) return undefined;
  const { count, ms } = await send(nginx, { connections, seconds: nginxSeconds });
  return (count / ms) * 1_000;
}

function checkRatio(
  run: Run,
  perSecond: number,
  before: number | undefined,
  after: number | undefined,
): void {
  const demand = `≥ ${ratioMin} × nginx in the same minute`;
  if (before === undefined || after === undefined) {
    run.skip(demand, "nginx is not installed here");
    return;
  }
  const nginx = (before + after) / 2;
  run.check(
    demand,
    `${(perSecond / nginx).toFixed(2)} × (nginx ${before.toFixed(0)} a second before, ${after.toFixed(0)} after)`,
    perSecond >= ratioMin * nginx,
  );
}

/** @throws Skipped — there is nothing to compare with. */
export function requireNginx({ nginx }: Bench): NonNullable<Bench["nginx"]> {
  if (!nginx) throw new Skipped("it compares with nginx, which is not installed here");
  return nginx;
}
