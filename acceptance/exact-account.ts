/** Q13: through bursts that are too much, a server that is deleted and a stop, each call is accounted for. */
import { setTimeout as sleep } from "node:timers/promises";
import { checkAccount, drained } from "./accounted.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { difference, readAccount, shown } from "./figures.ts";
import { HostProcess } from "./host-process.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { SteadyLoad } from "./steady-load.ts";
import { duplicates, storedCalls } from "./stored-calls.ts";

const steady = { perSecond: 200 };
/** Bodies as large as they come, so that the log falls behind. */
const burst = { perSecond: 150, requestBytes: 400_000 };
const burstMs = 5_000;
const probeMs = 100;

export async function exactAccount(run: Run): Promise<void> {
  const seconds = run.amount("seconds", 20, 20, "seconds");
  await using scratch = await makeScratch("account");
  await using upstream = await startEchoUpstream();
  await using host = await HostProcess.start({ dataDir: scratch.path });
  const kept = await host.api.addServer("kept", upstream.url);
  const probes = probe(host);

  const load = new SteadyLoad(`${host.url}/p/${kept.slug}`, steady);
  await sleep((seconds * 1_000) / 2);
  const flood = new SteadyLoad(`${host.url}/p/${kept.slug}`, burst);
  await sleep(burstMs);
  const flooded = await flood.stop();
  await sleep((seconds * 1_000) / 2);
  const calls = [...(await load.stop()), ...flooded];
  await drained(host, 60_000);
  const failed = calls.filter(({ failure }) => failure).length;
  run.note(
    `${calls.length} calls, ${flooded.length} of them in a burst of ${burst.requestBytes} bytes each; ${failed} failed`,
  );
  const account = await checkAccount(run, host, { upstream, serverId: kept.id, calls });
  const { ids } = await storedCalls(host.api, kept.id);
  run.check("no duplicates", `${duplicates(ids)} of ${ids.length}`, duplicates(ids) === 0);

  const doomed = await host.api.addServer("doomed", upstream.url);
  const last = new SteadyLoad(`${host.url}/p/${doomed.slug}`, steady);
  await sleep(2_000);
  await host.api.removeServer(doomed.id);
  await sleep(500);
  await last.stop();
  await drained(host, 10_000);
  const after = await readAccount(host.url);
  run.check(
    "Q13 with a server deleted under load",
    `difference ${difference(after)} (${shown(after)})`,
    difference(after) === 0 && after.accepted > account.accepted,
  );
  const gone = await host.api.count({ server_id: doomed.id });
  run.check("nothing is left of the deleted server", `${gone} calls`, gone === 0);
  const differences = await probes.end();
  run.check(
    "Q13 at every moment",
    `${differences.filter((value) => value !== 0).length} of ${differences.length} readings differ`,
    differences.length > 0 && differences.every((value) => value === 0),
  );
}

/** Reads the account again and again; `end` resolves to its differences. */
function probe(host: HostProcess): { end(): Promise<readonly number[]> } {
  const differences: number[] = [];
  let over = false;
  const probing = (async () => {
    while (!over) {
      // An answer that comes too late, as in the burst, is no reading.
      const account = await readAccount(host.url).catch(() => undefined);
      if (account) differences.push(difference(account));
      await sleep(probeMs);
    }
  })();
  return {
    async end() {
      over = true;
      await probing;
      return differences;
    },
  };
}
