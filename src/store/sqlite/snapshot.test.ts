import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import { afterAll, expect, test } from "vitest";
import { copyAtOneInstant } from "./snapshot.ts";

const root = mkdtempSync(join(tmpdir(), "hookwatch-snapshot-"));
afterAll(() => rmSync(root, { recursive: true }));
const never = new AbortController().signal;

function makeDatabase(path: string, ballastRows: number): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec(`
    PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;
    CREATE TABLE counter (n INTEGER NOT NULL);
    INSERT INTO counter VALUES (0);
    CREATE TABLE ballast (bytes BLOB);
    INSERT INTO ballast WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${ballastRows})
      SELECT randomblob(8000) FROM numbers;
  `);
  return db;
}

function counterOf(path: string): number {
  using db = new DatabaseSync(path, { readOnly: true });
  expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  return Number(db.prepare("SELECT n FROM counter").get()?.n);
}

/** Counts in the first file and then in the second, as fast as it can, until terminated. */
const counting = `
  const { DatabaseSync } = require("node:sqlite");
  const { parentPort, workerData } = require("node:worker_threads");
  const files = workerData.map((path) => new DatabaseSync(path, { timeout: 5000 }));
  for (const file of files) file.exec("PRAGMA synchronous = OFF");
  for (let n = 1; ; n++) {
    for (const file of files) {
      file.exec("UPDATE counter SET n = " + n);
      file.exec("UPDATE ballast SET bytes = randomblob(8000) WHERE rowid % 50 = " + (n % 50));
    }
    if (n === 1) parentPort.postMessage("counting");
  }
`;

test("copies of files that are written without a pause are of one instant", async () => {
  const [first, second] = [join(root, "first.db"), join(root, "second.db")];
  for (const path of [first, second]) makeDatabase(path, 300).close();
  const writer = new Worker(counting, { eval: true, workerData: [first, second] });
  await once(writer, "message");
  let highest = 0;
  for (let round = 0; round < 20; round++) {
    const copies = [first, second].map((from) => ({ from, to: `${from}.${round}` }));
    await copyAtOneInstant(copies, never);
    const [a = 0, b = 0] = copies.map(({ to }) => counterOf(to));
    expect([a, a - 1], `the second has ${b}, the first ${a}`).toContain(b);
    expect(a).toBeGreaterThanOrEqual(highest);
    highest = a;
  }
  await writer.terminate();
  expect(highest).toBeGreaterThan(20);
});

test("a copy is one file, for its owner alone, and readable where nothing can be written", async () => {
  const [from, to] = [join(root, "one.db"), join(root, "copy.db")];
  using _source = makeDatabase(from, 10);
  await copyAtOneInstant([{ from, to }], never);
  expect(readdirSync(root).filter((name) => name.startsWith("copy.db"))).toEqual(["copy.db"]);
  expect(statSync(to).mode & 0o777).toBe(0o600);
  expect(counterOf(to)).toBe(0);
  expect(readdirSync(root).filter((name) => name.startsWith("copy.db"))).toEqual(["copy.db"]);
});

test("nothing is replaced, and a missing or foreign source is refused", async () => {
  const from = join(root, "source.db");
  makeDatabase(from, 1).close();
  writeFileSync(join(root, "taken"), "mine");
  for (const copying of [
    { from, to: join(root, "taken") },
    { from: join(root, "missing.db"), to: join(root, "x.db") },
    { from: join(root, "taken"), to: join(root, "x.db") },
    { from, to: join(root, "missing", "x.db") },
  ]) {
    await expect(copyAtOneInstant([copying], never)).rejects.toMatchObject({ code: "unavailable" });
  }
  expect(readdirSync(root)).not.toContain("missing.db");
});

test("an interruption ends it with its reason", async () => {
  const from = join(root, "large.db");
  makeDatabase(from, 3_000).close();
  const reason = new Error("enough");
  const copying = copyAtOneInstant(
    [{ from, to: join(root, "never.db") }],
    AbortSignal.abort(reason),
  );
  await expect(copying).rejects.toBe(reason);
});
