/** What a host is told before it begins, however it was started. */
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HeldSocket } from "./held-socket.ts";
import { startHost } from "./rig.ts";
import { until } from "./until.ts";

interface Begun {
  readonly environment: readonly string[];
  /** Of the process that was started, whichever program it has become. */
  readonly args: readonly string[];
  /** Of the processes that it has started. */
  readonly childArgs: readonly (readonly string[])[];
}

/** What a host began with, once it listens. */
async function begin(
  environment: Readonly<Record<string, string>>,
  socket?: HeldSocket,
  nodeFlags: readonly string[] = [],
): Promise<Begun> {
  const dataDir = await mkdtemp(join(tmpdir(), "hookwatch-launcher-"));
  const child = startHost({ HOOKWATCH_DATA_DIR: dataDir, ...environment }, socket, nodeFlags);
  const exited = once(child, "exit");
  try {
    let output = "";
    child.stdout?.on("data", (chunk) => {
      output += chunk;
    });
    await until(
      "the greeting",
      10_000,
      () => output,
      (text) => text.includes("listening on"),
    );
    const read = (file: string) => readFile(`/proc/${file}`, "latin1");
    const argsOf = async (pid: number | string) => (await read(`${pid}/cmdline`)).split("\0");
    const children = await read(`${child.pid}/task/${child.pid}/children`);
    return {
      environment: (await read(`${child.pid}/environ`)).split("\0"),
      args: await argsOf(child.pid ?? 0),
      childArgs: await Promise.all(children.split(" ").filter(Boolean).map(argsOf)),
    };
  } finally {
    child.kill("SIGTERM");
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  }
}

const malloc = [
  "MALLOC_ARENA_MAX=2",
  "MALLOC_MMAP_THRESHOLD_=262144",
  "MALLOC_TRIM_THRESHOLD_=1048576",
];

describe.runIf(process.platform === "linux")("as /proc tells", () => {
  test("a host is told how malloc gives back what is free, and V8 how large its young heap may be", async () => {
    const { environment, args } = await begin({});
    expect(environment).toEqual(expect.arrayContaining(malloc));
    expect(args).toContain("--max-semi-space-size=4");
  });

  test("a host whose young heap somebody else has set keeps it, and is told about malloc, too", async () => {
    const { environment, args } = await begin({ NODE_OPTIONS: "--max-semi-space-size=8" });
    expect(environment).toEqual(
      expect.arrayContaining([...malloc, "NODE_OPTIONS=--max-semi-space-size=8"]),
    );
    expect(args.join(" ")).not.toContain("semi-space");
  });

  test("a host that was given a socket, and told about its young heap, is the process that was started", async () => {
    using socket = new HeldSocket();
    const nodeFlags = ["--max-semi-space-size=8", "--max-old-space-size=512"];
    const { args, childArgs } = await begin({}, socket, nodeFlags);
    expect(args).toEqual(expect.arrayContaining(nodeFlags));
    expect(childArgs).toEqual([]);
  });

  test("a host that was given a socket alone is a child, with the flags that its launcher was started with", async () => {
    using socket = new HeldSocket();
    const { childArgs } = await begin({}, socket, ["--max-old-space-size=512"]);
    expect(childArgs).toEqual([
      expect.arrayContaining(["--max-semi-space-size=4", "--max-old-space-size=512"]),
    ]);
  });
});
