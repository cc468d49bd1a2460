/** Streams that are open and silent: what each costs in memory; and how soon the first event of one arrives. */
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { startEventUpstream } from "../../acceptance/event-upstream.ts";
import { leaveNothing } from "../../acceptance/leftovers.ts";
import { StreamClient } from "../../acceptance/stream-client.ts";
import { within } from "../../test/e2e/until.ts";
import { rssKib } from "./cpu.ts";
import { type Cores, pinned } from "./machine.ts";

const openMaxMs = 120_000;
const settleMs = 2_000;
const holder = new URL("../../acceptance/held-streams.ts", import.meta.url).pathname;

/** In a process of its own; resolves to its port. */
export async function startStreams(cores: Cores | undefined): Promise<number> {
  const [program = "", ...args] = pinned(cores?.rest, [process.execPath, import.meta.filename]);
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  leaveNothing(() => child.kill("SIGKILL"));
  const [port] = (await once(child, "message")) as [number];
  return port;
}

if (process.argv[1] === import.meta.filename) {
  process.once("disconnect", () => process.exit());
  const { url } = await startEventUpstream();
  process.send?.(Number(new URL(url).port));
}

/** KiB of resident memory for each stream. */
export async function idleKib(url: string, pid: number, streams: number): Promise<number> {
  // Code is compiled and pools are made once.
  await hold(url, 50, () => undefined);
  await sleep(settleMs);
  const before = rssKib(pid);
  let held = before;
  await hold(url, streams, () => {
    held = rssKib(pid);
  });
  return (held - before) / streams;
}

async function hold(url: string, streams: number, whileHeld: () => void): Promise<void> {
  const child = fork(holder, [url, String(streams)], { silent: true });
  const gone = leaveNothing(() => child.kill("SIGKILL"));
  if (!child.stdout) throw new Error("the holder of streams was started without its output");
  await within(`${streams} streams through ${url}`, openMaxMs, once(child.stdout, "data"));
  await sleep(settleMs);
  whileHeld();
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  gone();
  await sleep(settleMs / 2);
}

/** From asking for a stream, on a connection of its own, to the first bytes after its head, ms. */
export async function firstEventMs(url: string): Promise<number> {
  const startedMs = performance.now();
  const { promise, resolve } = Promise.withResolvers<number>();
  let text = "";
  const client = new StreamClient(url, (more) => {
    text += more;
    if (text.includes("\n\n")) resolve(performance.now() - startedMs);
  });
  try {
    return await within(`an event through ${url}`, openMaxMs, promise);
  } finally {
    client.socket.destroy();
  }
}
