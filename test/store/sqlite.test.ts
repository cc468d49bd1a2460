/** The SQLite drivers: the contracts, and what only a file can promise. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { setImmediate as turn } from "node:timers/promises";
import { MessageChannel } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { CallFile } from "../../src/store/sqlite/call-file.ts";
import { SqliteCallLog } from "../../src/store/sqlite/call-log.ts";
import { CallReader } from "../../src/store/sqlite/call-reader.ts";
import { appendCalls } from "../../src/store/sqlite/call-writer.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { openSqliteRegistry } from "../../src/store/sqlite/registry.ts";
import { call, calls, id, otherTeamId, startMs, teamId } from "./builders.ts";
import { endOf, idsAfter, idsOf } from "./call-log/walks.ts";
import { callLogContract } from "./call-log.contract.ts";

const root = mkdtempSync(join(tmpdir(), "hookwatch-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;
const freshPath = () => join(root, `${files++}`, "store.db");

const openLog = (path = freshPath()) => SqliteCallLog.open(path, { mode: "write" });
const openReader = (path: string) => SqliteCallLog.open(path, { mode: "read" });

describe("sqlite call log", () => callLogContract(async () => openLog()));

describe("two connections to one call log", () => {
  test("a reader sees what a writer appended and removed, as soon as it has resolved", async () => {
    const path = freshPath();
    await using writer = openLog(path);
    await using reader = openReader(path);
    expect(await reader.count(teamId, {})).toBe(0);
    await writer.append(calls(200));
    expect(await reader.count(teamId, {})).toBe(200);
    expect(await reader.find(teamId, call("3").id)).toEqual(calls(200)[3]);
    await writer.remove(teamId, call("3").id);
    expect(await reader.find(teamId, call("3").id)).toBeUndefined();
    await writer.removeServer(teamId, id("server"));
    expect(await reader.count(teamId, {})).toBe(0);
    expect((await reader.page(teamId, { limit: 5 })).calls).toEqual([]);
  });

  test("a reader changes nothing", async () => {
    const path = freshPath();
    await using writer = openLog(path);
    await using reader = openReader(path);
    await expect(reader.append([call("a")])).rejects.toMatchObject({ code: "unavailable" });
    expect(await writer.count(teamId, {})).toBe(0);
  });

  test("a second writer is no danger: each call is there once, with its own names and bodies", async () => {
    const path = freshPath();
    await using first = openLog(path);
    await using second = openLog(path);
    const all = calls(60).map((each, i) => ({ ...each, toolName: `tool ${i}`, rpcId: `${i}` }));
    for (let i = 0; i < 60; i += 3) {
      await (i % 2 === 0 ? first : second).append(all.slice(i, i + 3));
    }
    expect(await first.append(all)).toMatchObject({ stored: 0, known: 60 });
    for (const each of all) expect(await second.find(teamId, each.id)).toEqual(each);
  });

  test("a name that retention dropped comes back for every connection", async () => {
    const path = freshPath();
    await using first = openLog(path);
    await using second = openLog(path);
    await using reader = openReader(path);
    await first.append([call("a", { toolName: "rare" })]);
    expect(await reader.count(teamId, { toolNames: ["rare"] })).toBe(1);
    await second.prune(startMs + 100_000_000);
    await second.append([call("takes its place", { clientName: "newcomer" })]);
    await first.append([call("b", { toolName: "rare" })]);
    expect(await reader.count(teamId, { toolNames: ["rare"] })).toBe(1);
    expect(await reader.find(teamId, call("b").id)).toEqual(call("b", { toolName: "rare" }));
  });

  test("a writer that stays busy makes the other one unavailable, and nothing is half done", async () => {
    const path = freshPath();
    await using log = openLog(path);
    const other = new DatabaseSync(path);
    other.exec("BEGIN IMMEDIATE");
    const registryPath = freshPath();
    await using registry = openSqliteRegistry(registryPath);
    const registryOther = new DatabaseSync(registryPath);
    registryOther.exec("BEGIN IMMEDIATE");
    // The registry's short wait; the call log's is the same code with a longer one.
    await expect(registry.secret("a")).rejects.toMatchObject({ code: "unavailable" });
    registryOther.exec("ROLLBACK");
    registryOther.close();
    other.exec("ROLLBACK");
    other.close();
    expect(await registry.secret("a")).toHaveLength(32);
    expect(await log.append([call("a")])).toMatchObject({ stored: 1 });
  });
});

describe("a file on disk", () => {
  test("reopening keeps everything", async () => {
    const path = freshPath();
    {
      await using log = openLog(path);
      await log.append(calls(300));
      await log.remove(teamId, call("5").id);
      await log.removeServer(teamId, id("gone"));
    }
    await using log = openLog(path);
    expect(await log.count(teamId, {})).toBe(299);
    expect(await log.find(teamId, call("7").id)).toEqual(calls(300)[7]);
    const gone = call("late", { serverId: id("gone") });
    expect(await log.append([gone])).toMatchObject({ discarded: 1 });
  });

  test("files and the folder made for them are for their owner only", async () => {
    const path = freshPath();
    await using log = openLog(path);
    await log.append([call("a")]);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    const modes = readdirSync(dirname(path)).map((name) => {
      return [name, statSync(join(dirname(path), name)).mode & 0o777];
    });
    expect(Object.fromEntries(modes)).toEqual({
      "store.db": 0o600,
      "store.db-wal": 0o600,
      "store.db-shm": 0o600,
    });
  });

  test.for([
    { name: "a call", remove: (log: SqliteCallLog) => log.remove(teamId, call("a").id) },
    {
      name: "a server",
      remove: async (log: SqliteCallLog) => {
        await log.removeServer(teamId, id("server"));
        await log.sweep();
      },
    },
    { name: "time", remove: (log: SqliteCallLog) => log.prune(startMs + 1) },
    { name: "a team's time", remove: (log: SqliteCallLog) => log.prune(startMs + 1, [teamId]) },
  ])("bodies removed by $name are gone from every file", async ({ remove }) => {
    const path = freshPath();
    const onDisk = () => {
      const folder = dirname(path);
      return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
    };
    await using log = openLog(path);
    // Small, so that its block rests uncompressed and can be looked for.
    const small = { requestBody: "s3cret-canary", responseBody: "", headers: {} };
    await log.append([call("a", small)]);
    await log.append([call("b", { serverId: id("other"), startedAtMs: startMs + 5 })]);
    expect(onDisk().includes("s3cret-canary")).toBe(true);
    await remove(log);
    expect(onDisk().includes("s3cret-canary")).toBe(false);
    expect(await log.count(teamId, {})).toBe(1);
  });

  test.for([
    ["append", (log: SqliteCallLog): Promise<unknown> => log.append([call("b")])],
    ["sweep", (log: SqliteCallLog): Promise<unknown> => log.sweep()],
  ] as const)(
    "bodies removed while a reader is busy are gone after the next %s",
    async ([, next]) => {
      const path = freshPath();
      await using log = openLog(path);
      await log.append([
        call("a", { requestBody: "s3cret-canary", responseBody: "", headers: {} }),
      ]);
      const reader = new DatabaseSync(path);
      reader.exec("BEGIN; SELECT count(*) FROM ids");
      await log.remove(teamId, call("a").id);
      expect(readFileSync(`${path}-wal`).includes("s3cret-canary")).toBe(true);
      reader.exec("COMMIT");
      reader.close();
      await next(log);
      expect(readFileSync(`${path}-wal`).includes("s3cret-canary")).toBe(false);
      expect(readFileSync(path).includes("s3cret-canary")).toBe(false);
    },
  );

  test("whoever waits while a call is removed gets a turn before the WAL is emptied", async () => {
    const path = freshPath();
    const walBytes = () => statSync(`${path}-wal`).size;
    await using log = openLog(path);
    await log.append(calls(10));
    const { port1, port2 } = new MessageChannel();
    const met = once(port2, "message").then(() => walBytes());
    port1.postMessage("arrives meanwhile");
    const removing = log.remove(teamId, call("3").id);
    expect(await met).toBeGreaterThan(0);
    expect(await removing).toBe(true);
    expect(walBytes()).toBe(0);
    port1.close();
  });

  test("a large server is hidden at once and erased in steps, also after a restart", async () => {
    const path = freshPath();
    const rows = (sql: string) => {
      const db = new DatabaseSync(path, { readOnly: true });
      const count = Number(db.prepare(`SELECT count(*) AS n FROM ${sql}`).get()?.n);
      db.close();
      return count;
    };
    const all = calls(6_000).map((each, i) => ({ ...each, serverId: id(i % 4 ? "big" : "kept") }));
    {
      await using log = openLog(path);
      await log.append(all);
      expect(await log.removeServer(teamId, id("big"))).toBe(4_500);
      expect(await log.count(teamId, {})).toBe(1_500);
      expect(rows("ids")).toBeGreaterThan(1_500);
      expect((await log.page(teamId, { limit: 1_000, offset: 1_000 })).calls).toHaveLength(500);
      const hidden = call("5999");
      expect(all[5_999]?.id).toBe(hidden.id);
      expect(await log.count(teamId, { serverIds: [id("big")] })).toBe(0);
      expect(await log.count(teamId, { text: "jsonrpc" })).toBe(1_500);
      expect(await log.find(teamId, hidden.id)).toBeUndefined();
      expect(await log.remove(teamId, hidden.id)).toBe(false);
      const window = { sinceMs: startMs, untilMs: startMs + 10_000_000 };
      const { total } = await log.metrics(teamId, { window, bucketMs: 3_600_000 });
      expect(total.totalCalls).toBe(1_500);
    }
    await using log = openLog(path);
    expect(await log.count(teamId, {})).toBe(1_500);
    await log.sweep();
    expect(rows("ids")).toBe(1_500);
    expect(rows("removed_servers WHERE swept = 0")).toBe(0);
    expect(await log.find(teamId, call("8").id)).toEqual(all[8]);
    expect(await log.removeServer(teamId, id("big"))).toBe(0);
  });

  test("pruning gives way to other work between its steps and gives space back", async () => {
    const path = freshPath();
    await using log = openLog(path);
    for (let batch = 0; batch < 8; batch++) {
      await log.append(
        calls(640).map((each, i) => ({
          ...each,
          id: id(`${batch} ${i}`),
          responseBody: randomBytes(3_000).toString("base64"),
        })),
      );
    }
    const pages = () => {
      const db = new DatabaseSync(path, { readOnly: true });
      const count = Number(db.prepare("PRAGMA page_count").get()?.page_count);
      db.close();
      return count;
    };
    const before = pages();
    let turns = 0;
    let done = false;
    const pruned = log.prune(startMs + 10_000_000).finally(() => {
      done = true;
    });
    while (!done) {
      await turn();
      turns++;
    }
    expect(await pruned).toBe(5_120);
    expect(turns).toBeGreaterThan(2);
    expect(pages()).toBeLessThan(before / 2);
    expect(await log.count(teamId, {})).toBe(0);
  });

  test("closing ends what is being erased between two steps, and the next opening takes it up", async () => {
    const path = freshPath();
    const open = openLog(path);
    await open.append(calls(6_000).map((each) => ({ ...each, serverId: id("big") })));
    await open.append([call("kept", { startedAtMs: startMs + 1 })]);
    await open.removeServer(teamId, id("big"));
    const [sweeping, pruning] = [open.sweep(), open.prune(startMs + 1)];
    await open[Symbol.asyncDispose]();
    await Promise.all([sweeping, pruning]);
    await using log = openLog(path);
    await log.sweep();
    const db = new DatabaseSync(path, { readOnly: true });
    expect(db.prepare("SELECT count(*) AS n FROM ids").get()).toEqual({ n: 1 });
    db.close();
    expect(await log.count(teamId, {})).toBe(1);
  });

  test("names that no call uses any more are pruned with the calls, the others stay", async () => {
    const path = freshPath();
    await using log = openLog(path);
    const dayMs = 86_400_000;
    await log.append([
      call("a", { toolName: "old" }),
      call("b", { toolName: "both" }),
      call("c", { toolName: "both", startedAtMs: startMs + 3 * dayMs }),
    ]);
    await log.prune(startMs + 2 * dayMs);
    const db = new DatabaseSync(path, { readOnly: true });
    const names = db
      .prepare("SELECT name FROM names")
      .all()
      .map(({ name }) => name);
    db.close();
    expect(names).toContain("both");
    expect(names).not.toContain("old");
    await log.append([call("d", { toolName: "old", startedAtMs: startMs + 3 * dayMs })]);
    expect(await log.count(teamId, { toolNames: ["old"] })).toBe(1);
    expect((await log.find(teamId, call("c").id))?.toolName).toBe("both");
  });
});

test("what retention takes of a team leaves none of its names behind, whatever others keep", async () => {
  const path = freshPath();
  await using log = openLog(path);
  const dayMs = 86_400_000;
  const used = { toolName: "told to both", sessionId: "5e55" };
  await log.append([
    call("a", { ...used, clientName: "only ours" }),
    call("b", { ...used, teamId: otherTeamId, clientName: "only theirs" }),
    call("c", { toolName: "ours later", startedAtMs: startMs + 3 * dayMs }),
  ]);
  expect(await log.prune(startMs + 2 * dayMs, [teamId])).toBe(1);
  const db = new DatabaseSync(path, { readOnly: true });
  const kept = db.prepare("SELECT name FROM names").all();
  db.close();
  const names = kept.map(({ name }) => name);
  expect(names).not.toContain("only ours");
  expect(names.filter((name) => name === "told to both")).toHaveLength(1);
  expect(names).toEqual(expect.arrayContaining(["only theirs", "ours later", teamId, otherTeamId]));
  expect(await log.find(otherTeamId, call("b").id)).toMatchObject(used);
  expect(await log.prune(startMs + 5 * dayMs, [teamId])).toBe(1);
  await log.append([call("d", { ...used, startedAtMs: startMs + 6 * dayMs })]);
  expect(await log.count(teamId, { toolNames: ["told to both"] })).toBe(1);
  expect(await log.count(otherTeamId, { toolNames: ["told to both"] })).toBe(1);
});

test("metrics that take several steps count calls of one millisecond once", async () => {
  await using log = openLog();
  // More than one step reads, all of two instants.
  const many = calls(12_000).map((each, i) => ({ ...each, startedAtMs: startMs + (i % 2) }));
  await log.append(many);
  const window = { sinceMs: startMs, untilMs: startMs + 10 };
  const { total } = await log.metrics(teamId, { window, bucketMs: 3_600_000 });
  expect(total.totalCalls).toBe(12_000);
});

test("a follower whose time is always up meets all that match, however far apart", async () => {
  const path = freshPath();
  await using writer = openLog(path);
  const after = await endOf(writer);
  const all = calls(3_000).map((each, n) => ({
    ...each,
    toolName: n % 701 === 600 ? "rare" : "t",
  }));
  await writer.append(all);
  let nowMs = 0;
  const clock = { nowMs: () => 0, monotonicMs: () => (nowMs += 1_000) };
  await using log = SqliteCallLog.open(path, { mode: "read", clock, searchMaxMs: 1e12 });
  const rare = all.filter(({ toolName }) => toolName === "rare");
  expect(await idsAfter(log, after, { toolNames: ["rare"] }, 2)).toEqual(idsOf(rare));
  expect(await idsAfter(log, after, {}, 100)).toEqual(idsOf(all));
});

describe("text search", () => {
  test("a search that runs out of time goes on with the next page, and misses nothing", async () => {
    const path = freshPath();
    await using writer = openLog(path);
    const all = calls(1_500).map((each, i) => ({
      ...each,
      requestBody: i % 500 === 0 ? "needle" : "hay",
    }));
    await writer.append(all);
    let nowMs = 0;
    const clock = { nowMs: () => 0, monotonicMs: () => (nowMs += 600) };
    await using log = SqliteCallLog.open(path, { mode: "read", clock, searchMaxMs: 1_000 });
    const found: string[] = [];
    let pages = 0;
    let cursor: string | null = null;
    do {
      const query = { text: "needle", limit: 10, ...(cursor === null ? {} : { cursor }) };
      const page: Awaited<ReturnType<typeof log.page>> = await log.page(teamId, query);
      found.push(...page.calls.map((each) => each.id));
      cursor = page.next;
      pages++;
    } while (cursor !== null);
    expect(found).toEqual([call("1000").id, call("500").id, call("0").id]);
    expect(pages).toBeGreaterThan(2);
    await expect(log.count(teamId, { text: "needle" })).rejects.toMatchObject({
      code: "unavailable",
    });
    const offset = log.page(teamId, { text: "needle", limit: 1, offset: 2 });
    await expect(offset).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("a file that is not ours", () => {
  const opening = {
    "call log": (path: string) => void openLog(path),
    "call log to read": (path: string) => void openReader(path),
    registry: (path: string) => void openSqliteRegistry(path),
  };
  const problem = (open: () => void) => {
    try {
      open();
    } catch (cause) {
      return cause;
    }
    return undefined;
  };

  test.for(Object.entries(opening))("%s: no database is refused in a sentence", ([, open]) => {
    const path = join(root, `${files++}.db`);
    writeFileSync(path, "just some text, long enough to be looked at ".repeat(100));
    const cause = problem(() => open(path));
    expect(cause).toMatchObject({ code: "unavailable" });
    expect(String(cause)).toContain("not a database");
  });

  test.for(Object.entries(opening))("%s: another program's database is refused", ([, open]) => {
    const path = join(root, `${files++}.db`);
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE recipes (id INTEGER PRIMARY KEY)");
    other.close();
    expect(problem(() => open(path))).toMatchObject({ code: "unavailable" });
  });

  test.for(Object.entries(opening))(
    "%s: a newer schema is refused, naming both versions, and left alone",
    ([name, open]) => {
      const path = freshPath();
      openDatabase(path, name === "registry" ? "registry" : "calls", "write", 0).close();
      const db = new DatabaseSync(path);
      db.exec("INSERT INTO migrations VALUES (99, '0099-tomorrow.sql', 0)");
      db.close();
      const cause = problem(() => open(path));
      expect(cause).toMatchObject({ code: "unavailable" });
      expect(String(cause)).toMatch(/version 99\b.* 1\b/);
    },
  );

  test("the registry's file is no call log", () => {
    const path = freshPath();
    openDatabase(path, "registry", "write", 0).close();
    expect(problem(() => openLog(path))).toMatchObject({ code: "unavailable" });
  });

  test("a reader does not make a file", () => {
    const path = freshPath();
    expect(problem(() => openReader(path))).toMatchObject({ code: "unavailable" });
    expect(problem(() => statSync(path))).toMatchObject({ code: "ENOENT" });
  });

  test("a path that cannot be a file is refused with its cause", () => {
    const file = join(root, `${files++}.txt`);
    writeFileSync(file, "");
    const cause = problem(() => openLog(join(file, "store.db")));
    expect(cause).toMatchObject({ code: "unavailable" });
    expect(cause).toHaveProperty("cause");
  });
});

describe("a full disk", () => {
  test("makes the log unavailable, leaves nothing half done, and is forgotten when there is room", async () => {
    const file = new CallFile(freshPath(), "write");
    appendCalls(file, [call("a")]);
    const count = () => file.db.prepare("SELECT count(*) AS n FROM ids").get()?.n;
    // To SQLite a file that may not grow is a full disk: the same SQLITE_FULL.
    const pages = Number(file.db.prepare("PRAGMA page_count").get()?.page_count);
    file.db.exec(`PRAGMA max_page_count = ${pages + 2}`);
    const responseBody = randomBytes(60_000).toString("hex");
    const large = calls(5).map((each, i) => ({ ...each, toolName: `new ${i}`, responseBody }));
    expect(() => appendCalls(file, large)).toThrow(
      expect.objectContaining({ code: "unavailable", cause: expect.any(Error) }),
    );
    expect(count()).toBe(1);
    file.db.exec("PRAGMA max_page_count = 1000000");
    expect(appendCalls(file, large)).toMatchObject({ stored: 5 });
    expect(count()).toBe(6);
    const reader = new CallReader(file, { clock: systemClock, searchMaxMs: 1_000 });
    for (const each of large) expect(reader.find(teamId, each.id)).toEqual(each);
    file[Symbol.dispose]();
  });
});

describe("damage", () => {
  test("a damaged block is named, and other calls stay readable", async () => {
    const path = freshPath();
    await using log = openLog(path);
    await log.append(calls(100));
    await log.append([call("later")]);
    const db = new DatabaseSync(path);
    db.exec("UPDATE blocks SET bytes = zeroblob(length(bytes)) WHERE first_seq = 0");
    db.close();
    await expect(log.find(teamId, call("5").id)).rejects.toMatchObject({ code: "internal_error" });
    const { calls: listed } = await log.page(teamId, { limit: 101 });
    expect(listed).toHaveLength(101);
    expect(listed.find(({ id: each }) => each === call("5").id)).toMatchObject({
      toolName: "forecast",
      requestBody: "",
      responseBody: "",
      requestTruncated: true,
      responseTruncated: true,
    });
    expect(listed.find(({ id: each }) => each === call("later").id)?.requestBody).not.toBe("");
    expect(await log.find(teamId, call("later").id)).toEqual(call("later"));
    expect(await log.count(teamId, {})).toBe(101);
  });
});

describe("a process killed amid appending", () => {
  test("every acknowledged call is there exactly once, and the file is whole", async () => {
    const path = freshPath();
    const child = spawn(process.execPath, [join(import.meta.dirname, "appender.ts"), path], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const acknowledged: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      acknowledged.push(line);
      // Amid the next batch; lines already written are still read.
      if (acknowledged.length === 2_000) child.kill("SIGKILL");
    }
    expect(await exited).toEqual([null, "SIGKILL"]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(2_000);

    await using log = openLog(path);
    const found = new Map<string, number>();
    let cursor: string | null = null;
    do {
      const query = { limit: 1_000, ...(cursor === null ? {} : { cursor }) };
      const page: Awaited<ReturnType<typeof log.page>> = await log.page(teamId, query);
      for (const each of page.calls) found.set(each.id, (found.get(each.id) ?? 0) + 1);
      cursor = page.next;
    } while (cursor !== null);
    expect(acknowledged.filter((label) => found.get(label) !== 1)).toEqual([]);
    expect(Math.max(...found.values())).toBe(1);
    const db = new DatabaseSync(path, { readOnly: true });
    expect(db.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    db.close();
    // Batches of 20 are whole or absent.
    expect(found.size % 20).toBe(0);
    expect(await log.append([call("after")])).toMatchObject({ stored: 1 });
    expect(await log.count(otherTeamId, {})).toBe(0);
  });
});
