/**
 * Q1: how many calls a second pass, captured, redacted and stored, against nginx in the same minute; and that each is stored.
 *
 * The share of nginx is demanded of both as `hey` asks them. Our own client takes a fraction of the processor that hey takes and
 * leaves it to who is asked, which counts for nginx: by it the share is smaller. It is told in any case, and checked without hey.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exchangeOf } from "../bench/proxy/bodies.ts";
import type { Contender } from "../bench/proxy/contender.ts";
import { drained } from "./accounted.ts";
import { type Bench, openBench } from "./closed-loop.ts";
import { difference, readAccount, shown } from "./figures.ts";
import { hey, isHeyInstalled } from "./hey.ts";
import { busyness } from "./machine.ts";
import { type Run, Skipped } from "./run.ts";
import { makeScratch } from "./scratch.ts";

const connections = 50;
const ratioMin = 0.3;
const perSecondMin = 1_200;
const storedMaxMs = 10_000;
const nginxSeconds = 5;
const demand = `≥ ${ratioMin} × nginx in the same minute`;

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
  const stored = (await readAccount(host.url)).stored - accountBefore.stored;
  run.check(
    `every call is in the log, whole, ≤ ${storedMaxMs} ms after`,
    `${stored} of ${result.count}, ${storedMs.toFixed(0)} ms after`,
    stored >= result.count && storedMs <= storedMaxMs,
  );
  if (before === undefined || after === undefined) run.skip(demand, "nginx is not installed here");
  else {
    const share = `${shareOf(perSecond, before, after)} by our own client`;
    if (await isHeyInstalled()) {
      run.note(share);
      await checkByHey(run, bench, { seconds, folder: scratch.path });
    } else {
      run.note("hey is not installed here, by which the demand is made (apt-get install hey)");
      run.check(demand, share, perSecond >= (ratioMin * (before + after)) / 2);
    }
  }
  await drained(host, 60_000);
  const account = await readAccount(host.url);
  const counted = await host.api.count({ server_id: bench.serverId });
  run.check(
    "Q13 accepted = stored + shed + discarded + pending + dropped, stored + shed = calls/count",
    `difference ${difference(account)} (${shown(account)}); ${account.stored + account.shed} and ${counted}`,
    difference(account) === 0 && account.stored + account.shed === counted,
  );
}

async function nginxRate({ nginx, send }: Bench): Promise<number | undefined> {
  if (!nginx) return undefined;
  const { count, ms } = await send(nginx, { connections, seconds: nginxSeconds });
  return (count / ms) * 1_000;
}

/** By turns, since a machine that is shared is not as fast in one minute as in the next. */
async function checkByHey(
  run: Run,
  bench: Bench,
  { seconds, folder }: { readonly seconds: number; readonly folder: string },
): Promise<void> {
  const { ours, nginx = requireNginx(bench) } = bench;
  const bodyFile = join(folder, "body.json");
  await writeFile(bodyFile, exchangeOf("json").request);
  const ask = (of: Contender, forSeconds: number) =>
    hey(`http://127.0.0.1:${of.port}${of.path("json")}`, {
      connections,
      seconds: forSeconds,
      bodyFile,
    });
  const before = await ask(nginx, nginxSeconds);
  const { perSecond, outcomes } = await ask(ours, seconds);
  const after = await ask(nginx, nginxSeconds);
  const failed = [before, { outcomes }, after].flatMap((one) =>
    Object.keys(one.outcomes).filter((outcome) => outcome !== "200"),
  );
  run.check(
    "no errors for hey",
    `${failed.length === 0 ? "none" : failed.join(", ")}, ${outcomes["200"] ?? 0} answers 200`,
    failed.length === 0 && (outcomes["200"] ?? 0) > 0,
  );
  run.check(
    demand,
    `${shareOf(perSecond, before.perSecond, after.perSecond)} by hey, ${perSecond.toFixed(0)} a second`,
    perSecond >= (ratioMin * (before.perSecond + after.perSecond)) / 2,
  );
}

function shareOf(perSecond: number, before: number, after: number): string {
  const share = (2 * perSecond) / (before + after);
  return `${share.toFixed(2)} × (nginx ${before.toFixed(0)} a second before, ${after.toFixed(0)} after)`;
}

/** @throws Skipped — there is nothing to compare with. */
export function requireNginx({ nginx }: Bench): NonNullable<Bench["nginx"]> {
  if (!nginx) throw new Skipped("it compares with nginx, which is not installed here");
  return nginx;
}
