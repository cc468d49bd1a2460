/** The log cannot keep up, and nobody notices: calls wait on disk, come into the log later, and are counted to the unit. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Rig, startRig } from "./rig.ts";
import { type ScriptedUpstream, startScripted } from "./scripted-upstream.ts";
import { until } from "./until.ts";

const apiKey = "spilling-test-key-0123456789abcdef";
let dataDir = "";
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hookwatch-spilling-"));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

test("every call answered 250 ms before a kill is there once, though the log took none of them", async () => {
  await using upstream = await startEcho();
  const answered: { id: number; atMs: number }[] = [];
  const rig = await startRig({ dataDir, apiKey });
  const { server, url } = await rig.register(upstream.url);
  let killedAtMs: number;
  {
    using _ = holdLog();
    await load(url, 100, 2_000, (id) => answered.push({ id, atMs: performance.now() }));
    const account = await readAccount(rig);
    expect(account.stored).toBe(0);
    expect(account.pendingSpilled).toBeGreaterThan(0);
    expect(difference(account)).toBe(0);
    killedAtMs = performance.now();
    await rig.kill();
  }
  await rig[Symbol.asyncDispose]();
  const due = answered.filter(({ atMs }) => atMs <= killedAtMs - 250);
  expect(due.length).toBeGreaterThan(150);

  await using next = await startRig({ dataDir, apiKey });
  await until("the spill to be empty", 10_000, spillFiles, (files) => files.length === 0);
  const calls = await next.api.calls({ server_id: server.id });
  const ids = calls.map(({ rpc_id }) => Number(rpc_id));
  expect(new Set(ids).size, "each call is there once").toBe(ids.length);
  const there = new Set(ids);
  expect(due.filter(({ id }) => !there.has(id))).toEqual([]);
  const account = await readAccount(next);
  expect(account).toMatchObject({ accepted: ids.length, stored: ids.length, dropped: 0 });
  expect(account.recovered).toBe(ids.length);
}, 60_000);

test("a stop while the log takes nothing leaves calls to the next start", async () => {
  await using upstream = await startEcho();
  let serverId = "";
  {
    const rig = await startRig({ dataDir, apiKey });
    const { server, url } = await rig.register(upstream.url);
    serverId = server.id;
    using _ = holdLog();
    await Promise.all(Array.from({ length: 20 }, (_, id) => ping(url, id)));
    await rig[Symbol.asyncDispose]();
    expect(await spillFiles()).not.toEqual([]);
  }
  await using rig = await startRig({ dataDir, apiKey });
  const counted = () => rig.api.count({ server_id: serverId });
  await until("every call", 10_000, counted, (count) => count === 20);
}, 60_000);

test("where there is no room bodies go first, then calls, and the log tells of them by server", async () => {
  await using upstream = await startEcho();
  const environment = { HOOKWATCH_SPILL_MAX_BYTES: "0", HOOKWATCH_BODY_CAPTURE_MAX_BYTES: "1024" };
  await using rig = await startTolerant({ dataDir, apiKey, environment });
  const { server, url } = await rig.register(upstream.url);
  let made = 0;
  {
    using _ = holdLog();
    const dropped = async () => (await readAccount(rig)).dropped;
    for (; (await dropped()) === 0; made += 100)
      await Promise.all(Array.from({ length: 100 }, (_, n) => ping(url, made + n, manyWords)));
    const { status, text } = await readyz(rig);
    expect(status).toBe(503);
    expect(text).toBe("not ready: calls are being lost; /metrics says how many and why\n");
  }
  const settled = await until(
    "nothing pending",
    20_000,
    () => readAccount(rig),
    ({ pendingMemory }) => pendingMemory === 0,
  );
  expect(difference(settled)).toBe(0);
  expect(settled).toMatchObject({ accepted: made, pendingSpilled: 0 });
  expect(settled.shed).toBeGreaterThan(0);
  expect(await rig.api.count({ server_id: server.id })).toBe(settled.stored + settled.shed);
  const told = await until(
    "the losses",
    5_000,
    () => rig.api.send<{ data: readonly LossRow[] }>("GET", "/v1/mcp/calls/losses"),
    ({ data }) => lostOf(data, "bodies", "queue_full") === settled.shed,
  );
  // The others were left out before they were calls.
  expect(lostOf(told.data, "bodies") - lostOf(told.data, "bodies", "capture_backlog")).toBe(
    settled.shed,
  );
  expect(lostOf(told.data, "call")).toBe(settled.dropped);
  expect(new Set(told.data.map((loss) => loss.mcp_server_id))).toEqual(new Set([server.id]));
}, 60_000);

test("told to record all or nothing, the proxy refuses calls rather than to lose one", async () => {
  await using upstream = await startEcho();
  const environment = { HOOKWATCH_SPILL_MAX_BYTES: "0", HOOKWATCH_STRICT_LOGGING: "1" };
  await using rig = await startRig({ dataDir, apiKey, environment });
  const { server, url } = await rig.register(upstream.url);
  let passed = 0;
  let refused = 0;
  {
    using _ = holdLog();
    for (; refused === 0; ) {
      const attempts = Array.from({ length: 50 }, async (_, id) => {
        const body = JSON.stringify({ jsonrpc: "2.0", id, method: "ping" });
        const response = await fetch(url, { method: "POST", body, headers: manyWords });
        const { error } = (await response.json()) as { error?: { data: { reason: string } } };
        if (error) expect([response.status, error.data.reason]).toEqual([503, "not_recorded"]);
        if (error) refused += 1;
        else passed += 1;
      });
      await Promise.all(attempts);
    }
  }
  const counted = () => rig.api.count({ server_id: server.id });
  await until("every call that passed", 20_000, counted, (count) => count === passed);
  // The recorder tells a moment after the log has them.
  const account = await until(
    "nothing pending",
    5_000,
    () => readAccount(rig),
    ({ pendingMemory }) => pendingMemory === 0,
  );
  expect(account).toMatchObject({ accepted: passed, stored: passed, shed: 0, dropped: 0 });
  await ping(url, 1);
}, 60_000);

test.skipIf(process.getuid?.() !== 0)(
  "a full disk costs no call its passage nor its place in the log (needs root: it mounts a disk of 48 MiB)",
  async () => {
    using _ = smallDisk(dataDir, 48);
    await using upstream = await startEcho();
    await using rig = await startTolerant({ dataDir, apiKey });
    const { server, url } = await rig.register(upstream.url);
    await ping(url, 0);
    await rig.untilCalls({ server_id: server.id }, (calls) => calls.length === 1);

    let answered = 1;
    const filling = fillDisk(3_000);
    await load(url, 100, 4_000, () => {
      answered += 1;
    });
    await filling;
    const full = await readAccount(rig);
    expect(difference(full)).toBe(0);
    expect(full.storeFailures).toBeGreaterThan(0);
    await emptyDisk();

    const settled = await until(
      "nothing pending",
      10_000,
      () => readAccount(rig),
      ({ pendingMemory, pendingSpilled }) => pendingMemory + pendingSpilled === 0,
    );
    expect(settled).toMatchObject({ accepted: answered, stored: answered, dropped: 0, shed: 0 });
    expect(await rig.api.count({ server_id: server.id })).toBe(answered);
    const ids = new Set((await rig.api.calls({ server_id: server.id })).map(({ id }) => id));
    expect(ids.size).toBe(answered);
    await until(
      "ready again",
      15_000,
      () => readyz(rig),
      ({ status }) => status === 200,
    );
  },
  60_000,
);

/** Header fields cannot be shed: so memory is full of a few thousand calls. */
const manyWords = { "x-words": "to be or not to be ".repeat(800) };

interface LossRow {
  readonly mcp_server_id: string;
  readonly kind: string;
  readonly reason: string;
  readonly count: number;
}

const lostOf = (losses: readonly LossRow[], kind: string, reason?: string) =>
  losses
    .filter((loss) => loss.kind === kind && (reason === undefined || loss.reason === reason))
    .reduce((sum, loss) => sum + loss.count, 0);

const spillFiles = async () => readdir(join(dataDir, "spill"));

async function startEcho(): Promise<ScriptedUpstream> {
  return startScripted(async ({ response, body }) => {
    const { id } = JSON.parse(await body());
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { echo: id } }));
  });
}

async function ping(
  url: string,
  id: number,
  headers: Record<string, string> = {},
): Promise<number> {
  const body = JSON.stringify({ jsonrpc: "2.0", id, method: "ping", params: { said: "so" } });
  const response = await fetch(url, { method: "POST", body, headers });
  const { result } = (await response.json()) as { result: { echo: number } };
  return result.echo;
}

/** So many calls a second for so long, each of which must be answered. */
async function load(
  url: string,
  perSecond: number,
  durationMs: number,
  onAnswer: (id: number) => void,
): Promise<void> {
  const calls: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let id = 1; performance.now() - startedMs < durationMs; id += 1) {
    calls.push(ping(url, id).then(onAnswer));
    await sleep(Math.max(0, startedMs + (id * 1_000) / perSecond - performance.now()));
  }
  await Promise.all(calls);
}

/** Another program that writes to the log's file: the writer waits, in the middle of its work. */
function holdLog(): Disposable {
  const database = new DatabaseSync(join(dataDir, "calls.db"));
  database.exec("BEGIN IMMEDIATE");
  return {
    [Symbol.dispose]() {
      if (database.isTransaction) database.exec("ROLLBACK");
      database.close();
    },
  };
}

/** A rig that says errors aloud, as it must where calls are lost, is as good as any. */
async function startTolerant(setting: Parameters<typeof startRig>[0]): Promise<Rig> {
  const rig = await startRig(setting);
  const expected = /calls are lost|could not be put in order/;
  return {
    ...rig,
    async [Symbol.asyncDispose]() {
      const output = rig.output as string[];
      output.splice(0, output.length, ...output.filter((line) => !expected.test(line)));
      await rig[Symbol.asyncDispose]();
    },
  };
}

async function readyz({ url }: Rig): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, text: await response.text() };
}

async function readAccount({ url }: Rig) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (name: string) =>
    text
      .split("\n")
      .filter(
        (line) => line.startsWith(`hookwatch_${name} `) || line.startsWith(`hookwatch_${name}{`),
      )
      .reduce((all, line) => all + Number(line.split(" ").at(-1)), 0);
  return {
    accepted: sum("calls_accepted_total"),
    recovered: sum("calls_recovered_total"),
    stored: sum("calls_stored_total"),
    shed: sum("calls_bodies_shed_total"),
    discarded: sum("calls_discarded_total"),
    pendingMemory: sum("calls_pending_memory"),
    pendingSpilled: sum("calls_pending_spilled"),
    dropped: sum("calls_dropped_total"),
    storeFailures: sum("store_failures_total"),
  };
}

function difference(account: Awaited<ReturnType<typeof readAccount>>): number {
  const { accepted, stored, shed, discarded, pendingMemory, pendingSpilled, dropped } = account;
  return accepted - stored - shed - discarded - pendingMemory - pendingSpilled - dropped;
}

function smallDisk(path: string, sizeMiB: number): Disposable {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m`, "tmpfs", path]);
  return { [Symbol.dispose]: () => void execFileSync("umount", ["--lazy", path]) };
}

/** Takes every page there is, again and again, lest the host gives back some of its own. */
async function fillDisk(durationMs: number): Promise<void> {
  const untilMs = performance.now() + durationMs;
  for (let n = 0; performance.now() < untilMs; n += 1) {
    for (const bytes of [1_048_576, 65_536, 4_096]) await fillWith(`${n}-${bytes}`, bytes);
    await sleep(100);
  }
}

async function fillWith(name: string, bytes: number): Promise<void> {
  const page = Buffer.alloc(bytes);
  for (let n = 0; ; n += 1) {
    try {
      await writeFile(join(dataDir, `filler-${name}-${n}`), page);
    } catch {
      return;
    }
  }
}

async function emptyDisk(): Promise<void> {
  for (const name of await readdir(dataDir))
    if (name.startsWith("filler-")) await rm(join(dataDir, name));
}
