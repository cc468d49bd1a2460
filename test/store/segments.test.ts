/** What the SQLite call log makes of many small appends: few segments, full blocks, nothing lost. */
import { expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { BlockMerging } from "../../src/store/sqlite/block-merging.ts";
import { TallyGroups } from "../../src/store/sqlite/bundle-tally.ts";
import { CallFile } from "../../src/store/sqlite/call-file.ts";
import { callMetrics } from "../../src/store/sqlite/call-metrics.ts";
import { CallPruning } from "../../src/store/sqlite/call-pruning.ts";
import { CallReader } from "../../src/store/sqlite/call-reader.ts";
import { CallRemoval } from "../../src/store/sqlite/call-removal.ts";
import { CallTotals } from "../../src/store/sqlite/call-totals.ts";
import { findDamage } from "../../src/store/sqlite/call-verification.ts";
import { appendCalls } from "../../src/store/sqlite/call-writer.ts";
import { Residue } from "../../src/store/sqlite/residue.ts";
import { call, calls, id, otherTeamId, startMs, teamId } from "./builders.ts";

const limits = { clock: systemClock, searchMaxMs: 1_000 };

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
  const pruning = new CallPruning(file, new Residue(file));
  expect(await pruning.pruneBodies(startMs + 20)).toBe(600);
  await new BlockMerging(file).merge(true);
  expect(await pruning.pruneBodies(startMs + 30)).toBe(300);
  expect(await findDamage(file)).toEqual([]);
});

test("what a segment cannot hold is passed over without a look at its columns", async () => {
  using file = new CallFile(":memory:", "write");
  for (const [at, sessionId] of ["first", "second"].entries())
    appendCalls(
      file,
      Array.from({ length: 5_000 }, (_, n) =>
        call(`${at} ${n}`, { sessionId, durationMs: at * 1_000 + (n % 10) }),
      ),
    );
  // Whatever is read of it is a problem.
  file.db.exec("UPDATE segments SET team = zeroblob(3), session = zeroblob(3) WHERE first_seq = 0");
  const totals = new CallTotals(file, limits);
  expect(await totals.count(teamId, { sessionIds: ["second"] })).toBe(5_000);
  expect(await totals.count(teamId, { minDurationMs: 10 })).toBe(5_000);
  expect(await totals.count(teamId, { minDurationMs: 1_009 })).toBe(500);
  expect(await totals.count(teamId, { minDurationMs: 1_010 })).toBe(0);
  const reader = new CallReader(file, limits);
  expect((await reader.page(teamId, { limit: 5, sessionIds: ["second"] })).calls).toHaveLength(5);
  for (const filter of [{ sessionIds: ["first"] }, { minDurationMs: 9 }])
    await expect(totals.count(teamId, filter)).rejects.toMatchObject({ code: "internal_error" });
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
  expect(only).toContain("the segment of calls 0 to 299 is not what was written");
});

test("a segment of an append that failed is not taken for the next one, which gets its number", async () => {
  using file = new CallFile(":memory:", "write");
  for (let at = 0; at < 31; at++) appendCalls(file, [call(`${at}`)]);
  file.db.exec(
    "CREATE TEMP TRIGGER full BEFORE DELETE ON segments BEGIN SELECT raise(ABORT, 'full'); END",
  );
  expect(() => appendCalls(file, [call("refused")])).toThrow("full");
  file.db.exec("DROP TRIGGER full");
  appendCalls(file, [call("a"), call("b"), call("c")]);
  expect(count(file, "(SELECT count(*) FROM segments)")).toBe(1);
  expect(count(file, "(SELECT sum(calls) FROM segments)")).toBe(34);
  expect(await findDamage(file)).toEqual([]);
});

test.for(["team", "parent", "server", "outcome", "tool", "started", "duration", "seq"] as const)(
  "a damaged column %s is a problem with a name, and stops no append",
  async (column) => {
    using file = new CallFile(":memory:", "write");
    appendCalls(file, calls(3));
    file.db.exec(`UPDATE segments SET "${column}" = zeroblob(3)`);
    if (column === "started" || column === "duration" || column === "seq")
      file.db.exec(`UPDATE segments SET "${column}" = x'09'`);
    const reader = new CallReader(file, limits);
    await expect(reader.page(teamId, { limit: 10 })).rejects.toMatchObject({
      code: "internal_error",
    });
    for (let at = 0; at < 200; at++) appendCalls(file, [call(`later ${at}`)]);
    expect(reader.find(teamId, call("later 0").id)).toEqual(call("later 0"));
    expect(count(file, "(SELECT count(*) FROM segments)")).toBeLessThan(40);
  },
);

test("damage keeps neither age nor a removed server from taking the rest", async () => {
  using file = new CallFile(":memory:", "write");
  for (let at = 0; at < 3; at++)
    appendCalls(
      file,
      Array.from({ length: 4_200 }, (_, index) =>
        call(`${at} ${index}`, { startedAtMs: startMs + at, serverId: id(`server ${index % 2}`) }),
      ),
    );
  file.db.exec("UPDATE blocks SET bytes = zeroblob(length(bytes)) WHERE first_seq = 128");
  file.db.exec("UPDATE segments SET server = zeroblob(3), ids = zeroblob(7) WHERE first_seq = 0");
  const removal = new CallRemoval(file, new Residue(file));
  const pruning = new CallPruning(file, new Residue(file));
  const totals = new CallTotals(file, limits);
  const window = { sinceMs: startMs + 1 };
  expect(removal.hideServer(teamId, id("server 0"))).toBe(true);
  await removal.sweep();
  expect(count(file, "(SELECT sum(calls) FROM segments WHERE first_seq > 0)")).toBe(4_200);
  // The damaged segment may still hold some of its calls.
  expect(count(file, "(SELECT swept FROM removed_servers)")).toBe(0);
  expect(await totals.count(teamId, { window })).toBe(4_200);
  expect(await pruning.pruneBodies(startMs + 2)).toBe(4_200 - 128 + 2_100);
  expect(await pruning.prune(startMs + 2)).toBe(4_200 + 2_100);
  expect(count(file, "(SELECT sum(calls) FROM segments)")).toBe(2_100);
});

test.for([129, 1_000, 8_192])(
  "a server is erased from %i calls a block a step where that takes long, and all of it",
  async (size) => {
    using file = new CallFile(":memory:", "write");
    const others = calls(size).map((each, n) => ({
      ...each,
      serverId: id(n % 3 === 0 || n === size - 1 ? "gone" : "kept"),
    }));
    appendCalls(file, others);
    const kept = others.filter(({ serverId }) => serverId === id("kept"));
    let nowMs = 0;
    const slow = { nowMs: () => 0, monotonicMs: () => (nowMs += 1_000) };
    const removal = new CallRemoval(file, new Residue(file), slow);
    expect(removal.hideServer(teamId, id("gone"))).toBe(true);
    const bytes: number[] = [];
    const write = file.write.bind(file);
    const changed = "(SELECT sum(raw_bytes) + count(*) FROM blocks)";
    file.write = (work) => {
      const before = count(file, changed);
      const result = write(work);
      bytes.push(before - count(file, changed));
      return result;
    };
    await removal.sweep();
    const blocks = Math.ceil(size / 128);
    expect(bytes.filter((gone) => gone > 0)).toHaveLength(blocks);
    expect(count(file, "(SELECT count(*) FROM removed_servers WHERE swept = 0)")).toBe(0);
    expect(count(file, "(SELECT sum(calls) FROM segments)")).toBe(kept.length);
    expect(count(file, "(SELECT sum(calls) FROM blocks)")).toBe(kept.length);
    expect(await findDamage(file)).toEqual([]);
    expect(new CallReader(file, limits).find(teamId, kept[40]?.id ?? "")).toEqual(kept[40]);
  },
);

test("old calls of one team among those of others go eight blocks at a time", async () => {
  using file = new CallFile(":memory:", "write");
  appendCalls(
    file,
    calls(8_192).map((each, n) => ({ ...each, teamId: n % 50 === 0 ? teamId : otherTeamId })),
  );
  expect(count(file, "(SELECT count(*) FROM blocks)")).toBe(64);
  const removed: number[] = [];
  const write = file.write.bind(file);
  file.write = (work) => {
    const before = count(file, "(SELECT sum(calls) FROM segments)");
    const result = write(work);
    removed.push(before - count(file, "(SELECT sum(calls) FROM segments)"));
    return result;
  };
  const pruning = new CallPruning(file, new Residue(file));
  expect(await pruning.prune(Infinity, [teamId])).toBe(164);
  const steps = removed.filter((calls) => calls > 0);
  expect(steps).toHaveLength(8);
  expect(Math.max(...steps)).toBeLessThanOrEqual(Math.ceil((8 * 128) / 50));
  expect(count(file, "(SELECT sum(calls) FROM segments)")).toBe(8_028);
  expect(await findDamage(file)).toEqual([]);
});

test("damage keeps no other call of a team from coming of age", async () => {
  using file = new CallFile(":memory:", "write");
  for (let at = 0; at < 3; at++)
    appendCalls(
      file,
      calls(4_200).map((each, n) => ({
        ...each,
        id: call(`${at} ${n}`).id,
        teamId: n % 2 === 0 ? teamId : otherTeamId,
      })),
    );
  file.db.exec("UPDATE segments SET started = x'09' WHERE first_seq = 4200");
  const pruning = new CallPruning(file, new Residue(file));
  expect(await pruning.prune(Infinity, [teamId])).toBe(4_200);
  expect(count(file, "(SELECT sum(calls) FROM segments)")).toBe(2 * 2_100 + 4_200);
});

test("outcomes that nobody wrote keep no call from being appended, and none is lost with them", async () => {
  using file = new CallFile(":memory:", "write");
  const batch = (at: number) =>
    Array.from({ length: 2_000 }, (_, index) =>
      call(`${at} ${index}`, { startedAtMs: startMs + at }),
    );
  appendCalls(file, batch(0));
  file.db.exec("UPDATE segments SET outcome = x'0100000009090909d0070000'");
  for (let at = 1; at < 12; at++) appendCalls(file, batch(at));
  expect(count(file, "(SELECT sum(calls) FROM segments)")).toBe(24_000);
  expect(await new CallPruning(file, new Residue(file)).prune(startMs + 2)).toBe(4_000);
  expect(count(file, "(SELECT sum(calls) FROM segments)")).toBe(20_000);
});

test("a damaged block keeps others from being put together no more than with itself", async () => {
  using file = new CallFile(":memory:", "write");
  for (let at = 0; at < 9_000; at++) appendCalls(file, [call(`${at}`)]);
  file.db.exec("UPDATE blocks SET bytes = zeroblob(length(bytes)) WHERE first_seq = 7");
  const merging = new BlockMerging(file);
  await merging.merge(true);
  await merging.merge(true);
  expect(count(file, "(SELECT count(*) FROM blocks WHERE calls = 128)")).toBeGreaterThan(60);
  expect(count(file, "(SELECT sum(calls) FROM blocks)")).toBe(9_000);
});

test("an hour before the epoch is one like others", async () => {
  using file = new CallFile(":memory:", "write");
  appendCalls(
    file,
    Array.from({ length: 5_000 }, (_, at) => call(`${at}`, { startedAtMs: -5_000_000 + at })),
  );
  const hourMs = 3_600_000;
  const query = { window: { sinceMs: -3 * hourMs, untilMs: 0 }, bucketMs: hourMs };
  const { series } = await callMetrics(file, systemClock, teamId, query, undefined);
  expect(series.map(({ totalCalls }) => totalCalls)).toEqual([0, 5_000, 0]);
});

test("names go in steps, those in use stay", async () => {
  using file = new CallFile(":memory:", "write");
  const dayMs = 86_400_000;
  for (let at = 0; at < 3; at++)
    appendCalls(
      file,
      Array.from({ length: 8_000 }, (_, index) =>
        call(`${at} ${index}`, { startedAtMs: startMs + at * dayMs, sessionId: `${at} ${index}` }),
      ),
    );
  let steps = 0;
  const write = file.write.bind(file);
  file.write = (work) => {
    steps++;
    return write(work);
  };
  expect(await new CallPruning(file, new Residue(file)).prune(startMs + 2 * dayMs)).toBe(16_000);
  expect(steps).toBeGreaterThanOrEqual(4);
  expect(count(file, "(SELECT count(*) FROM names)")).toBe(8_000 + 5);
  expect(await findDamage(file)).toEqual([]);
});

test("clients that make up a name for each call cost metrics no more than what is listed", async () => {
  using file = new CallFile(":memory:", "write");
  for (let at = 0; at < 2; at++)
    appendCalls(
      file,
      Array.from({ length: 8_192 }, (_, index) =>
        call(`${at} ${index}`, {
          toolName: `tool ${at} ${index}`,
          clientName: `agent ${index % 3}`,
        }),
      ),
    );
  const hourMs = 3_600_000;
  const query = {
    window: { sinceMs: startMs - hourMs, untilMs: startMs + hourMs },
    bucketMs: hourMs,
  };
  const packed = vi.spyOn(TallyGroups.prototype, "pack");
  const metrics = await callMetrics(file, systemClock, teamId, query, undefined);
  expect(metrics.total.totalCalls).toBe(16_384);
  expect(metrics.byTool).toHaveLength(1_000);
  expect(metrics.byClient.map(({ totalCalls }) => totalCalls)).toEqual([5_462, 5_462, 5_460]);
  expect(packed.mock.results[0]?.value.size("tool")).toBeLessThanOrEqual(10_001);
});

test("values that as many calls have are told by name, in steps, but for what retention drops in between", async () => {
  using file = new CallFile(":memory:", "write");
  appendCalls(
    file,
    Array.from({ length: 2_000 }, (_, index) =>
      call(`${index}`, { sessionId: String(1_999 - index).padStart(4, "0") }),
    ),
  );
  let nowMs = 0;
  const hurried = { nowMs: () => 0, monotonicMs: () => (nowMs += 1) };
  const totals = new CallTotals(file, { clock: hurried, searchMaxMs: 1_000 });
  let steps = 0;
  const read = file.read.bind(file);
  file.read = (work) => {
    if (++steps === 2) file.db.exec("DELETE FROM names WHERE name = '0000'");
    return read(work);
  };
  const query = { filter: {}, fields: ["sessionId"], valuesMax: 2 } as const;
  expect(await totals.facets(teamId, query)).toEqual({
    sessionId: [
      { value: "0001", calls: 1 },
      { value: "0002", calls: 1 },
    ],
  });
  expect(steps).toBeGreaterThan(50);
});

test("ids of names are taken for new names only, and never for two", async () => {
  using file = new CallFile(":memory:", "write");
  const dayMs = 86_400_000;
  for (let day = 0; day < 50; day++)
    appendCalls(file, [call(`${day}`, { startedAtMs: startMs + day * dayMs })]);
  expect(count(file, "(SELECT seq FROM sqlite_sequence WHERE name = 'names')")).toBe(6);
  expect(await new CallPruning(file, new Residue(file)).prune(startMs + 49 * dayMs)).toBe(49);
  expect(count(file, "(SELECT count(*) FROM names)")).toBe(6);
  file.db.exec("UPDATE sqlite_sequence SET seq = 4294967294 WHERE name = 'names'");
  const last = call("last", { toolName: "the last name" });
  appendCalls(file, [last]);
  const reader = new CallReader(file, limits);
  expect(reader.find(teamId, last.id)).toEqual(last);
  const beyond = call("beyond", { toolName: "one too many" });
  expect(() => appendCalls(file, [beyond])).toThrow("used up");
  expect(reader.find(teamId, beyond.id)).toBeUndefined();
});
