import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifyChain } from "../audit-chain.ts";
import type { Registry } from "../registry.ts";
import { openDatabase } from "./database.ts";
import { findFileDamage, requireReadable } from "./integrity.ts";
import { openSqliteRegistry } from "./registry.ts";
import { appendAudit } from "./registry-audit.ts";
import { RegistryFile } from "./registry-file.ts";
import { repairRegistry } from "./registry-repair.ts";

const root = mkdtempSync(join(tmpdir(), "hookwatch-salvage-"));
afterAll(() => rmSync(root, { recursive: true }));
const sound = join(root, "sound.db");
const pageBytes = 8_192;
const serversMax = 1_200;
let files = 0;

beforeAll(() => {
  using db = openDatabase(sound, "registry", "write", 0);
  db.exec(`
    INSERT INTO users VALUES ('u', 'owner@localhost', NULL, 1);
    INSERT INTO teams VALUES ('t', 'My team', 'default', 1);
    INSERT INTO memberships VALUES ('t', 'u', 'owner', 1);
    INSERT INTO founding VALUES (1, 'u', 't');
    INSERT INTO api_keys VALUES ('k', 't', 'u', 'first key', 'admin', 'digest', 'last', 1, NULL, NULL, NULL);
  `);
  const spend = db.prepare("INSERT INTO spent_slugs VALUES (?)");
  const add = db.prepare(
    "INSERT INTO servers VALUES (?, 't', 'u', ?, ?, 'http://x', 1, 'redacted', NULL, 1, 1)",
  );
  db.exec("BEGIN");
  for (let number = 0; number < serversMax; number++) {
    spend.run(`slug ${number}`);
    add.run(`id ${number}`, `slug ${number}`, `server ${number}`);
  }
  db.exec("COMMIT");
});

function copyOf(path: string): string {
  const copy = join(root, `${files++}.db`);
  copyFileSync(path, copy);
  return copy;
}

function zeroPage(path: string, page: number): void {
  const file = openSync(path, "r+");
  writeSync(file, Buffer.alloc(pageBytes), 0, pageBytes, page * pageBytes);
  closeSync(file);
}

const pages = () => statSync(sound).size / pageBytes;

describe("a check", () => {
  test("finds nothing in a sound file, and leaves it as it was", () => {
    const path = copyOf(sound);
    expect(findFileDamage(path, "registry")).toEqual([]);
    expect(readFileSync(path).equals(readFileSync(sound))).toBe(true);
  });

  test.for([
    { name: "half of it", bytes: () => (pages() / 2) * pageBytes },
    { name: "its last page", bytes: () => (pages() - 1) * pageBytes },
    { name: "the last bytes of its last page", bytes: () => pages() * pageBytes - 100 },
    { name: "all but a few bytes", bytes: () => 50 },
  ])("finds that a file has lost $name", ({ bytes }) => {
    const path = copyOf(sound);
    truncateSync(path, Math.floor(bytes()));
    expect(findFileDamage(path, "registry").length).toBeGreaterThan(0);
  });

  test("finds every page that was zeroed", () => {
    const unnoticed: number[] = [];
    for (let page = 0; page < pages(); page++) {
      const path = copyOf(sound);
      zeroPage(path, page);
      if (findFileDamage(path, "registry").length === 0) unnoticed.push(page);
    }
    expect(unnoticed).toEqual([]);
  });

  test("finds a row that refers to nothing", () => {
    const path = copyOf(sound);
    {
      using db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
      db.exec("DELETE FROM teams");
    }
    expect(findFileDamage(path, "registry")[0]).toContain("refers to one of teams");
  });

  test("refuses what is newer, not ours or not there", () => {
    const newer = copyOf(sound);
    {
      using db = new DatabaseSync(newer);
      db.exec("INSERT INTO migrations VALUES (99, '0099-tomorrow.sql', 0)");
    }
    for (const look of [findFileDamage, requireReadable]) {
      expect(() => look(newer, "registry")).toThrow(/version 99\b/);
      expect(() => look(sound, "calls")).toThrow("not a calls database");
      expect(() => look(join(root, "missing.db"), "calls")).toThrow("there is no database");
    }
    expect(existsSync(join(root, "missing.db"))).toBe(false);
  });
});

describe("a repair of the registry", () => {
  const tables = (path: string) => {
    using db = new DatabaseSync(path, { readOnly: true });
    const all = (sql: string) => db.prepare(sql).all() as Record<string, unknown>[];
    return {
      servers: all("SELECT id, team_id, slug, name FROM servers"),
      keys: all("SELECT id, team_id, secret_digest FROM api_keys"),
      founding: all("SELECT user_id, team_id FROM founding"),
    };
  };

  test("saves all but one page of rows, unless the page led to all others, and makes a sound file", () => {
    const before = tables(sound);
    const names = new Map(before.servers.map((server) => [server.id, server]));
    const losses: number[] = [];
    for (let page = 1; page < pages(); page++) {
      const [damaged, repaired] = [copyOf(sound), join(root, `${files++}.db`)];
      zeroPage(damaged, page);
      // The pages of the table of tables: without it there is nothing to go by.
      try {
        repairRegistry(damaged, repaired);
      } catch (cause) {
        expect(cause).toMatchObject({
          code: "unavailable",
          message: expect.stringContaining("nothing can be saved"),
        });
        continue;
      }
      expect(findFileDamage(repaired, "registry")).toEqual([]);
      const { servers, keys, founding } = tables(repaired);
      for (const server of servers) expect(server).toEqual(names.get(server.id));
      expect(founding).toEqual(before.founding);
      if (servers.length < serversMax) losses.push(serversMax - servers.length);
      if (servers.length === 0) expect(keys).toEqual(before.keys);
    }
    expect(losses.length).toBeGreaterThan(5);
    expect(losses.filter((lost) => lost > serversMax / 5)).toEqual([serversMax]);
  });

  test("saves what is left of a truncated file", () => {
    const [damaged, repaired] = [copyOf(sound), join(root, `${files++}.db`)];
    truncateSync(damaged, Math.floor(pages() * 0.9) * pageBytes);
    repairRegistry(damaged, repaired);
    expect(findFileDamage(repaired, "registry")).toEqual([]);
    expect(tables(repaired).servers.length).toBeGreaterThan(serversMax / 4);
  });

  test("makes a lost team again, so that its servers and keys still belong to somebody", () => {
    const [damaged, repaired] = [copyOf(sound), join(root, `${files++}.db`)];
    {
      using db = new DatabaseSync(damaged, { enableForeignKeyConstraints: false });
      db.exec(
        "DELETE FROM teams; DELETE FROM users; DELETE FROM founding; DELETE FROM spent_slugs",
      );
    }
    repairRegistry(damaged, repaired);
    expect(findFileDamage(repaired, "registry")).toEqual([]);
    expect(tables(repaired)).toEqual(tables(sound));
  });

  /** Of a file in which a second user works in the founder's team, and owns another. */
  async function repaired(damage: string) {
    const [damaged, saved] = [join(root, `${files++}.db`), join(root, `${files++}.db`)];
    {
      using db = openDatabase(damaged, "registry", "write", 0);
      db.exec(`
        INSERT INTO users VALUES ('u', 'owner@localhost', NULL, 1), ('v', 'v@example.com', 'hash', 2);
        INSERT INTO teams VALUES ('t', 'My team', 'default', 1), ('s', 'v', 'pro', 2);
        INSERT INTO memberships VALUES ('t', 'u', 'owner', 1), ('t', 'v', 'admin', 3), ('s', 'v', 'owner', 2);
        INSERT INTO founding VALUES (1, 'u', 't');
        INSERT INTO identities VALUES ('https://issuer.example', 'subject', 'v');
        INSERT INTO invitations VALUES ('i', 's', 'w@example.com', 'viewer', 'v', 'digest', 4, 9);
        INSERT INTO api_keys VALUES ('k', 't', 'v', 'ci', 'admin', 'digest', 'last', 5, NULL, NULL, NULL);
        INSERT INTO spent_slugs VALUES ('a'), ('b');
        INSERT INTO servers VALUES ('x', 't', 'v', 'a', 'x', 'http://x', 1, 'off', 500, 6, 6);
        INSERT INTO servers VALUES ('y', 's', 'v', 'b', 'y', 'http://y', 1, 'full', NULL, 6, 6);
        INSERT INTO sessions VALUES ('n', 'u', 't', 'cookie', '::1', 7, 7, 9), ('m', 'v', 's', 'token', '::1', 7, 7, 9);
        INSERT INTO session_secrets VALUES ('old', 'm', 0), ('new', 'm', 1), ('cookie', 'n', 1);
        INSERT INTO sign_in_links VALUES ('link', 'v', 9);
        INSERT INTO usage VALUES ('2026-11', 't', 7);
      `);
    }
    {
      await using registry = openSqliteRegistry(damaged);
      for (const teamId of ["t", "s", "t"])
        await registry.addAudit({
          ...{ teamId, action: "key.created", sourceIp: "", subjectId: "k", details: {}, atMs: 1 },
        });
    }
    {
      using db = new DatabaseSync(damaged, { enableForeignKeyConstraints: false });
      db.exec(damage);
    }
    repairRegistry(damaged, saved);
    expect(findFileDamage(saved, "registry")).toEqual([]);
    return openSqliteRegistry(saved);
  }

  const contentOf = async (registry: Registry) => ({
    teams: await registry.teams(),
    members: [await registry.members("t"), await registry.members("s")],
    keys: await registry.keys("t"),
    servers: [await registry.servers("t"), await registry.servers("s")],
    invitations: await registry.invitations("s"),
    sessions: [await registry.sessions("u"), await registry.sessions("v")],
    identity: await registry.findIdentity("https://issuer.example", "subject"),
    hash: await registry.passwordHash("v"),
    usage: await registry.usage("2026-11"),
    audit: await registry.audit("t", { limit: 9, actions: [] }),
  });

  test("saves all but a few pages of the audit log, where its index is lost, too", async () => {
    const entries = 1_200;
    const whole = join(root, `${files++}.db`);
    {
      using file = new RegistryFile(whole);
      const event = { teamId: "t", action: "key.created", sourceIp: "", details: {} } as const;
      file.write(() => {
        for (let n = 0; n < entries; n++)
          appendAudit(file, { ...event, subjectId: `key ${n}`, atMs: n });
      });
    }
    const losses: number[] = [];
    for (let page = 40; page < statSync(whole).size / pageBytes; page++) {
      const [damaged, saved] = [copyOf(whole), join(root, `${files++}.db`)];
      zeroPage(damaged, page);
      const audit = repairRegistry(damaged, saved).find(({ table }) => table === "audit");
      losses.push(entries - (audit?.rows ?? 0));
      rmSync(saved);
      rmSync(damaged);
    }
    expect(losses.filter((lost) => lost > 0).length).toBeGreaterThan(10);
    // A page of this size holds some 40 entries.
    expect(Math.max(...losses)).toBeLessThan(100);
  });

  test("leaves a registry that has lost nothing as it was", async () => {
    await using registry = await repaired("");
    const content = await contentOf(registry);
    expect(content.members[0]?.map(({ role }) => role)).toEqual(["owner", "admin"]);
    expect(content.servers[0]?.[0]).toMatchObject({
      captureLevel: "off",
      upstreamIdleTimeoutMs: 500,
    });
    expect(content).toMatchObject({
      ...{ teams: [{ id: "t" }, { id: "s", plan: "pro" }], keys: [{ id: "k" }] },
      ...{ invitations: [{ id: "i" }], sessions: [[{ id: "n" }], [{ id: "m" }]] },
      ...{ identity: { id: "v" }, hash: "hash", audit: [{ seq: 2 }, { seq: 1 }] },
    });
    expect(content.usage).toEqual(new Map([["t", 7]]));
    expect(verifyChain(content.audit.toReversed())).toBeUndefined();
    expect(await registry.rotateSession("old", "newer", 8)).toMatchObject({ kind: "reused" });
  });

  test("gives a member whose role is lost the least one, and ownerless teams to the founder", async () => {
    await using registry = await repaired("DELETE FROM memberships");
    expect(await registry.roleOf("t", "u")).toBe("owner");
    // A key is evidence of a membership, a server is none: who made it may have left since.
    expect(await registry.roleOf("t", "v")).toBe("viewer");
    expect(await registry.roleOf("s", "v")).toBeUndefined();
    expect(await registry.roleOf("s", "u")).toBe("owner");
  });

  test("keeps who is an owner already, and makes nobody else one", async () => {
    await using registry = await repaired("DELETE FROM memberships WHERE team_id = 't'");
    expect(await registry.roleOf("s", "v")).toBe("owner");
    expect(await registry.roleOf("s", "u")).toBeUndefined();
    expect(await registry.roleOf("t", "u")).toBe("owner");
  });

  test("finds another founder among the owners", async () => {
    await using registry = await repaired("DELETE FROM founding");
    const stranger = { id: "z", email: "z@example.com", createdAtMs: 1 };
    const team = { id: "z", name: "z", plan: "default", createdAtMs: 1 };
    const founding = await registry.bootstrap({ user: stranger, team });
    expect(founding).toMatchObject({ user: { id: "u" }, team: { id: "t" }, created: false });
  });

  test("ends sessions and links of users who are lost, and keeps their keys and identities", async () => {
    await using registry = await repaired("DELETE FROM users WHERE id = 'v'");
    const { sessions, identity, keys, members, hash } = await contentOf(registry);
    expect(sessions).toMatchObject([[{ id: "n" }], []]);
    expect(await registry.findSessionBySecret("new")).toBeUndefined();
    expect(await registry.spendSignInLink("link", 8)).toBeUndefined();
    expect(identity).toEqual({ id: "v", email: "v@recovered.invalid", createdAtMs: 0 });
    expect(hash).toBeUndefined();
    expect(keys).toMatchObject([{ userId: "v" }]);
    expect(members[1]).toMatchObject([{ userId: "v", role: "owner" }]);
  });

  test("says when nothing can be saved", () => {
    const text = join(root, "text.db");
    writeFileSync(text, "just some text, long enough to be looked at ".repeat(1_000));
    const zeroed = copyOf(sound);
    zeroPage(zeroed, 0);
    for (const path of [text, zeroed])
      expect(() => repairRegistry(path, join(root, `${files++}.db`))).toThrow(
        /nothing can be saved of .* restore a backup, or move the file away/,
      );
  });
});
