import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { CallSummary } from "../../src/call.ts";
import { SqliteCallLog } from "../../src/store/sqlite/call-log.ts";
import { repairCallLog } from "../../src/store/sqlite/call-log-repair.ts";
import { findFileDamage } from "../../src/store/sqlite/integrity.ts";
import { call, id, startMs, teamId } from "./builders.ts";

// A dozen files are damaged, checked, repaired and read for each case.
vi.setConfig({ testTimeout: 60_000 });

const root = mkdtempSync(join(tmpdir(), "hookwatch-repair-"));
afterAll(() => rmSync(root, { recursive: true }));
const sound = join(root, "sound.db");
const pageBytes = 8_192;
const callsMax = 3_000;
let files = 0;
/** Page numbers, from 0. */
const pagesOf = new Map<string, number[]>();
let before = new Map<string, CallSummary>();

beforeAll(async () => {
  {
    await using log = SqliteCallLog.open(sound, { mode: "write" });
    for (let from = 0; from < callsMax; from += 750) {
      const batch = Array.from({ length: 750 }, (_, index) => {
        const number = from + index;
        return call(`${number}`, {
          toolName: `tool ${number % 9}`,
          sessionId: `session ${number % 700}`,
          durationMs: number * 7,
          startedAtMs: startMs + number * 100,
          responseBody: `{"number":${number},"noise":"${id(`${number}`).repeat(20)}"}`,
        });
      });
      await log.append(batch);
    }
    await log.append([call("of a removed server", { serverId: id("removed") })]);
    await log.removeServer(teamId, id("removed"));
    await log.sweep();
  }
  before = await readAll(sound);
  using db = new DatabaseSync(sound, { readOnly: true });
  for (const { name, pageno } of db.prepare("SELECT name, pageno FROM dbstat").all()) {
    const pages = pagesOf.get(String(name)) ?? [];
    pages.push(Number(pageno) - 1);
    pagesOf.set(String(name), pages);
  }
});

async function readAll(path: string): Promise<Map<string, CallSummary>> {
  await using log = SqliteCallLog.open(path, { mode: "read" });
  const found = new Map<string, CallSummary>();
  let cursor: string | null = null;
  do {
    const query = { limit: 1_000, ...(cursor === null ? {} : { cursor }) };
    const page: Awaited<ReturnType<typeof log.page>> = await log.page(teamId, query);
    for (const each of page.calls) found.set(each.id, each);
    cursor = page.next;
  } while (cursor !== null);
  return found;
}

const damages: Readonly<Record<string, (file: number, at: number) => void>> = {
  zeroed: (file, at) => void writeSync(file, Buffer.alloc(pageBytes), 0, pageBytes, at),
  "written by half": (file, at) => {
    writeSync(file, Buffer.alloc(pageBytes / 2), 0, pageBytes / 2, at + pageBytes / 2);
  },
  "mixed with another": (file, at) => {
    const other = Buffer.alloc(pageBytes / 2);
    readSync(file, other, 0, other.length, 60.5 * pageBytes);
    writeSync(file, other, 0, other.length, at + pageBytes / 2);
  },
};

function damagedCopy(page: number, how: string): string {
  const path = join(root, `${files++}.db`);
  copyFileSync(sound, path);
  const file = openSync(path, "r+");
  damages[how]?.(file, page * pageBytes);
  closeSync(file);
  return path;
}

async function findings(path: string): Promise<readonly string[]> {
  const found = findFileDamage(path, "calls");
  if (found.length > 0) return found;
  await using log = SqliteCallLog.open(path, { mode: "read" });
  return await log.verify();
}

const cases = Object.keys(damages).flatMap((how) =>
  ["segments", "blocks", "ids", "names", "segments_by_seq"].map((table) => ({ how, table })),
);

test.for(cases)(
  "a page of $table $how makes up no call: what is lost is found and counted",
  async ({ how, table }) => {
    const pages = pagesOf.get(table) ?? [];
    const step = Math.max(1, Math.floor(pages.length / 4));
    for (const page of pages.filter((_, index) => index % step === 0)) {
      const [damaged, repaired] = [damagedCopy(page, how), join(root, `${files++}.db`)];
      const untouched = readFileSync(damaged);
      const found = await findings(damaged);
      const { calls, callsLost, callsWithoutBlock } = await repairCallLog(damaged, repaired);
      expect(readFileSync(damaged).equals(untouched)).toBe(true);
      expect(await findings(repaired)).toEqual([]);
      const after = await readAll(repaired);
      const changed = [...after.values()].filter((each) => {
        const { responseBody, requestBody } = each;
        return responseBody === "" && requestBody === "";
      });
      expect(changed.length).toBe(callsWithoutBlock);
      for (const each of after.values()) {
        const was = before.get(each.id);
        if (!changed.includes(each)) expect(each).toEqual(was);
        for (const field of [
          "serverId",
          "toolName",
          "sessionId",
          "startedAtMs",
          "durationMs",
        ] as const)
          expect(each[field]).toBe(was?.[field]);
      }
      expect(after.size).toBe(calls);
      expect(calls + callsLost).toBe(callsMax);
      if (callsLost + callsWithoutBlock > 0) expect(found.length).toBeGreaterThan(0);
    }
  },
);

test("bodies that are lost are listed as losses, and removed servers stay removed", async () => {
  const blocks = pagesOf.get("blocks") ?? [];
  const [damaged, repaired] = [join(root, "blocks.db"), join(root, `${files++}.db`)];
  copyFileSync(sound, damaged);
  const file = openSync(damaged, "r+");
  for (const page of blocks.slice(-6, -2)) damages.zeroed?.(file, page * pageBytes);
  closeSync(file);
  const { callsWithoutBlock } = await repairCallLog(damaged, repaired);
  expect(callsWithoutBlock).toBeGreaterThan(0);
  await using log = SqliteCallLog.open(repaired, { mode: "write" });
  const losses = await log.losses(teamId, { limit: 10 });
  expect(losses).toMatchObject([{ kind: "bodies", reason: "damaged", calls: callsWithoutBlock }]);
  const late = call("late", { serverId: id("removed") });
  expect(await log.append([late])).toEqual({ stored: 0, known: 0, discarded: 1 });
});

test("who follows the log misses nothing that comes after a repair", async () => {
  const [damaged, repaired] = [
    damagedCopy(pagesOf.get("blocks")?.at(-1) ?? 0, "zeroed"),
    join(root, `${files++}.db`),
  ];
  let end: string;
  {
    await using log = SqliteCallLog.open(sound, { mode: "read" });
    end = (await log.arrivals(teamId, { filter: {}, limit: 1 })).next;
  }
  await repairCallLog(damaged, repaired);
  await using log = SqliteCallLog.open(repaired, { mode: "write" });
  expect((await log.arrivals(teamId, { filter: {}, after: end, limit: 10 })).arrivals).toEqual([]);
  await log.append([call("next")]);
  const { arrivals } = await log.arrivals(teamId, { filter: {}, after: end, limit: 10 });
  expect(arrivals.map((arrival) => arrival.call.id)).toEqual([call("next").id]);
});

test("a file of which nothing can be read is refused in a sentence", async () => {
  await expect(repairCallLog(damagedCopy(0, "zeroed"), join(root, "x.db"))).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringContaining("nothing can be saved"),
  });
});
