/** Ourselves: the whole product as its users run it; and its edge and forwarder alone. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type CallAccount, readAccount, shown } from "../../acceptance/figures.ts";
import { HostProcess, type HostSetting } from "../../acceptance/host-process.ts";
import { leaveNothing } from "../../acceptance/leftovers.ts";
import { heapFlags } from "../../src/cli/heap-flags.ts";
import { slugOf } from "./bare-forwarder.ts";
import { type Kind, kinds } from "./bodies.ts";
import type { Behind, Contender } from "./contender.ts";
import { type Cores, pinThreads } from "./machine.ts";

const drainMaxMs = 60_000;

export interface Product extends Contender {
  readonly host: HostProcess;
}

/** Everything on: captured, redacted, stored in files. `name`: in tables. */
export async function startProduct(
  name: string,
  setting: HostSetting,
  behind: Behind,
  cores: Cores | undefined,
): Promise<Product> {
  const host = await HostProcess.start(setting);
  const slugs = new Map<Kind, string>();
  for (const kind of kinds) {
    const server = await host.api.addServer(kind, `http://127.0.0.1:${behind.calls}/${kind}`);
    slugs.set(kind, server.slug);
  }
  const streams = await host.api.addServer("streams", `http://127.0.0.1:${behind.streams}/mcp`);
  const threads = new Set<string>();
  let lost = 0;
  return {
    name,
    host,
    port: Number(new URL(host.url).port),
    pid: host.pid,
    path: (kind) => `/p/${slugs.get(kind)}`,
    streamPath: `/p/${streams.slug}`,
    head: "",
    withIds: false,
    hasThreads: true,
    before: () => pinThreads(host.pid, cores, threads),
    async after() {
      const account = await drained(host.url);
      const now = account.shed + account.discarded + account.dropped + account.unseen;
      const since = now - lost;
      lost = now;
      return since;
    },
  };
}

export async function startBare(behind: Behind, cores: Cores | undefined): Promise<Contender> {
  const entry = new URL("./bare-forwarder.ts", import.meta.url).pathname;
  // As the product has it.
  const child = fork(entry, [String(behind.calls), String(behind.streams)], {
    execArgv: ["--max-semi-space-size=4", ...heapFlags],
  });
  leaveNothing(() => child.kill("SIGKILL"));
  const [port] = (await once(child, "message")) as [number];
  const pid = child.pid ?? 0;
  const threads = new Set<string>();
  return {
    name: "forwarder alone",
    port,
    pid,
    path: (kind) => `/p/${slugOf(kinds.indexOf(kind))}`,
    streamPath: `/p/${slugOf(kinds.length)}`,
    head: "",
    withIds: false,
    hasThreads: true,
    before: () => pinThreads(pid, cores, threads),
  };
}

/** Waits until all calls are stored; looks seldom, as looking costs the host. */
async function drained(url: string): Promise<CallAccount> {
  const startedMs = performance.now();
  for (;;) {
    let said = "";
    const account = await readAccount(url).catch((cause: unknown) => {
      said = String(cause);
    });
    if (account?.pending === 0) return account;
    if (performance.now() - startedMs > drainMaxMs)
      throw new Error(
        `the call log has not caught up after ${drainMaxMs} ms: ${account ? shown(account) : said}`,
      );
    await sleep(150);
  }
}
