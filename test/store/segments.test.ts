/** What the SQLite call log makes of many small appends: few segments, full blocks, nothing lost. */
import { expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { BlockMerging } from "../../src/store/sqlite/block-merging.ts";
import { CallFile } from "../../src/store/sqlite/call-file.ts";
import { CallReader } from "../../src/store/sqlite/call-reader.ts";
import { CallRemoval } from "../../src/store/sqlite/call-removal.ts";
import { findDamage } from "../../src/store/sqlite/call-verification.ts";
import { appendCalls } from "../../src/store/sqlite/call-writer.ts";
import { call, calls, startMs, teamId } from "./builders.ts";

function count(file: CallFile, what: string): number {
  return Number(file.db.prepare(`SELECT ${what} AS n`).get()?.n);
}

test("calls that come one by one rest in few segments at any time, and in full blocks after a while", async () => {
  using file = new CallFile(":memory:", "write");
  const merging = new BlockMerging(file);
  let segmentsMax = 0;
  for (let at = 0; at < 9_000; at++) {
    appendCalls(file, [call(`${at}`, { startedAtMs: startMs + ((at * 7) % 9_000) })]);
    if (at % 100 === 0)
      segmentsMax = Math.max(segmentsMax, count(file, "(SELECT count(*) FROM segments)"));
  }
  expect(segmentsMax).toBeLessThanOrEqual(32 + 32 + 1);
  expect(count(file, "(SELECT max(calls) FROM segments)")).toBeGreaterThanOrEqual(8_000);
  expect(count(file, "(SELECT count(*) FROM blocks)")).toBe(9_000);
  await merging.merge(false);
  const full = count(file, "(SELECT count(*) FROM blocks WHERE calls = 128)");
  expect(full).toBeGreaterThanOrEqual(62);
  expect(await findDamage(file)).toEqual([]);
  const reader = new CallReader(file, { clock: systemClock, searchMaxMs: 1_000 });
  expect(reader.find(teamId, call("4321").id)).toEqual(
    call("4321", { startedAtMs: startMs + ((4_321 * 7) % 9_000) }),
  );
  const { calls: newest } = await reader.page(teamId, { limit: 1_000, offset: 7_500 });
  expect(newest.map((each) => each.startedAtMs)).toEqual(
    Array.from({ length: 1_000 }, (_, at) => startMs + 9_000 - 1 - 7_500 - at),
  );
});

test.for([
  ["batches of one size", () => 500],
  ["large and small in turn", (at: number) => (at % 2 === 0 ? 300 : 1)],
  ["ever larger ones", (at: number) => at * 20 + 1],
  ["nearly large ones", () => 4_095],
] as const)("%s leave few segments", async ([, sizeOf]) => {
  using file = new CallFile(":memory:", "write");
  let appended = 0;
  for (let at = 0; appended < 30_000; at++) {
    const batch = calls(sizeOf(at)).map((each, index) => {
      const { id } = call(`${at} ${index}`);
      return { ...each, id, logicalId: id, requestBody: "", responseBody: "" };
    });
    appendCalls(file, batch);
    appended += batch.length;
    expect(count(file, "(SELECT count(*) FROM segments WHERE calls < 4096)")).toBeLessThanOrEqual(
      128,
    );
  }
  expect(count(file, "(SELECT sum(calls) FROM segments)")).toBe(appended);
  expect(count(file, "(SELECT count(*) FROM segments WHERE calls < 256)")).toBeLessThan(100);
  expect(await findDamage(file)).toEqual([]);
});

test("bodies that go leave blocks that can be put together and a log without damage", async () => {
  using file = new CallFile(":memory:", "write");
  for (let at = 0; at < 40; at++) {
    appendCalls(
      file,
      Array.from({ length: 30 }, (_, index) =>
        call(`${at} ${index}`, { startedAtMs: startMs + at }),
      ),
    );
  }
  const removal = new CallRemoval(file);
  expect(await removal.pruneBodies(startMs + 20)).toBe(600);
  await new BlockMerging(file).merge(true);
  expect(await removal.pruneBodies(startMs + 30)).toBe(300);
  expect(await findDamage(file)).toEqual([]);
});

test("damage is told, call by call or segment by segment", async () => {
  using file = new CallFile(":memory:", "write");
  appendCalls(file, calls(300));
  expect(await findDamage(file)).toEqual([]);
  file.db.exec("UPDATE blocks SET bytes = zeroblob(length(bytes)) WHERE first_seq = 256");
  expect(await findDamage(file)).toHaveLength(44);
  file.db.exec("DELETE FROM ids WHERE seq = 7");
  expect(await findDamage(file)).toContain("299 ids instead of 300");
  using another = new CallFile(":memory:", "write");
  appendCalls(another, calls(300));
  another.db.exec("UPDATE segments SET tool = zeroblob(3)");
  const [only] = await findDamage(another);
  expect(only).toContain("the segment of calls 0 to 299 cannot be read");
});
