/** Q8: killed at any instant under load, the host loses no call that was answered 250 ms before, and stores none twice. */
import { setTimeout as sleep } from "node:timers/promises";
import { startEchoUpstream } from "./echo-upstream.ts";
import { difference, readAccount, shown } from "./figures.ts";
import { HostProcess, registerServer } from "./host-process.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { seedCalls } from "./seed-calls.ts";
import { quantile, SteadyLoad } from "./steady-load.ts";
import { duplicates, integrityFaults, storedCalls } from "./stored-calls.ts";

const durableAfterMs = 250;
const perSecond = 200;

interface Life {
  readonly readyMs: number;
  /** Ids of calls that were answered long enough before the kill. */
  readonly due: readonly number[];
}

export async function killNine(run: Run): Promise<void> {
  const kills = run.amount("times", 50, 20, "kills");
  const rows = run.parameters.rows ?? 0;
  await using scratch = await makeScratch("kill-nine");
  await using upstream = await startEchoUpstream();
  const { id: serverId, slug, team_id } = await registerServer(scratch.path, upstream.url);
  if (rows > 0) await seedCalls(scratch.path, team_id, rows, run);

  const lives: Life[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    lives.push(await liveAndDie(scratch.path, slug, 200 + Math.random() * 4_800));
  }
  const host = await HostProcess.start({ dataDir: scratch.path });
  const { ids, torn } = await storedCalls(host.api, serverId);
  const counted = await host.api.count({ server_id: serverId });
  const account = await readAccount(host.url);
  await host.stop();

  const there = new Set(ids);
  const due = lives.flatMap((life) => life.due);
  const lost = due.filter((id) => !there.has(id));
  const foreign = ids.filter((id) => !upstream.seen.has(id));
  run.check(
    `every call answered ${durableAfterMs} ms before a kill is stored`,
    `${lost.length} of ${due.length} lost over ${kills} kills`,
    lost.length === 0 && due.length > kills,
  );
  run.check(
    "each is stored once",
    `${duplicates(ids)} duplicates of ${ids.length}`,
    duplicates(ids) === 0,
  );
  run.check(
    "no row is torn or unknown to the upstream",
    `${torn.length + foreign.length}`,
    torn.length + foreign.length === 0,
  );
  run.check(
    "the count agrees with the walk",
    `${counted} and ${ids.length}`,
    counted === ids.length,
  );
  const readyMs = lives.map((life) => life.readyMs).concat(host.readyMs);
  const readyMaxMs = rows >= 1_000_000 ? 10_000 : 3_000;
  run.check(
    `ready within ${readyMaxMs} ms of each start`,
    `p50 ${quantile(readyMs, 0.5).toFixed(0)} ms, longest ${Math.max(...readyMs).toFixed(0)} ms`,
    Math.max(...readyMs) <= readyMaxMs,
  );
  run.check(
    "Q13 after the last start",
    `difference ${difference(account)} (${shown(account)})`,
    difference(account) === 0,
  );
  const faults = integrityFaults(scratch.path);
  run.check("integrity of the files", faults.join("; ") || "ok", faults.length === 0);
}

async function liveAndDie(dataDir: string, slug: string, lifeMs: number): Promise<Life> {
  const host = await HostProcess.start({ dataDir });
  const load = new SteadyLoad(`${host.url}/p/${slug}`, { perSecond });
  await sleep(lifeMs);
  const killedAtMs = performance.now();
  await host.kill();
  const calls = await load.stop();
  const due = calls.filter(
    ({ answeredAtMs }) => answeredAtMs !== undefined && answeredAtMs <= killedAtMs - durableAfterMs,
  );
  return { readyMs: host.readyMs, due: due.map(({ id }) => id) };
}
