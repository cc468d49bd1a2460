/** What was answered is in the log, whatever befalls the process; and a start that fails says why. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Rig, startHost, startRig } from "./rig.ts";
import { startScripted } from "./scripted-upstream.ts";
import { until } from "./until.ts";

const apiKey = "durability-test-key-0123456789abcdef";
/** Later losses are allowed: the group commit that was under way. */
const durableAfterMs = 250;
const startMaxMs = 3_000;

let dataDir = "";
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hookwatch-durability-"));
});
afterEach(() => rm(dataDir, { recursive: true }));

test("every call answered 250 ms before a kill is there exactly once after the restart", async () => {
  await using upstream = await startEcho();
  const { answered, serverId, killedAtMs } = await killUnderLoad(upstream.url);
  const due = answered.filter(({ atMs }) => atMs <= killedAtMs - durableAfterMs);
  expect(due.length).toBeGreaterThan(200);

  await using rig = await startRig({ dataDir, apiKey });
  expect(rig.startMs).toBeLessThan(startMaxMs);
  const ids = await allIds(rig, serverId);
  expect(new Set(ids).size, "each call is there once").toBe(ids.length);
  const there = new Set(ids);
  expect(due.filter(({ id }) => !there.has(String(id)))).toEqual([]);
  expect(await rig.api.count({ server_id: serverId })).toBe(ids.length);
  expect((await rig.api.metrics({ server_id: serverId })).total_calls).toBe(ids.length);
});

test("a stop in good order loses nothing, not even the call before it", async () => {
  await using upstream = await startEcho();
  let serverId = "";
  {
    await using rig = await startRig({ dataDir, apiKey });
    const { server, url } = await rig.register(upstream.url);
    serverId = server.id;
    await Promise.all(Array.from({ length: 50 }, (_, id) => ping(url, id)));
  }
  await using rig = await startRig({ dataDir, apiKey });
  expect((await allIds(rig, serverId)).sort()).toEqual(
    Array.from({ length: 50 }, (_, id) => `${id}`).sort(),
  );
});

describe("a start that cannot succeed says why in one sentence and fails", () => {
  test("when the port is taken", async () => {
    await using taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    const words = await failedStart({ HOOKWATCH_PORT: String(port) });
    expect(words).toContain(String(port));
  });

  test("when the data directory cannot be made", async () => {
    const file = join(dataDir, "a-file");
    await writeFile(file, "");
    const words = await failedStart({ HOOKWATCH_DATA_DIR: join(file, "data") });
    expect(words).toContain(join(file, "data"));
  });

  test.for(["calls.db", "registry.db"])("when %s is of a newer version", async (name) => {
    await (await startRig({ dataDir, apiKey }))[Symbol.asyncDispose]();
    {
      using database = new DatabaseSync(join(dataDir, name));
      database.exec("INSERT INTO migrations VALUES (1000, 'from-the-future', 0)");
    }
    expect(await failedStart({})).toMatch(/newer/);
  });

  test("when settings are wrong, all of them at once", async () => {
    const { code, stderr } = await run({ HOOKWATCH_PORT: "many", HOOKWATCH_LOG_LEVEL: "loud" });
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain("HOOKWATCH_PORT");
    expect(stderr).toContain("HOOKWATCH_LOG_LEVEL");
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

async function startEcho() {
  return startScripted(async ({ response, body }) => {
    const { id } = JSON.parse(await body());
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { echo: id } }));
  });
}

async function ping(url: string, id: number): Promise<number> {
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: { name: "ping" },
  });
  const response = await fetch(url, { method: "POST", body });
  const { result } = (await response.json()) as { result: { echo: number } };
  return result.echo;
}

interface Answered {
  readonly id: number;
  readonly atMs: number;
}

/** 200 calls a second for three seconds, and then no process any more. */
async function killUnderLoad(upstreamUrl: string) {
  const rig = await startRig({ dataDir, apiKey });
  const { server, url } = await rig.register(upstreamUrl);
  const answered: Answered[] = [];
  const calls: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let id = 0; performance.now() - startedMs < 3_000; id += 1) {
    const call = ping(url, id).then((echo) => {
      answered.push({ id: echo, atMs: performance.now() });
    });
    calls.push(call.catch(() => undefined));
    await sleep(Math.max(0, startedMs + id * 5 - performance.now()));
  }
  const killedAtMs = performance.now();
  await rig.kill();
  await Promise.all(calls);
  await rig[Symbol.asyncDispose]();
  return { answered, serverId: server.id, killedAtMs };
}

/** The JSON-RPC ids of all calls of a server, by a walk along the cursor. */
async function allIds({ api }: Rig, server_id: string): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await api.page({ server_id, limit: 500, ...(cursor ? { cursor } : {}) });
    ids.push(...page.data.map(({ rpc_id }) => rpc_id ?? ""));
    cursor = page.next_cursor;
  }
  return ids;
}

/** Resolves to what it said; one sentence, no stack trace, no silence. */
async function failedStart(environment: Readonly<Record<string, string>>): Promise<string> {
  const { code, stderr } = await run(environment);
  expect({ code, stderr }).toMatchObject({ code: expect.any(Number) });
  expect(code).toBeGreaterThan(0);
  expect(stderr).not.toMatch(/^\s+at /m);
  const lines = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
  expect(lines).toHaveLength(1);
  return lines[0] ?? "";
}

async function run(environment: Readonly<Record<string, string>>) {
  const child = startHost({
    HOOKWATCH_DATA_DIR: dataDir,
    HOOKWATCH_API_KEY: apiKey,
    ...environment,
  });
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  child.stdout?.resume();
  try {
    await until(
      "the host's end",
      10_000,
      () => child.exitCode,
      (code) => code !== null,
    );
  } finally {
    child.kill("SIGKILL");
  }
  return { code: child.exitCode, stderr };
}
