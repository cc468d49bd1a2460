/** Q9: the disk's power is cut under load; what was acknowledged as durable is there afterwards, without repair. */
import { setTimeout as sleep } from "node:timers/promises";
import { type EchoUpstream, startEchoUpstream } from "./echo-upstream.ts";
import { HostProcess, type HostSetting, readProgramHelp } from "./host-process.ts";
import { type Run, Skipped } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { quantile, SteadyLoad } from "./steady-load.ts";
import { duplicates, integrityFaults, storedCalls } from "./stored-calls.ts";
import { lacksDisks, VirtualDisk } from "./virtual-disk.ts";

const perSecond = 200;
const lossMaxMs = 1_000;

interface Tally {
  /** Answered calls by when that was before the cut, milliseconds. */
  readonly answered: Map<number, number>;
  /** The name that each server was last acknowledged to have. */
  readonly servers: Map<string, string>;
  /** Of the calls, milliseconds. */
  readonly latencies: number[];
}

export async function powerCut(run: Run): Promise<void> {
  const reason = lacksDisks();
  if (reason) throw new Skipped(`a power cut needs ${reason}`);
  const cuts = run.amount("times", 20, 10, "cuts");
  run.note("ext4 on a disk that loses all that was not flushed");
  await cutAgainAndAgain(run, cuts, {}, lossMaxMs);
  // Another build may be measured, which is older.
  if (readProgramHelp().includes("HOOKWATCH_DURABLE_CALLS")) {
    run.note("the same with HOOKWATCH_DURABLE_CALLS=1, which loses none");
    await cutAgainAndAgain(run, cuts, { HOOKWATCH_DURABLE_CALLS: "1" }, 0);
  } else
    run.skip(
      "no call at all is lost with HOOKWATCH_DURABLE_CALLS=1",
      "this build has no such setting",
    );
}

async function cutAgainAndAgain(
  run: Run,
  cuts: number,
  environment: Readonly<Record<string, string>>,
  lossMaxMs: number,
): Promise<void> {
  await using scratch = await makeScratch("power-cut");
  await using disk = await VirtualDisk.make(scratch.path, "volatile-cache");
  await using upstream = await startEchoUpstream();
  const setting = { dataDir: disk.mountPoint, environment };
  const tally: Tally = { answered: new Map(), servers: new Map(), latencies: [] };
  let serverId = "";
  for (let cut = 0; cut < cuts; cut += 1) {
    serverId = await liveUntilCut(setting, disk, upstream, serverId, tally);
    await disk.attach();
  }
  {
    await using host = await HostProcess.start(setting);
    await checkServers(run, host, tally.servers, cuts);
    await checkCalls(run, host, serverId, tally.answered, lossMaxMs);
  }
  const [p50, p99] = [0.5, 0.99].map((part) => quantile(tally.latencies, part).toFixed(1));
  run.note(
    `latency at ${perSecond} calls/s on this disk, starts included: p50 ${p50} ms, p99 ${p99} ms`,
  );
  const faults = integrityFaults(disk.mountPoint);
  run.check(
    "integrity of the files, each start without repair",
    faults.join("; ") || "ok",
    faults.length === 0,
  );
}

/** Resolves to the server that the calls go to, made at the first time. */
async function liveUntilCut(
  setting: HostSetting,
  disk: VirtualDisk,
  upstream: EchoUpstream,
  known: string,
  tally: Tally,
): Promise<string> {
  const host = await HostProcess.start(setting);
  const server = known
    ? await host.api.send<{ id: string; slug: string }>("GET", `/v1/mcp/servers/${known}`)
    : await host.api.addServer("measured", upstream.url);
  const load = new SteadyLoad(`${host.url}/p/${server.slug}`, { perSecond });
  const changing = changeServers(host, tally.servers);
  await sleep(1_500 + Math.random() * 2_000);
  const cutAtMs = performance.now();
  disk.cut();
  await host.kill();
  await changing.end();
  for (const { id, dueAtMs, answeredAtMs } of await load.stop()) {
    if (answeredAtMs === undefined || answeredAtMs > cutAtMs) continue;
    tally.answered.set(id, cutAtMs - answeredAtMs);
    tally.latencies.push(answeredAtMs - dueAtMs);
  }
  await disk.detach();
  return server.id;
}

/** Registers and renames servers until the host is gone. */
function changeServers(host: HostProcess, servers: Map<string, string>): { end(): Promise<void> } {
  const changing = (async () => {
    for (let number = 0; host.running; number += 1) {
      const { id, name } = await host.api.addServer(`made ${number}`, "http://127.0.0.1:9/mcp");
      servers.set(id, name);
      const renamed = await host.api.changeServer(id, { name: `renamed ${number}` });
      servers.set(id, renamed.name);
    }
  })().catch(() => undefined);
  // How it ends is known: the host is killed.
  return { end: () => changing };
}

async function checkServers(
  run: Run,
  host: HostProcess,
  acknowledged: ReadonlyMap<string, string>,
  cuts: number,
): Promise<void> {
  const { data } = await host.api.send<{ data: { id: string; name: string }[] }>(
    "GET",
    "/v1/mcp/servers",
  );
  const names = new Map(data.map(({ id, name }) => [id, name]));
  // A change that was made and not yet acknowledged is no loss: a newer name will do.
  const lost = [...acknowledged].filter(
    ([id, name]) => !names.has(id) || (name.startsWith("renamed") && names.get(id) !== name),
  );
  run.check(
    "no acknowledged change of the control plane is lost",
    `${lost.length} of ${acknowledged.size} servers over ${cuts} cuts`,
    lost.length === 0 && acknowledged.size > cuts,
  );
}

async function checkCalls(
  run: Run,
  host: HostProcess,
  serverId: string,
  answered: ReadonlyMap<number, number>,
  lossMaxMs: number,
): Promise<void> {
  const { ids, torn } = await storedCalls(host.api, serverId);
  const there = new Set(ids);
  const lost = [...answered].filter(([id]) => !there.has(id)).map(([, beforeMs]) => beforeMs);
  const oldestMs = lost.length > 0 ? Math.max(...lost) : 0;
  run.check(
    `no call is lost that was answered ${lossMaxMs} ms before`,
    `${lost.length} of ${answered.size} lost, the oldest answered ${oldestMs.toFixed(0)} ms before the cut`,
    oldestMs <= lossMaxMs && answered.size > 0,
  );
  run.check(
    "no duplicates, no torn rows",
    `${duplicates(ids)} and ${torn.length}`,
    duplicates(ids) + torn.length === 0,
  );
}
