/** The registry in SQLite: the contract, and what only a file can promise. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterAll, describe, expect, test, vi } from "vitest";
import { verifyChain } from "../../src/store/audit-chain.ts";
import type { Registry, ServerChange } from "../../src/store/registry.ts";
import { openDatabase } from "../../src/store/sqlite/database.ts";
import { openSqliteRegistry } from "../../src/store/sqlite/registry.ts";
import { apiKey, server, startMs, teamId, userId } from "./builders.ts";
import { everything, operations, type Step, take } from "./registry/history.ts";
import {
  addMember,
  addUser,
  digest,
  event,
  founding,
  foundingOf,
  invitation,
  session,
  team,
  user,
} from "./registry/samples.ts";
import { registryContract } from "./registry.contract.ts";

// In memory where there is such a place: what a sync costs is not the question here.
const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
const root = mkdtempSync(join(place, "hookwatch-registry-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let files = 0;
const freshPath = () => join(root, `${files++}`, "registry.db");

describe("sqlite registry", () => registryContract(async () => openSqliteRegistry(freshPath())));

describe("a registry shared by two processes", () => {
  test("a watcher hears of the other one's changes", async () => {
    const path = freshPath();
    await using ours = openSqliteRegistry(path, { pollMs: 10 });
    await using theirs = openSqliteRegistry(path);
    await ours.bootstrap(founding);
    const told: ServerChange[] = [];
    using _watching = await ours.watchServers((change) => void told.push(change));
    const hears = (count: number) =>
      expect.poll(() => told.length, { timeout: 5_000, interval: 10 }).toBe(count);
    await theirs.addServer(server("a"), 0);
    await hears(1);
    const changed = await theirs.changeServer(teamId, server("a").id, { isActive: false }, 5);
    await hears(2);
    const changes = { captureLevel: "off", slug: "new", upstreamIdleTimeoutMs: 500 } as const;
    const rotated = await theirs.changeServer(teamId, server("a").id, changes, 5);
    await hears(3);
    await theirs.removeServer(teamId, server("a").id);
    await hears(4);
    expect(told).toEqual([
      { kind: "present", server: server("a") },
      { kind: "present", server: changed },
      { kind: "present", server: rotated },
      { kind: "removed", server: rotated },
    ]);
  });
});

describe("two hosts on one registry", () => {
  const opened = async () => {
    const path = freshPath();
    const hosts = [openSqliteRegistry(path), openSqliteRegistry(path)] as const;
    await hosts[0].bootstrap(founding);
    return {
      hosts,
      [Symbol.asyncDispose]: async () => {
        for (const host of hosts) await host[Symbol.asyncDispose]();
      },
    };
  };

  test("never exceed a limit together, and count on in one audit log", async () => {
    await using two = await opened();
    const adding = Array.from({ length: 50 }, (_, n) =>
      two.hosts[n % 2 === 0 ? 0 : 1].addServer(server(`${n}`), 3, event("server.created")),
    );
    const results = await Promise.allSettled(adding);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    const entries = await two.hosts[1].audit(teamId, { limit: 9, actions: [] });
    expect(entries.map(({ seq }) => seq)).toEqual([3, 2, 1]);
    expect(verifyChain(entries.toReversed())).toBeUndefined();
  });

  test("give one secret's place to one other", async () => {
    await using two = await opened();
    await two.hosts[0].addSession(session("a"), digest("first"));
    const rotated = await Promise.all(
      two.hosts.map((host, n) => host.rotateSession(digest("first"), digest(`${n}`), startMs)),
    );
    expect(rotated.map((result) => result?.kind)).toEqual(["rotated", "reused"]);
    expect(await two.hosts[0].findSession(session("a").id)).toBeUndefined();
  });
});

describe("a registry's file", () => {
  test("reopening keeps founding, keys, servers, slugs and secrets", async () => {
    const path = freshPath();
    let secret: Uint8Array;
    {
      await using registry = openSqliteRegistry(path);
      await registry.bootstrap(founding);
      await registry.addKey(apiKey("a"), 0);
      await registry.addServer(server("a"), 0);
      await registry.addServer(server("b"), 0);
      await registry.removeServer(teamId, server("b").id);
      secret = await registry.secret("s");
    }
    await using registry = openSqliteRegistry(path);
    expect(await registry.bootstrap(founding)).toEqual({ ...founding, created: false });
    expect(await registry.keys(teamId)).toEqual([apiKey("a")]);
    expect(await registry.servers(teamId)).toEqual([server("a")]);
    expect(await registry.removedServers()).toEqual([{ teamId, id: server("b").id }]);
    expect(await registry.secret("s")).toEqual(secret);
    const thief = server("c", { slug: server("b").slug });
    await expect(registry.addServer(thief, 0)).rejects.toMatchObject({ code: "resource_exists" });
  });

  test("every table is strict, and what refers to a row is checked", async () => {
    const path = freshPath();
    await using _registry = openSqliteRegistry(path);
    using db = new DatabaseSync(path);
    const tables = db.prepare("PRAGMA table_list").all();
    const lax = tables.filter((table) => table.schema === "main" && table.strict === 0);
    expect(lax.map(({ name }) => name)).toEqual(["sqlite_schema"]);
    const stray = "INSERT INTO sign_in_links VALUES ('digest', 'nobody', 1)";
    expect(() => db.exec(stray)).toThrow("FOREIGN KEY");
  });
});

describe("the audit log's table", () => {
  test.for([
    "UPDATE audit SET details = '{}'",
    "UPDATE audit SET at_ms = at_ms",
    "DELETE FROM audit",
    "DELETE FROM audit WHERE seq = 2",
    "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1",
    "REPLACE INTO audit (team_id, seq, action, source_ip, subject_id, details, at_ms, clock_ms, hash) VALUES ('t', 2, '', '', '', '', 1, 1, '')",
    "INSERT INTO audit (team_id, seq, action, source_ip, subject_id, details, at_ms, clock_ms, hash) VALUES ('t', 4, '', '', '', '', 1, 1, '')",
    "INSERT INTO audit (team_id, seq, action, source_ip, subject_id, details, at_ms, clock_ms, hash) VALUES ('u', 0, '', '', '', '', 1, 1, '')",
    "UPDATE OR REPLACE audit SET seq = 3 WHERE seq = 2",
    "REPLACE INTO audit (rowid, team_id, seq, action, source_ip, subject_id, details, at_ms, clock_ms, hash) VALUES (1, 't', 3, '', '', '', '', 1, 1, '')",
  ])("refuses: %s", async (sql) => {
    const path = freshPath();
    await using registry = openSqliteRegistry(path);
    const entry = event("key.created", { teamId: "t" });
    for (let n = 0; n < 2; n++) await registry.addAudit(entry);
    const before = await registry.audit("t", { limit: 9, actions: [] });
    using db = new DatabaseSync(path);
    expect(() => db.exec(sql)).toThrow("the audit log is append-only");
    expect(await registry.audit("t", { limit: 9, actions: [] })).toEqual(before);
    await registry.addAudit(entry);
  });
});

describe("a change whose audit entry cannot be written", () => {
  const trail = event("key.created");
  const { teamId: _, ...joining } = event("member.joined");
  const member = user("member");
  const changes: Readonly<Record<string, (registry: Registry) => Promise<unknown>>> = {
    addUser: (registry) => registry.addUser(foundingOf("new"), "hash", trail),
    setPasswordHash: (registry) =>
      registry.setPasswordHash(userId, undefined, "new", undefined, trail),
    addTeam: (registry) => registry.addTeam(team("new"), userId, trail),
    changeTeam: (registry) => registry.changeTeam(teamId, { name: "new" }, trail),
    setRole: (registry) => registry.setRole(teamId, member.id, "admin", trail),
    removeMember: (registry) => registry.removeMember(teamId, member.id, trail),
    addInvitation: (registry) =>
      registry.addInvitation(invitation("again", { email: invitation("guest").email }), trail),
    removeInvitation: (registry) =>
      registry.removeInvitation(teamId, invitation("guest").id, trail),
    acceptInvitation: (registry) =>
      registry.acceptInvitation(invitation("guest").secretDigest, user("guest"), joining),
    addKey: (registry) => registry.addKey(apiKey("new"), 0, trail),
    removeKey: (registry) => registry.removeKey(teamId, apiKey("a").id, trail),
    noteKeyUse: (registry) => registry.noteKeyUse(apiKey("a").id, startMs, "192.0.2.9", trail),
    addServer: (registry) => registry.addServer(server("new"), 0, trail),
    changeServer: (registry) => {
      const asked = { name: "new", slug: "new" };
      const events = [event("calls.exported"), trail];
      return registry.changeServer(teamId, server("a").id, asked, startMs, events);
    },
    removeServer: (registry) => registry.removeServer(teamId, server("a").id, trail),
    addAudit: (registry) => registry.addAudit(trail),
  };

  test.for(Object.entries(changes))("is not made: %s", async ([, change]) => {
    const path = freshPath();
    await using registry = openSqliteRegistry(path);
    await registry.bootstrap(founding);
    await addMember(registry, "member", "member");
    await addUser(registry, "guest");
    await registry.addInvitation(invitation("guest"), trail);
    await registry.addSession(session("a"), digest("a"));
    await registry.addKey(apiKey("a", { userId: member.id }), 0);
    await registry.addServer(server("a"), 0);
    const told: ServerChange[] = [];
    using _watching = await registry.watchServers((each) => void told.push(each));
    using db = new DatabaseSync(path);
    db.exec(`CREATE TRIGGER full BEFORE INSERT ON audit WHEN NEW.action <> 'calls.exported'
      BEGIN SELECT raise(ABORT, 'no room'); END`);
    const before = contentOf(db);
    await expect(change(registry)).rejects.toThrow("no room");
    expect(contentOf(db)).toEqual(before);
    expect(told).toHaveLength(1);
    // It is the entry that it failed for.
    db.exec("DROP TRIGGER full");
    await change(registry);
    expect(contentOf(db)).not.toEqual(before);
  });
});

describe("the registry's statements", () => {
  /** Read as a whole by who asks for all of it, or a row at most. */
  const listed = [
    "SCAN teams USING INDEX teams_by_age",
    "SCAN removed_servers",
    "SCAN servers",
    "SCAN founding",
  ];

  test("look up what they need by an index, whatever is asked", async () => {
    using db = await statements();
    const scanning = db.prepared.flatMap((sql) =>
      planOf(db.file, sql)
        .filter((line) => line.startsWith("SCAN") && !listed.includes(line))
        .map((line) => `${line}: ${sql}`),
    );
    expect(scanning).toEqual([]);
    expect(db.prepared.length).toBeGreaterThan(70);
  });

  test("find what refers to a row that they remove by an index, too", async () => {
    using db = await statements();
    const removing = new Set(db.prepared.map((sql) => /DELETE FROM (\w+)/.exec(sql)?.[1]));
    expect(removing).toContain("sessions");
    const tables = db.file.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    const references = tables.flatMap(({ name: child }) => {
      const keys = db.file.prepare(`PRAGMA foreign_key_list(${child})`).all();
      return keys.map(({ table, from }) => ({ child, parent: String(table), column: from }));
    });
    const relevant = references.filter(({ parent }) => removing.has(parent));
    expect(relevant.map(({ child }) => child)).toEqual(["session_secrets"]);
    for (const { child, column } of relevant)
      expect(planOf(db.file, `SELECT 1 FROM ${child} WHERE ${column} = ?`).join()).toContain(
        "SEARCH",
      );
  });

  test("walk the audit log by the index that leads to the fewest entries, newest first", async () => {
    using db = await statements();
    const plans = db.prepared
      .filter((sql) => sql.startsWith("SELECT * FROM audit"))
      .map((sql) => planOf(db.file, sql).join("; "));
    const kinds = [
      /^SEARCH audit USING INDEX audit_by_subject \(team_id=\? AND subject_id=\? AND seq>\? AND seq<\?\)$/,
      /^SEARCH audit USING INDEX audit_by_user \(team_id=\? AND user_id=\? AND seq>\? AND seq<\?\)$/,
      /^SEARCH audit USING INDEX audit_by_action \(team_id=\? AND action=\? AND seq>\? AND seq<\?\)$/,
      /^SEARCH audit USING INDEX sqlite_autoindex_audit_1 \(team_id=\? AND seq>\? AND seq<\?\)$/,
    ];
    for (const kind of kinds) expect(plans.filter((plan) => kind.test(plan))).not.toEqual([]);
    expect(plans.filter((plan) => !kinds.some((kind) => kind.test(plan)))).toEqual([]);
  });
});

/** Every row of every table, in the order of their keys. */
function contentOf(db: DatabaseSync): unknown {
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  return tables
    .all()
    .map(({ name }) => ({ name, rows: db.prepare(`SELECT * FROM ${name}`).all() }));
}

/** The texts of the statements that a registry prepares when everything is asked of it, and an empty file to try them on. */
async function statements() {
  const preparing = vi.spyOn(DatabaseSync.prototype, "prepare");
  {
    await using registry = openSqliteRegistry(":memory:");
    preparing.mockClear();
    using _watching = await registry.watchServers(() => undefined);
    await registry.bootstrap(foundingOf("a"));
    await addUser(registry, "b");
    await registry.secret("any");
    for (const [name, given] of Object.entries(operations))
      for (const values of fc.sample(given as fc.Arbitrary<unknown>, { numRuns: 200, seed: 1 }))
        await take(registry, { name, given: values } as Step);
    for (const step of everything()) await take(registry, step);
  }
  const prepared = [...new Set(preparing.mock.calls.map(([sql]) => sql.trim()))];
  preparing.mockRestore();
  const file = openDatabase(":memory:", "registry", "write", 0);
  return { prepared, file, [Symbol.dispose]: () => file.close() };
}

function planOf(db: DatabaseSync, sql: string): string[] {
  if (sql.startsWith("PRAGMA")) return [];
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
  return plan.map(({ detail }) => String(detail));
}
