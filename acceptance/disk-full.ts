/** Q10: a full disk costs no call its passage, and once there is space the log catches up by itself. */
import { setTimeout as sleep } from "node:timers/promises";
import { checkAccount, drained, whileLoaded } from "./accounted.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { readAccount, shown } from "./figures.ts";
import { HostProcess } from "./host-process.ts";
import { requireMounts } from "./machine.ts";
import { checkPassage } from "./passage.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { SmallDisk } from "./small-disk.ts";
import { SteadyLoad } from "./steady-load.ts";
import { duplicates, integrityFaults, storedCalls } from "./stored-calls.ts";

const diskMiB = 64;
const perSecond = 200;
const calmMs = 10_000;
const drainMaxMs = 10_000;

export async function diskFull(run: Run): Promise<void> {
  requireMounts("a full disk");
  const seconds = run.amount("seconds", 60, 60, "seconds");
  await using scratch = await makeScratch("disk-full");
  using disk = new SmallDisk(scratch, diskMiB);
  await using upstream = await startEchoUpstream();
  await using host = await HostProcess.start({ dataDir: disk.path });
  const server = await host.api.addServer("full", upstream.url);
  const load = new SteadyLoad(`${host.url}/p/${server.slug}`, { perSecond });
  await sleep(calmMs);

  const fullFromMs = performance.now();
  // What the host itself gives back, such as a log of changes, is taken, too.
  for (let second = 0; second < seconds; second += 1) {
    disk.fill();
    await sleep(1_000);
  }
  const fullUntilMs = performance.now();
  run.note(`full: ${shown(await readAccount(host.url))}; ${host.rssMiB().toFixed(0)} MiB resident`);
  disk.empty();
  const drainMs = await drained(host, 60_000, whileLoaded).catch(() => Number.POSITIVE_INFINITY);
  const calls = await load.stop();
  await drained(host, 10_000).catch(() => undefined);

  checkPassage(run, calls, { fromMs: fullFromMs, untilMs: fullUntilMs, ratioMax: 2 });
  run.check(
    `nothing pending ≤ ${drainMaxMs / 1_000} s after space is back`,
    `${(drainMs / 1_000).toFixed(1)} s`,
    drainMs <= drainMaxMs,
  );
  const account = await checkAccount(run, host, { upstream, serverId: server.id, calls });
  run.note(`${account.shed} calls without bodies, ${account.dropped} lost, both counted`);
  const { ids, torn } = await storedCalls(host.api, server.id);
  run.check(
    "no duplicates, no torn rows",
    `${duplicates(ids)} and ${torn.length}`,
    duplicates(ids) + torn.length === 0,
  );
  run.check("no restart", host.running ? "the same process" : "it ended", host.running);
  await host.stop();
  const faults = integrityFaults(disk.path);
  run.check("integrity of the files", faults.join("; ") || "ok", faults.length === 0);
}
