/** What a person does to the stores, by the program's own commands: one host a directory, backup, restore, check, repair. */
import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeRecords, toPacked } from "../../src/ingest/spill-records.ts";
import { SqliteCallLog } from "../../src/store/sqlite/call-log.ts";
import { call } from "../store/builders.ts";
import { program, type Rig, startRig } from "./rig.ts";
import { startScripted } from "./scripted-upstream.ts";
import { until } from "./until.ts";

const apiKey = "operations-test-key-0123456789abcdef";

let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hookwatch-operations-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));
const path = (name: string) => join(root, name);

describe("one host a data directory", () => {
  test("a second one is refused in a sentence that names the directory and the process", async () => {
    const dataDir = path("data");
    await using first = await startRig({ dataDir, apiKey });
    const { code, stderr } = await command(["serve"], { HOOKWATCH_DATA_DIR: dataDir });
    expect(code).toBe(1);
    const pid = readFileSync(join(dataDir, "host.pid"), "utf8").split("\n")[0];
    expect(lines(stderr)).toEqual([
      `hookwatch: the data directory ${dataDir} is in use by process ${pid}; stop it, or set HOOKWATCH_DATA_DIR`,
    ]);
    expect(await first.api.count()).toBe(0);
    for (const words of [["restore", path("backup")], ["repair"]]) {
      await command(["backup", path("backup"), "--data-dir", dataDir]);
      const refused = await command([...words, "--data-dir", dataDir]);
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining(`process ${pid}`) });
    }
  });

  test("the same call log from two directories is refused, too", async () => {
    const environment = { HOOKWATCH_CALLS_URL: `sqlite:${path("elsewhere/calls.db")}` };
    await using _first = await startRig({ dataDir: path("a"), apiKey, environment });
    const settings = { ...environment, HOOKWATCH_DATA_DIR: path("b") };
    const { code, stderr } = await command(["serve"], settings);
    expect(code).toBe(1);
    expect(lines(stderr)).toEqual([expect.stringContaining("elsewhere/calls.db is in use")]);
  });

  test("a killed one leaves nothing to clean up: the next start works at once", async () => {
    const dataDir = path("data");
    for (let kills = 0; kills < 3; kills++) {
      const rig = await startRig({ dataDir, apiKey });
      await rig.kill();
      await rig[Symbol.asyncDispose]();
      // Somebody else's process by now, perhaps.
      writeFileSync(join(dataDir, "host.pid"), `${process.pid}\n`);
    }
    await using rig = await startRig({ dataDir, apiKey });
    expect(await rig.api.count()).toBe(0);
  });
});

describe("a backup", () => {
  test("made under load restores to everything that the log had when it began, each call once", async () => {
    const [dataDir, folder, restored] = [path("data"), path("backup"), path("restored")];
    await using upstream = await startEcho();
    let serverId = "";
    let before = 0;
    let after = 0;
    {
      await using rig = await startRig({ dataDir, apiKey });
      const { server, url } = await rig.register(upstream.url);
      serverId = server.id;
      await using load = startLoad(url);
      await until(
        "some calls",
        5_000,
        () => rig.api.count(),
        (count) => count > 100,
      );
      before = await rig.api.count();
      expect(await command(["backup", folder, "--data-dir", dataDir])).toMatchObject({
        code: 0,
        stderr: "",
        stdout: expect.stringMatching(/^backed up the registry(,| and) [\d,]+ calls?, .* into /),
      });
      after = load.sent();
    }
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of ["registry.db", "calls.db", "backup.json"])
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(readdirSync(root).sort()).toEqual(["backup", "data"]);

    expect(await command(["restore", folder, "--data-dir", restored])).toMatchObject({ code: 0 });
    expect(await command(["check", "--data-dir", restored])).toMatchObject({ code: 0 });
    await using rig = await startRig({ dataDir: restored, apiKey });
    const ids = await allIds(rig, serverId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(before);
    expect(ids.length).toBeLessThanOrEqual(after);
    expect(await rig.api.count()).toBe(ids.length);
  });

  test("made while servers come and go has no call of a server that is not in it", async () => {
    const dataDir = path("data");
    await using upstream = await startEcho();
    {
      await using rig = await startRig({ dataDir, apiKey });
      // One that stays, so that the first backup has something to hold.
      await ping((await rig.register(upstream.url)).url, 0);
      await until(
        "the first call",
        5_000,
        () => rig.api.calls(),
        ({ length }) => length > 0,
      );
      let stopped = false;
      const churn = async () => {
        for (let number = 0; !stopped; number++) {
          const { server, url } = await rig.register(upstream.url);
          await Promise.all([ping(url, 1), ping(url, 2), ping(url, 3)]);
          if (number % 2 === 0) await rig.api.removeServer(server.id);
        }
      };
      const churning = Promise.all([churn(), churn(), churn()]);
      for (const name of ["one", "two", "three"])
        expect(await command(["backup", path(name), "--data-dir", dataDir])).toMatchObject({
          code: 0,
        });
      stopped = true;
      await churning;
    }
    for (const name of ["one", "two", "three"]) {
      const restored = path(`${name}-restored`);
      await command(["restore", path(name), "--data-dir", restored]);
      await using rig = await startRig({ dataDir: restored, apiKey });
      const { data } = await rig.api.send<{ data: { id: string }[] }>("GET", "/v1/mcp/servers");
      const known = new Set(data.map(({ id }) => id));
      const calls = await rig.api.calls();
      expect(known.size).toBeGreaterThan(0);
      expect(calls.length).toBeGreaterThan(0);
      expect(calls.filter((call) => !known.has(call.mcp_server_id))).toEqual([]);
    }
  });

  test("takes along the calls that wait for the log", async () => {
    const dataDir = await closedDataDir();
    const { teamId, serverId } = ownerOf(dataDir);
    const waiting = call("waiting", { teamId, serverId });
    const name = "01990000-0000-7000-8000-000000000001-00000001.calls";
    writeFileSync(join(dataDir, "spill", name), encodeRecords([toPacked(waiting, false)]));
    const { stdout } = await command(["backup", path("backup"), "--data-dir", dataDir]);
    expect(stdout).toMatch(/^backed up the registry, 10 calls, and calls that wait for the log, /);
    expect(statSync(path(`backup/spill/${name}`)).mode & 0o777).toBe(0o600);
    await command(["restore", path("backup"), "--data-dir", path("restored")]);
    await using rig = await startRig({ dataDir: path("restored"), apiKey });
    await until(
      "the waiting call",
      5_000,
      () => rig.api.status(`/v1/mcp/calls/${waiting.id}`),
      (status) => status === 200,
    );
    expect(await rig.api.count()).toBe(11);
  });

  test("replaces nothing, and leaves nothing half done", async () => {
    const dataDir = await closedDataDir();
    mkdirSync(path("there"));
    const backup = (folder: string, ...more: string[]) =>
      command(["backup", path(folder), "--data-dir", dataDir, ...more]);
    expect(await backup("there")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there exists already"),
    });
    expect(await backup("x", "--calls-url", "sqlite:missing.db")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("missing.db is missing"),
    });
    const memory = ["--calls-url", "memory:", "--registry-url", "memory:"];
    expect(await backup("x", ...memory)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("in memory"),
    });
    writeFileSync(path("file"), "");
    expect(await backup("file/below")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("cannot be written"),
    });
    expect(readdirSync(root).sort()).toEqual(["data", "file", "there"]);
    expect(readdirSync(path("there"))).toEqual([]);
  });

  test("that is interrupted goes away, and the host does not notice", async () => {
    const dataDir = await closedDataDir();
    const child = spawn(process.execPath, [
      program,
      "backup",
      path("backup"),
      "--data-dir",
      dataDir,
    ]);
    const exited = once(child, "exit");
    await until(
      "its work",
      5_000,
      () => readdirSync(root),
      (names) => names.some((name) => name.includes("unfinished")),
    );
    child.kill("SIGTERM");
    const [code] = await exited;
    // It may have been done by then.
    expect(readdirSync(root).sort()).toEqual(code === 0 ? ["backup", "data"] : ["data"]);
  });
});

describe("a restore", () => {
  test("is refused where something is, and where there is no backup", async () => {
    const dataDir = await closedDataDir();
    await command(["backup", path("backup"), "--data-dir", dataDir]);
    const restore = (from: string, to: string) =>
      command(["restore", path(from), "--data-dir", path(to)]);
    expect(await restore("backup", "data")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("is not empty"),
    });
    expect(await restore("nothing", "new")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is no backup in"),
    });
    expect(existsSync(path("new"))).toBe(false);
  });

  test("of a damaged backup leaves the directory empty", async () => {
    const dataDir = await closedDataDir();
    await command(["backup", path("backup"), "--data-dir", dataDir]);
    appendFileSync(path("backup/calls.db"), "x");
    const { code, stderr } = await command(["restore", path("backup"), "--data-dir", path("new")]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the backup is damaged"),
    });
    expect(readdirSync(path("new"))).toEqual(["host.lock"]);
  });

  test("of a newer program's backup is refused, naming both versions", async () => {
    const dataDir = await closedDataDir();
    await command(["backup", path("backup"), "--data-dir", dataDir]);
    {
      using calls = new DatabaseSync(path("backup/calls.db"));
      calls.exec("INSERT INTO migrations VALUES (99, 'from-the-future', 0)");
    }
    const { code, stderr } = await command(["restore", path("backup"), "--data-dir", path("new")]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/version 99\b/),
    });
    expect(readdirSync(path("new"))).toEqual(["host.lock"]);
  });

  test("that was killed keeps every host out until it was run again", async () => {
    const dataDir = await closedDataDir();
    await command(["backup", path("backup"), "--data-dir", dataDir]);
    const restored = path("restored");
    mkdirSync(restored);
    // As far as a kill has let it come.
    writeFileSync(join(restored, "restoring.json"), JSON.stringify([join(restored, "calls.db")]));
    writeFileSync(
      join(restored, "calls.db"),
      readFileSync(path("backup/calls.db")).subarray(0, 5_000),
    );
    const refused = await command(["serve"], { HOOKWATCH_DATA_DIR: restored });
    expect(refused.code).toBe(1);
    expect(lines(refused.stderr)).toEqual([
      expect.stringMatching(/did not end; run "hookwatch restore" again/),
    ]);
    expect(await command(["restore", path("backup"), "--data-dir", restored])).toMatchObject({
      code: 0,
    });
    await using rig = await startRig({ dataDir: restored, apiKey });
    expect(await rig.api.count()).toBe(10);
  });
});

describe("a damaged file", () => {
  test.for([
    { name: "calls.db", damage: "cut in half", start: /malformed|disk I\/O error/ },
    { name: "registry.db", damage: "cut in half", start: /malformed|disk I\/O error/ },
    { name: "calls.db", damage: "without its first page", start: /not a database/ },
    { name: "registry.db", damage: "without its first page", start: /not a database/ },
  ])(
    "$name $damage: the start says so, and which commands help",
    async ({ name, damage, start }) => {
      const dataDir = await closedDataDir();
      const file = join(dataDir, name);
      if (damage === "cut in half") truncateSync(file, Math.floor(statSync(file).size / 2));
      else zero(file, 0, pageBytes);
      const { code, stderr } = await command(["serve"], { HOOKWATCH_DATA_DIR: dataDir });
      expect({ code, said: lines(stderr) }).toEqual({
        code: 1,
        said: [expect.stringMatching(start)],
      });
      for (const word of [file, '"hookwatch check"', '"hookwatch repair"'])
        expect(stderr).toContain(word);
      const checked = await command(["check", "--data-dir", dataDir]);
      expect(checked).toMatchObject({ code: 1, stdout: expect.stringContaining(`${file}: `) });
    },
  );

  test("is repaired: what can be read is there, what is lost is said, the damaged file stays", async () => {
    const dataDir = await seededDataDir();
    const file = join(dataDir, "calls.db");
    const before = readFileSync(file);
    // Few of them, anywhere behind the first pages, which lead to all others.
    for (
      let page = Math.floor(before.length / pageBytes / 2);
      page * pageBytes < before.length;
      page += 40
    )
      zero(file, page * pageBytes, pageBytes);
    const damaged = readFileSync(file);
    expect(await command(["check", "--data-dir", dataDir])).toMatchObject({ code: 1, stderr: "" });
    expect(await command(["backup", path("backup"), "--data-dir", dataDir])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the calls database is damaged"),
    });
    expect(readdirSync(root)).toEqual(["data"]);

    const { code, stdout } = await command(["repair", "--data-dir", dataDir]);
    const [, saved, bare, lost] =
      /([\d,]+) calls? saved, of these ([\d,]+) calls? without .*; ([\d,]+) calls? lost/.exec(
        stdout,
      ) ?? [];
    const [callsSaved, callsBare, callsLost] = [saved, bare, lost].map((text) =>
      Number(text?.replaceAll(",", "")),
    );
    expect({ code, sum: (callsSaved ?? 0) + (callsLost ?? 0) }).toEqual({
      code: 0,
      sum: seededCalls,
    });
    expect(callsSaved).toBeGreaterThan(seededCalls / 4);
    expect((callsBare ?? 0) + (callsLost ?? 0)).toBeGreaterThan(0);
    expect(stdout).toContain(`${join(dataDir, "registry.db")}: sound, nothing to repair`);
    const kept = readdirSync(dataDir).filter((name) => name.startsWith("calls.db.damaged-"));
    expect(kept).toHaveLength(1);
    expect(readFileSync(join(dataDir, kept[0] ?? "")).equals(damaged)).toBe(true);

    expect(await command(["check", "--data-dir", dataDir])).toMatchObject({ code: 0 });
    expect((await command(["repair", "--data-dir", dataDir])).stdout).not.toContain("saved");
    await using rig = await startRig({ dataDir, apiKey });
    expect(await rig.api.count()).toBe(callsSaved);
    const rows = await rig.api.calls();
    expect(
      rows.every(
        ({ method, tool_name }) => method === "tools/call" && /^(forecast|ping)$/.test(tool_name),
      ),
    ).toBe(true);
  });

  test("of which nothing can be read is said to be so, and left as it is", async () => {
    const dataDir = await seededDataDir();
    const file = join(dataDir, "calls.db");
    zero(file, 0, pageBytes);
    const damaged = readFileSync(file);
    const { code, stderr } = await command(["repair", "--data-dir", dataDir]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("nothing can be saved"),
    });
    expect(readFileSync(file).equals(damaged)).toBe(true);
    expect(readdirSync(dataDir).filter((name) => name.includes("repaired"))).toEqual([]);
  });

  test("a WAL torn at its end, as a power cut leaves it, is no damage", async () => {
    const dataDir = path("data");
    await using upstream = await startEcho();
    const rig = await startRig({ dataDir, apiKey });
    const { url } = await rig.register(upstream.url);
    for (let round = 0; round < 5; round++)
      await Promise.all(Array.from({ length: 20 }, (_, id) => ping(url, id)));
    await rig.untilCalls({}, (calls) => calls.length === 100);
    await rig.kill();
    await rig[Symbol.asyncDispose]();
    const wal = join(dataDir, "calls.db-wal");
    // Amid its last frame, which is of a commit that nobody was told of yet, as far as the disk knows.
    truncateSync(wal, statSync(wal).size - 100);
    expect(await command(["check", "--data-dir", dataDir])).toMatchObject({ code: 0 });
    expect((await command(["repair", "--data-dir", dataDir])).stdout).toMatch(/calls\.db: sound/);
    await using again = await startRig({ dataDir, apiKey });
    const count = await again.api.count();
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThanOrEqual(100);
  });
});

test("every command of docs/operating.md works as it is printed", async () => {
  await closedDataDir();
  const checkout = fileURLToPath(new URL("../..", import.meta.url));
  symlinkSync(join(checkout, "bin"), path("bin"));
  const page = readFileSync(join(checkout, "docs/operating.md"), "utf8");
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```/gms)].map(([, code]) => code ?? "");
  expect(blocks.length).toBeGreaterThan(2);
  for (const code of blocks) {
    const env = { PATH: process.env.PATH };
    const shell = promisify(execFile)("sh", ["-ec", code], { cwd: root, env, timeout: 20_000 });
    expect(await shell).toMatchObject({ stderr: "" });
  }
  expect(readdirSync(path("backups"))).toHaveLength(1);
  expect(readdirSync(path("restored")).sort()).toContain("calls.db");
});

describe("the command line", () => {
  test.for([
    { words: ["backup"], says: "needs a folder" },
    { words: ["backup", "a", "b"], says: '"b"' },
    { words: ["restore"], says: "needs a folder" },
    { words: ["check", "--port", "1"], says: "--port" },
    { words: ["repair", "--all"], says: "--all" },
    { words: ["serve", "--colour", "red"], says: "--colour" },
    { words: ["serve", "now"], says: "now" },
    { words: ["version", "now"], says: "now" },
    { words: ["dance"], says: '"dance"' },
  ])("$words is refused with what is wrong in it", async ({ words, says }) => {
    const { code, stdout, stderr } = await command(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(lines(stderr)).toEqual([expect.stringContaining(says)]);
  });

  test.for(["serve", "backup", "restore", "check", "repair", "version"])(
    "%s explains itself",
    async (name) => {
      const asked = await command([name, "--help"]);
      expect(asked).toMatchObject({
        code: 0,
        stderr: "",
        stdout: expect.stringContaining(`hookwatch ${name}`),
      });
      expect(await command(["help", name])).toEqual(asked);
      expect((await command(["help"])).stdout).toContain(`hookwatch ${name}`);
    },
  );
});

/** A data directory with a server and ten calls, whose host has ended. */
async function closedDataDir(): Promise<string> {
  const dataDir = path("data");
  await using upstream = await startEcho();
  await using rig = await startRig({ dataDir, apiKey });
  const { url } = await rig.register(upstream.url);
  await Promise.all(Array.from({ length: 10 }, (_each, id) => ping(url, id)));
  await rig.untilCalls({}, (calls) => calls.length === 10);
  return dataDir;
}

const pageBytes = 8_192;
const seededCalls = 4_010;

/** As `closedDataDir`, with more calls, each of which takes some room. */
async function seededDataDir(): Promise<string> {
  const dataDir = await closedDataDir();
  const { teamId, serverId } = ownerOf(dataDir);
  await using log = SqliteCallLog.open(join(dataDir, "calls.db"), { mode: "write" });
  for (let number = 0; number < 4_000; number += 500) {
    const batch = Array.from({ length: 500 }, (_, index) => {
      const responseBody = JSON.stringify({ noise: randomBytes(600).toString("base64") });
      return call(`${number + index}`, { teamId, serverId, responseBody });
    });
    await log.append(batch);
  }
  return dataDir;
}

/** Of the one server that there is. */
function ownerOf(dataDir: string): { teamId: string; serverId: string } {
  using registry = new DatabaseSync(join(dataDir, "registry.db"), { readOnly: true });
  const row = registry.prepare("SELECT id, team_id FROM servers").get();
  return { teamId: String(row?.team_id), serverId: String(row?.id) };
}

function zero(file: string, from: number, bytes: number): void {
  const handle = openSync(file, "r+");
  writeSync(handle, Buffer.alloc(bytes), 0, bytes, from);
  closeSync(handle);
}

/** Runs a command of the program to its end. */
async function command(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) {
  const child = spawn(process.execPath, [program, ...words], {
    env: { PATH: process.env.PATH, HOOKWATCH_PORT: "0", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk) => {
      said[name] += chunk;
    });
  }
  const stuck = setTimeout(() => child.kill("SIGKILL"), 20_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(stuck);
  return { code, ...said };
}

/** What it said on stderr but for its log. */
function lines(stderr: string): string[] {
  return stderr.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
}

async function startEcho() {
  return startScripted(async ({ response, body }) => {
    const { id } = JSON.parse(await body());
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { echo: id } }));
  });
}

async function ping(url: string, id: number): Promise<void> {
  const params = { name: "ping" };
  const body = JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params });
  await (await fetch(url, { method: "POST", body })).arrayBuffer();
}

/** 200 calls a second until disposed, each with an id of its own. */
function startLoad(url: string): { sent: () => number } & AsyncDisposable {
  let ended = false;
  let sent = 0;
  const startedMs = performance.now();
  const run = async () => {
    const calls: Promise<void>[] = [];
    for (; !ended; sent++) {
      calls.push(ping(url, sent));
      await sleep(Math.max(0, startedMs + sent * 5 - performance.now()));
    }
    await Promise.all(calls);
  };
  const running = run();
  return {
    sent: () => sent,
    async [Symbol.asyncDispose]() {
      ended = true;
      await running;
    },
  };
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
