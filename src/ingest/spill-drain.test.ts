import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { call, id } from "../../test/store/builders.ts";
import type { Call } from "../call.ts";
import { silentLog } from "../telemetry.ts";
import { toCalls } from "./parcel.ts";
import { bytesOf } from "./queue.ts";
import { Spill } from "./spill.ts";
import { SpillDrain } from "./spill-drain.ts";
import { encodeRecords, toPacked } from "./spill-records.ts";
import { toPortions } from "./waiting.ts";

const limits = { callsMax: 1_000, bytesMax: 4_194_304, parcelCallsMax: 50 };

let folder = "";
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "hookwatch-drain-")), "spill");
});
afterEach(() => rm(join(folder, ".."), { recursive: true }));

const open = (life: string) =>
  new Spill({ folder, life: id(life), maxBytes: 1e9, freeShareMin: 0, log: silentLog });

async function drainOf(spill: Spill): Promise<SpillDrain> {
  const file = spill.oldest();
  if (!file) throw new Error("no file can be read yet");
  return SpillDrain.open(spill, file);
}

const many = (count: number, changes: Partial<Call> = {}) =>
  Array.from({ length: count }, (_, n) => call(`${n}`, { rpcId: `${n}`, ...changes }));
const waiting = (calls: readonly Call[], shed = false) =>
  calls.map((one) => ({ call: one, shed, bytes: bytesOf(one), sinceMs: 0 }));

test("calls that waited on disk go to the store as the bytes that they were written as", async () => {
  await using spill = open("this life");
  const calls = many(120, { errorMessage: "half a pair \ud83d, 日本語" });
  await spill.put(waiting(calls))?.durable;
  const drain = await drainOf(spill);
  const batch = drain.batch(limits);
  const portions = toPortions(batch);
  expect(portions.map((portion) => portion instanceof Uint8Array)).toEqual([true, true, true]);
  expect([...toCalls(portions)]).toEqual(calls);
  expect(batch.map((one) => one.call)).toEqual(calls);
});

test("a batch ends at its number of calls or of bytes, and is the same until it was delivered", async () => {
  await using spill = open("this life");
  const calls = many(100, { requestBody: "x".repeat(10_000) });
  await spill.put(waiting(calls))?.durable;
  const drain = await drainOf(spill);
  const first = drain.batch({ ...limits, callsMax: 30 });
  expect(drain.batch(limits)).toBe(first);
  const found = [...toCalls(toPortions(first))];
  expect(found).toHaveLength(30);
  drain.delivered();
  for (let batch = drain.batch({ ...limits, bytesMax: 200_000 }); batch.length > 0; ) {
    expect(batch.length).toBeLessThanOrEqual(20);
    found.push(...toCalls(toPortions(batch)));
    drain.delivered();
    batch = drain.batch({ ...limits, bytesMax: 200_000 });
  }
  expect(found).toEqual(calls);
  expect(drain.lost).toBe(0);
});

test("calls of a few kilobytes and of megabytes are each in a parcel that holds no more than it must", async () => {
  await using spill = open("this life");
  const sizes = [10, 3_000_000, 20, 100_000, 200_000, 30];
  const calls = sizes.map((size, n) => call(`${n}`, { responseBody: "y".repeat(size) }));
  await spill.put(waiting(calls))?.durable;
  const portions = toPortions((await drainOf(spill)).batch(limits));
  expect([...toCalls(portions)]).toEqual(calls);
  expect(portions.map((portion) => [...toCalls([portion])].length)).toEqual([2, 3, 1]);
});

test("it is told of each call whether its bodies were left out", async () => {
  await using spill = open("this life");
  await spill.put([...waiting(many(2)), ...waiting(many(2), true)])?.durable;
  const batch = (await drainOf(spill)).batch(limits);
  expect(batch.map(({ shed }) => shed)).toEqual([false, false, true, true]);
});

test("calls that a version before packed calls left on disk are stored, and what is none of them is lost alone", async () => {
  await mkdir(folder);
  const [whole, row] = [
    call("whole", { requestBody: "é\ud83d" }),
    call("row", { requestBody: "" }),
  ];
  const records = [
    jsonRecord(JSON.stringify(whole), 0),
    jsonRecord('{"id":"of another make"}', 0),
    jsonRecord(JSON.stringify({ ...row, id: 7 }), 0),
    jsonRecord(JSON.stringify(row), 1),
  ];
  await writeFile(join(folder, `${id("earlier life")}-00000001.calls`), Buffer.concat(records));
  await using next = open("this life");
  const drain = await drainOf(next);
  const batch = drain.batch(limits);
  expect([...toCalls(toPortions(batch))]).toEqual([whole, row]);
  expect(batch.map(({ shed }) => shed)).toEqual([false, true]);
  drain.delivered();
  expect(drain.lost).toBe(2);
});

/** As versions before packed calls wrote them. */
function jsonRecord(text: string, form: number): Buffer {
  const payload = Buffer.from(text);
  const checked = Buffer.concat([Buffer.alloc(4), Buffer.from([form]), payload]);
  checked.writeUInt32LE(payload.length);
  const head = Buffer.from([0xff, 0x48, 0x57, 0x01, 0, 0, 0, 0]);
  head.writeUInt32LE(crc32(checked), 4);
  return Buffer.concat([head, checked]);
}

test.for(["{}", "[1]", "null", '"id"', "{", ""])(
  "what an earlier process of another make wrote as a call is lost alone: %s",
  async (text) => {
    await using spill = open("an earlier life");
    const calls = many(2);
    await spill.put(waiting(calls))?.durable;
    await spill[Symbol.asyncDispose]();
    const [name = ""] = await readdir(folder);
    const [before, after] = calls.map((one) => toPacked(one, false));
    const other = { payload: Buffer.from(text), shed: false };
    if (!before || !after) throw new Error("two calls");
    await writeFile(join(folder, name), encodeRecords([before, other, after]));
    await using next = open("this life");
    const drain = await drainOf(next);
    expect([...toCalls(toPortions(drain.batch(limits)))]).toEqual(calls);
    drain.delivered();
    expect(drain.batch(limits)).toEqual([]);
    expect(drain.lost).toBe(1);
  },
);
