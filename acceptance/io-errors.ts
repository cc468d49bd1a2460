/** Q11: while the disk answers EIO traffic passes, changes are refused, reads work; afterwards the log is whole. */
import { setTimeout as sleep } from "node:timers/promises";
import { checkAccount, drained, whileLoaded } from "./accounted.ts";
import { startEchoUpstream } from "./echo-upstream.ts";
import { readAccount, shown } from "./figures.ts";
import { apiKey, HostProcess } from "./host-process.ts";
import { lacks, requireRoot } from "./machine.ts";
import { checkPassage } from "./passage.ts";
import type { Run } from "./run.ts";
import { makeScratch } from "./scratch.ts";
import { SteadyLoad } from "./steady-load.ts";
import { duplicates, integrityFaults, storedCalls } from "./stored-calls.ts";
import { SyscallFaults } from "./syscall-faults.ts";
import { lacksDisks, VirtualDisk } from "./virtual-disk.ts";

const perSecond = 200;
const calmMs = 8_000;
const recoveryMaxMs = 10_000;
const syscalls = ["fsync", "fdatasync", "pwrite64", "pwritev"];

export async function ioErrors(run: Run): Promise<void> {
  requireRoot("an I/O error");
  const seconds = run.amount("seconds", 30, 30, "seconds");
  const noTracing = lacks(["strace"]);
  if (noTracing) run.skip("EIO of every write and fsync", `needs ${noTracing}`);
  else await failingCalls(run, seconds);
  const noDisks = lacksDisks();
  if (noDisks) run.skip("EIO of a device", `needs ${noDisks}`);
  else await failingDevice(run, seconds);
}

async function failingCalls(run: Run, seconds: number): Promise<void> {
  run.note(`EIO of ${syscalls.join(", ")} in every thread, by strace:`);
  await using scratch = await makeScratch("io-errors");
  const start = (host: HostProcess) =>
    SyscallFaults.begin(host.pid, { calls: syscalls, fault: "error=EIO", everyThread: true });
  await measure(run, scratch.path, seconds, start);
}

async function failingDevice(run: Run, seconds: number): Promise<void> {
  run.note("EIO of every write to the device, ext4 on nbdkit:");
  await using scratch = await makeScratch("io-errors-disk");
  await using disk = await VirtualDisk.make(scratch.path, "failing");
  const start = async () => {
    disk.setFailing(true);
    return { [Symbol.asyncDispose]: async () => disk.setFailing(false) };
  };
  await measure(run, disk.mountPoint, seconds, start, async () => {
    await disk.detach();
    await disk.attach();
  });
}

async function measure(
  run: Run,
  dataDir: string,
  seconds: number,
  begin: (host: HostProcess) => Promise<AsyncDisposable>,
  forget: () => Promise<void> = async () => {},
): Promise<void> {
  await using upstream = await startEchoUpstream();
  await using host = await HostProcess.start({ dataDir });
  const server = await host.api.addServer("failing", upstream.url);
  const load = new SteadyLoad(`${host.url}/p/${server.slug}`, { perSecond });
  await sleep(calmMs);
  const fromMs = performance.now();
  {
    await using _ = await begin(host);
    await sleep((seconds * 1_000) / 2);
    await checkControlPlane(run, host);
    await sleep((seconds * 1_000) / 2);
    run.note(`failing: ${shown(await readAccount(host.url))}`);
  }
  const untilMs = performance.now();
  if (!host.running) {
    const { code } = await host.ended;
    run.check(
      "a clean end with a message",
      `exit code ${code}: ${host.output.at(-1)}`,
      code !== null && code !== 0,
    );
    return;
  }
  const recoveryMs = await recovered(host);
  const calls = await load.stop();
  await drained(host, 10_000).catch(() => undefined);
  checkPassage(run, calls, { fromMs, untilMs, ratioMax: 2 });
  run.check(
    `recovery ≤ ${recoveryMaxMs / 1_000} s after the errors end`,
    `${(recoveryMs / 1_000).toFixed(1)} s`,
    recoveryMs <= recoveryMaxMs,
  );
  await checkAccount(run, host, { upstream, serverId: server.id, calls });
  await checkAtRest(run, host, server.id, dataDir, forget);
}

async function checkControlPlane(run: Run, host: HostProcess): Promise<void> {
  const send = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
    const response = await fetch(`${host.url}${path}`, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    await response.arrayBuffer();
    return response.status;
  };
  const reads = [await send("GET", "/v1/mcp/servers"), await send("GET", "/v1/mcp/calls?limit=50")];
  run.check(
    "reads work",
    `status ${reads.join(", ")}`,
    reads.every((status) => status === 200),
  );
  const changed = await send("POST", "/v1/mcp/servers", {
    name: "lost?",
    target_url: "http://127.0.0.1:9/mcp",
  });
  run.check("a change is refused with 503", `status ${changed}`, changed === 503);
}

/** From now until nothing is pending and a server can be registered. */
async function recovered(host: HostProcess): Promise<number> {
  const startedMs = performance.now();
  try {
    await drained(host, 60_000, whileLoaded);
    for (let tries = 0; tries < 100; tries += 1) {
      const made = await host.api
        .addServer("afterwards", "http://127.0.0.1:9/mcp")
        .catch(() => undefined);
      if (made) return performance.now() - startedMs;
      await sleep(100);
    }
  } catch {
    // It never came back: as long as it gets.
  }
  return Number.POSITIVE_INFINITY;
}

/** The page cache may hold what the disk does not: the log is judged as it is found after a kill, read anew. */
async function checkAtRest(
  run: Run,
  host: HostProcess,
  serverId: string,
  dataDir: string,
  forget: () => Promise<void>,
): Promise<void> {
  const before = await storedCalls(host.api, serverId);
  await host.kill();
  await forget();
  await using again = await HostProcess.start({ dataDir });
  const { ids, torn } = await storedCalls(again.api, serverId);
  run.check(
    "after a kill and a start the log is the same",
    `${before.ids.length} and ${ids.length} calls, ${duplicates(ids)} duplicates, ${torn.length} torn`,
    ids.length === before.ids.length && duplicates(ids) + torn.length === 0,
  );
  await again.stop();
  const faults = integrityFaults(dataDir);
  run.check("integrity of the files", faults.join("; ") || "ok", faults.length === 0);
}
