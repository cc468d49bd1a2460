/**
 * Q1: how many calls a second pass, captured, redacted and stored, against nginx in the same minute; and that each is stored.
 *
 * The share of nginx is demanded of both as `hey` asks them. The client of the benchmarks (`Load`)
 * takes a fraction of the processor that hey takes and leaves it to who is asked, which counts for nginx: by it the share is smaller.
 * It is told in any case, and is what is checked where there is no hey.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exchangeOf } from "../bench/proxy/bodies.ts";
import type { Contender } from "../bench/proxy/contender.ts";
import { drained } from "./accounted.ts";
import { type Bench, openBench } from "./closed-loop.ts";
import { difference, readAccount, readSkippedBytes, shown } from "./figures.ts";
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

/** Asks one proxy for so long. */
interface Client {
  readonly name: string;
  ask(of: Contender, seconds: number): Promise<Asked>;
}

interface Asked {
  readonly count: number;
  readonly perSecond: number;
  readonly failed: number;
  /** What became of them, where more is known than that. */
  readonly told?: string;
}

export async function throughput(run: Run): Promise<void> {
  const seconds = run.amount("seconds", 60, 15, "seconds");
  run.note(`before: ${busyness()}`);
  await using scratch = await makeScratch("throughput");
  await using bench = await openBench(scratch.path, "json", { dataDir: `${scratch.path}/data` });
  const lean = leanClient(bench);
  // Both have run for a while, and nginx is measured right before and after.
  await lean.ask(bench.ours, 3);
  await drained(bench.host, 30_000);
  const share = await shareOfNginx(run, bench, { client: lean, seconds });
  if (isHeyInstalled()) {
    if (share) run.note(`${share.shown} by a client that takes less of the processor`);
    const bodyFile = join(scratch.path, "body.json");
    await writeFile(bodyFile, exchangeOf("json").request);
    checkShare(
      run,
      await shareOfNginx(run, bench, { client: heyClient(bodyFile), seconds }),
      "hey",
    );
  } else {
    run.note("hey, by which the share is demanded, is not installed here (apt-get install hey)");
    checkShare(run, share, "a client that takes less of the processor");
  }
  const account = await readAccount(bench.host.url);
  const counted = await bench.host.api.count({ server_id: bench.serverId });
  run.check(
    "Q13 accepted = stored + shed + discarded + pending + dropped, stored + shed = calls/count",
    `difference ${difference(account)} (${shown(account)}); ${account.stored + account.shed} and ${counted}`,
    difference(account) === 0 && account.stored + account.shed === counted,
  );
}

function leanClient({ send }: Bench): Client {
  return {
    name: "the benchmarks' client",
    async ask(of, seconds) {
      const { count, ms, failed } = await send(of, { connections, seconds });
      return { count, failed, perSecond: (count / ms) * 1_000 };
    },
  };
}

function heyClient(bodyFile: string): Client {
  return {
    name: "hey",
    ask: (of, seconds) =>
      hey(`http://127.0.0.1:${of.port}${of.path("json")}`, { connections, seconds, bodyFile }),
  };
}

interface Share {
  readonly ratio: number;
  readonly shown: string;
}

/** What one client has of the host between two looks at nginx, and that the host has recorded it. Undefined without nginx. */
async function shareOfNginx(
  run: Run,
  { host, nginx, ours }: Bench,
  { client, seconds }: { readonly client: Client; readonly seconds: number },
): Promise<Share | undefined> {
  const before = nginx && (await client.ask(nginx, nginxSeconds));
  const accountBefore = await readAccount(host.url);
  const skippedBefore = await readSkippedBytes(host.url);
  const { count, perSecond, failed, told } = await client.ask(ours, seconds);
  const storedMs = await drained(host, 60_000);
  const account = await readAccount(host.url);
  const skipped = (await readSkippedBytes(host.url)) - skippedBefore;
  const after = nginx && (await client.ask(nginx, nginxSeconds));
  run.check(
    `≥ ${perSecondMin} calls a second for ${seconds} s over ${connections} connections of ${client.name}`,
    `${perSecond.toFixed(0)} a second`,
    perSecond >= perSecondMin,
  );
  const nginxFailed = (before?.failed ?? 0) + (after?.failed ?? 0);
  run.check(
    "no errors",
    `${failed} of ${count}${nginxFailed > 0 ? `, ${nginxFailed} of nginx` : ""}${told === undefined ? "" : ` (${told})`}`,
    failed === 0 && nginxFailed === 0 && count > 0,
  );
  const grown = (of: "stored" | "shed" | "dropped" | "unseen") => account[of] - accountBefore[of];
  const lost = grown("shed") + grown("dropped") + grown("unseen");
  run.check(
    `every call is in the log, whole, ≤ ${storedMaxMs} ms after`,
    `${grown("stored")} of ${count}, ${lost} not or without bodies, ${skipped} bytes of bodies left out, ${storedMs.toFixed(0)} ms after`,
    grown("stored") >= count && lost === 0 && skipped === 0 && storedMs <= storedMaxMs,
  );
  if (!before || !after) return undefined;
  const ratio = (2 * perSecond) / (before.perSecond + after.perSecond);
  const around = [before, after].map((one) => one.perSecond.toFixed(0)).join(" a second before, ");
  return { ratio, shown: `${ratio.toFixed(2)} × (nginx ${around} after)` };
}

function checkShare(run: Run, share: Share | undefined, client: string): void {
  if (share) run.check(demand, `${share.shown} by ${client}`, share.ratio >= ratioMin);
  else run.skip(demand, "nginx is not installed here");
}

/** @throws Skipped — there is nothing to compare with. */
export function requireNginx({ nginx }: Bench): NonNullable<Bench["nginx"]> {
  if (!nginx) throw new Skipped("it compares with nginx, which is not installed here");
  return nginx;
}
