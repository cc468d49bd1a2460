/** Q12: a disk that takes five seconds for each fsync is felt by nobody but the log, which catches up afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import { checkAccount, drained, whileLoaded } from "./accounted.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { readAccount, shown } from "./figures.ts";
import { HostProcess } from "./host-process.ts";
import { requireRoot } from "./machine.ts";
import { checkPassage } from "./passage.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { latencyMs, SteadyLoad } from "./steady-load.ts";
import { duplicates, storedCalls } from "./stored-calls.ts";
import { SyscallFaults } from "./syscall-faults.ts";

const perSecond = 200;
const calmMs = 15_000;
const drainMaxMs = 60_000;
const rssMaxMiB = 350;
const delayMicros = 5_000_000;

export async function storeHung(run: Run): Promise<void> {
  requireRoot("a hung store", ["strace"]);
  const seconds = run.amount("seconds", 120, 60, "seconds");
  await using scratch = await makeScratch("store-hung");
  await using upstream = await startEchoUpstream();
  await using host = await HostProcess.start({ dataDir: scratch.path });
  const server = await host.api.addServer("hung", upstream.url);
  const load = new SteadyLoad(`${host.url}/p/${server.slug}`, { perSecond });
  const calls = ["fsync", "fdatasync"];
  {
    // Traced as later, but not delayed: what tracing costs is in both figures.
    const fault = "delay_enter=1";
    await using _ = await SyscallFaults.begin(host.pid, { calls, fault, everyThread: false });
    await sleep(calmMs);
  }
  const calmRssMiB = host.rssMiB();
  let rssMiB = 0;
  const fromMs = performance.now();
  {
    const fault = `delay_enter=${delayMicros}`;
    await using faults = await SyscallFaults.begin(host.pid, { calls, fault, everyThread: false });
    for (let second = 0; second < seconds; second += 1) {
      await sleep(1_000);
      rssMiB = Math.max(rssMiB, host.rssMiB());
    }
    run.note(`hung, ${faults.threads} threads: ${shown(await readAccount(host.url))}`);
  }
  const untilMs = performance.now();
  const drainMs = await drained(host, 2 * drainMaxMs, whileLoaded).catch(
    () => Number.POSITIVE_INFINITY,
  );
  await sleep(calmMs / 3);
  const changedFromMs = performance.now();
  await changeServers(host);
  await sleep(1_000);
  const sent = await load.stop();
  await drained(host, 10_000).catch(() => undefined);

  const undisturbed = sent.filter(({ dueAtMs }) => dueAtMs < changedFromMs);
  const heldUpMs = latencyMs(sent, 1, changedFromMs);
  run.note(
    `a server registered on a disk that takes 1 s for each fsync: the slowest call meanwhile took ${heldUpMs.toFixed(0)} ms`,
  );
  checkPassage(run, undisturbed, { fromMs, untilMs, ratioMax: 1.2 });
  run.check(
    `memory ≤ ${rssMaxMiB} MiB`,
    `${rssMiB.toFixed(0)} MiB, ${calmRssMiB.toFixed(0)} before`,
    rssMiB <= rssMaxMiB,
  );
  run.check(
    `everything stored ≤ ${drainMaxMs / 1_000} s afterwards`,
    `${(drainMs / 1_000).toFixed(1)} s`,
    drainMs <= drainMaxMs,
  );
  const account = await checkAccount(run, host, { upstream, serverId: server.id, calls: sent });
  run.check(
    "nothing lost, nothing shed",
    `${account.dropped} and ${account.shed}`,
    account.dropped + account.shed === 0,
  );
  const { ids } = await storedCalls(host.api, server.id);
  run.check("no duplicates", `${duplicates(ids)} of ${ids.length}`, duplicates(ids) === 0);
}

/** The registry is durable before it answers, in the thread that serves traffic: rare, small, and yet felt. */
async function changeServers(host: HostProcess): Promise<void> {
  const calls = ["fsync", "fdatasync"];
  await using _ = await SyscallFaults.begin(host.pid, {
    calls,
    fault: "delay_enter=1000000",
    everyThread: true,
  });
  await host.api.addServer("meanwhile", "http://127.0.0.1:9/mcp");
}
