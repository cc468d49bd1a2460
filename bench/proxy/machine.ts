/** What this machine lets the data plane's benchmark do: cores, programs, ports; and what it is, for the table's head. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { leaveNothing } from "../../acceptance/leftovers.ts";

export function isInstalled(program: string): boolean {
  return spawnSync("which", [program]).status === 0;
}

/** Lists of cores as `taskset -c` reads them; undefined where nothing can be pinned. */
export interface Cores {
  /** Of what is measured: a proxy's process; of ours, the thread that holds the sockets. */
  readonly proxy: string;
  /** Of the load, of what is proxied, and of our other threads. */
  readonly rest: string;
}

export function coresOf(): Cores | undefined {
  const count = availableParallelism();
  if (process.platform !== "linux" || count < 2 || !isInstalled("taskset")) return undefined;
  return { proxy: "0", rest: count === 2 ? "1" : `1-${count - 1}` };
}

/**
 * Lets this process's session go before other sessions of a busy machine, until it ends: what is measured runs on a core that
 * others want as well. Why it cannot, if so.
 */
export function takePrecedence(): string | undefined {
  const path = "/proc/self/autogroup";
  try {
    const [, before = "0"] = /nice (-?\d+)/.exec(readFileSync(path, "utf8")) ?? [];
    writeFileSync(path, "-12");
    leaveNothing(() => writeFileSync(path, before));
    return undefined;
  } catch (cause) {
    return (cause as Error).message;
  }
}

/** The command that starts a program on these cores. */
export function pinned(cores: string | undefined, command: readonly string[]): readonly string[] {
  return cores === undefined ? command : ["taskset", "-c", cores, ...command];
}

/** Moves a process: its first thread to one set of cores, its others to another. Repeatable, for threads that come later. */
export function pinThreads(pid: number, cores: Cores | undefined, done: Set<string>): void {
  if (!cores) return;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    if (done.has(thread)) continue;
    done.add(thread);
    const where = thread === String(pid) ? cores.proxy : cores.rest;
    spawnSync("taskset", ["-p", "-c", where, thread]);
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

/** Resolves when somebody listens there. */
export async function listening(port: number, maxMs = 20_000): Promise<void> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < maxMs) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const socket = connect(port, "127.0.0.1", () => resolve(true));
    socket.on("error", () => resolve(false));
    const isOpen = await promise;
    socket.destroy();
    if (isOpen) return;
    await sleep(20);
  }
  throw new Error(`nobody listens on port ${port} after ${maxMs} ms`);
}

export function machineLines(): readonly string[] {
  const [cpu] = cpus();
  const commit = spawnSync("git", ["describe", "--always", "--dirty", "--abbrev=10"], {
    encoding: "utf8",
  }).stdout?.trim();
  return [
    `${new Date().toISOString().slice(0, 10)}, commit ${commit || "unknown"}, Node.js ${process.version}, linux ${release()}  `,
    `${availableParallelism()} × ${cpu?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB; load ${loadavg()
      .map((one) => one.toFixed(1))
      .join(" ")} at the start`,
  ];
}
