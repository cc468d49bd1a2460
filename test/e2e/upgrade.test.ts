/**
 * A newer program takes over the data of this one, killed at any point of its migration; then this one refuses it.
 *
 * The newer program is a copy of this one that knows one migration more, which writes the log's largest tables anew.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SqliteCallLog } from "../../src/store/sqlite/call-log.ts";
import { call } from "../store/builders.ts";
import { Api } from "./api.ts";
import { program, startRig } from "./rig.ts";
import { until } from "./until.ts";

const apiKey = "upgrade-test-key-0123456789abcdef";
const rows = Number(process.env.HOOKWATCH_TEST_ROWS ?? 100_000);
const killsAmid = 20;
const killsMax = 80;
const rowsPerBatch = 5_000;

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hookwatch-upgrade-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

test("a migration killed at any point is begun again, loses nothing, and is refused by the older program", {
  timeout: 240_000,
}, async () => {
  const dataDir = join(root, "data");
  const serverId = await fill(dataDir);
  const newer = newerProgram(join(root, "newer"));
  const versionBefore = versionOf(dataDir);

  // How long it takes undisturbed, on a copy.
  for (const copy of ["trial", "pristine"]) copyOver(dataDir, join(root, copy));
  const trial = launch(newer, join(root, "trial"));
  await trial.listening();
  const said = trial.output().filter((line) => line.includes("the calls database"));
  expect(said.join("\n")).toMatch(/schema version \d+ to \d+; this may take a while/);
  expect(said.join("\n")).toMatch(/step 2 of \d: copying blocks/);
  await trial.end("SIGTERM");
  const migrationMs = Number(/schema version \d+ after (\d+) ms/.exec(said.join("\n"))?.[1]);

  let amid = 0;
  for (let kill = 0; amid < killsAmid && kill < killsMax; kill++) {
    const host = launch(newer, dataDir);
    await until("its migration", 30_000, host.output, (lines) => lines.some(isStep));
    await sleep(migrationMs * Math.random() * 0.9);
    await host.end("SIGKILL");
    if (versionOf(dataDir) === versionBefore) amid++;
    // It was faster this time. From the start, for the next kill to meet it again.
    else copyOver(join(root, "pristine"), dataDir);
  }
  expect(amid).toBe(killsAmid);

  const host = launch(newer, dataDir);
  const api = new Api(await host.listening(), apiKey);
  expect(await api.count()).toBe(rows);
  expect(await api.count({ server_id: serverId })).toBe(rows);
  const page = await api.page({ limit: 3 });
  expect(page.data.map(({ id }) => id)).toEqual([1, 2, 3].map((n) => seeded(rows - n, "", "").id));
  expect(page.data[0]?.response_body).toBe(seeded(rows - 1, "", "").responseBody);
  expect((await api.metrics({ days: 2 })).total_calls).toBe(rows);
  await host.end("SIGTERM");
  expect(versionOf(dataDir)).toBe(versionBefore + 1);
  expect(addedRows(dataDir)).toBe(rows);

  const before = digests(dataDir);
  const old = launch(program, dataDir);
  expect(await old.end()).toBe(1);
  const refusal = old.output().filter((line) => line !== "" && !line.startsWith("{"));
  expect(refusal).toEqual([
    expect.stringMatching(
      `schema version ${versionBefore + 1}, this program knows ${versionBefore}; start a newer one`,
    ),
  ]);
  expect(digests(dataDir)).toEqual(before);
  const again = launch(newer, dataDir);
  expect(await new Api(await again.listening(), apiKey).count()).toBe(rows);
  await again.end("SIGTERM");
});

/** Of the last hours, for the metrics of days. */
const startMs = Date.now() - 7_200_000;

function seeded(number: number, teamId: string, serverId: string) {
  const responseBody = `{"jsonrpc":"2.0","id":7,"result":{"number":${number}}}`;
  const startedAtMs = startMs + number * 10;
  return call(`${number}`, { teamId, serverId, responseBody, startedAtMs });
}

/** Resolves to the id of the server whose calls they are. */
async function fill(dataDir: string): Promise<string> {
  let serverId = "";
  let teamId = "";
  {
    await using rig = await startRig({ dataDir, apiKey });
    const { server } = await rig.register("http://127.0.0.1:1/mcp");
    serverId = server.id;
    teamId = server.team_id;
  }
  await using log = SqliteCallLog.open(join(dataDir, "calls.db"), { mode: "write" });
  for (let from = 0; from < rows; from += rowsPerBatch) {
    const length = Math.min(rowsPerBatch, rows - from);
    await log.append(Array.from({ length }, (_, index) => seeded(from + index, teamId, serverId)));
  }
  return serverId;
}

/** A copy of this program with another migration of the call log, as SQLite's manual has it: new table, copy, drop, rename. */
function newerProgram(folder: string): string {
  const from = fileURLToPath(new URL("../..", import.meta.url));
  for (const part of ["src", "bin", "package.json"])
    cpSync(join(from, part), join(folder, part), { recursive: true });
  symlinkSync(join(from, "node_modules"), join(folder, "node_modules"));
  const schema = join(folder, "src/store/sqlite/schema/calls");
  const known = readdirSync(schema).filter((name) => /^\d{4}-.*\.sql$/.test(name)).length;
  const tables = ["blocks", "ids"].map((table) => rewriting(join(root, "data/calls.db"), table));
  const sql = `-- Adds a table.
CREATE TABLE added (seq INTEGER PRIMARY KEY, id BLOB NOT NULL, note TEXT NOT NULL) STRICT;
INSERT INTO added SELECT seq, id, hex(randomblob(200)) FROM ids;
${tables.join("")}`;
  writeFileSync(join(schema, `${String(known + 1).padStart(4, "0")}-rewritten.sql`), sql);
  return join(folder, "bin/hookwatch.cjs");
}

/** https://www.sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes */
function rewriting(path: string, table: string): string {
  using db = new DatabaseSync(path, { readOnly: true });
  const objects = db
    .prepare("SELECT type, sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL")
    .all(table);
  const [create = ""] = objects.filter(({ type }) => type === "table").map(({ sql }) => `${sql}`);
  const indexes = objects.filter(({ type }) => type === "index").map(({ sql }) => `${sql};\n`);
  return `--! step copying ${table}
${create.replace(`TABLE ${table}`, `TABLE new_${table}`)};
INSERT INTO new_${table} SELECT * FROM ${table};
--! step replacing ${table}
DROP TABLE ${table};
ALTER TABLE new_${table} RENAME TO ${table};
${indexes.join("")}`;
}

const isStep = (line: string) => line.includes("migrates, step");

function copyOver(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
}

function versionOf(dataDir: string): number {
  using db = new DatabaseSync(join(dataDir, "calls.db"), { readOnly: true });
  return Number(db.prepare("SELECT max(version) AS version FROM migrations").get()?.version);
}

function addedRows(dataDir: string): number {
  using db = new DatabaseSync(join(dataDir, "calls.db"));
  expect(db.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
  return Number(db.prepare("SELECT count(*) AS n FROM added").get()?.n);
}

/** Of the log's files, in which a start that is refused must change nothing. */
function digests(dataDir: string): readonly string[] {
  const names = readdirSync(dataDir).filter((name) => /^calls\.db(-wal)?$/.test(name));
  return names.sort().map((name) => {
    const bytes = readFileSync(join(dataDir, name));
    return `${name} ${createHash("sha256").update(bytes).digest("hex")}`;
  });
}

function launch(path: string, dataDir: string) {
  const child = spawn(process.execPath, [path, "serve"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOOKWATCH_DATA_DIR: dataDir,
      HOOKWATCH_API_KEY: apiKey,
      HOOKWATCH_PORT: "0",
      HOOKWATCH_RETENTION_DAYS: "0",
    },
  });
  const exited = once(child, "close");
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      text += chunk;
    });
  return {
    output: () => text.split("\n"),
    listening: async () => {
      const url = () => /listening on (http:\/\/[^\s/]+)/.exec(text)?.[1];
      return (await until(`the start of ${path}: ${text}`, 60_000, url, Boolean)) ?? "";
    },
    /** Resolves to its exit code; without a signal, to that of its own end. */
    async end(signal?: NodeJS.Signals): Promise<number | null> {
      if (signal) child.kill(signal);
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}
