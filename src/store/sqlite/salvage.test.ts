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
import { openDatabase } from "./database.ts";
import { findFileDamage, requireReadable } from "./integrity.ts";
import { repairRegistry } from "./registry-repair.ts";

const root = mkdtempSync(join(tmpdir(), "hookwatch-salvage-"));
afterAll(() => rmSync(root, { recursive: true }));
const sound = join(root, "sound.db");
const pageBytes = 8_192;
const serversMax = 2_000;
let files = 0;

beforeAll(() => {
  using db = openDatabase(sound, "registry", "write", 0);
  db.exec(`
    INSERT INTO users VALUES ('u', 'owner@localhost', 1);
    INSERT INTO teams VALUES ('t', 'My team', 1);
    INSERT INTO memberships VALUES ('t', 'u', 1);
    INSERT INTO founding VALUES (1, 'u', 't');
    INSERT INTO api_keys VALUES ('k', 't', 'u', 'first key', 'digest', 'last', 1);
  `);
  const spend = db.prepare("INSERT INTO spent_slugs VALUES (?)");
  const add = db.prepare("INSERT INTO servers VALUES (?, 't', 'u', ?, ?, 'http://x', 1, 1, 1)");
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
