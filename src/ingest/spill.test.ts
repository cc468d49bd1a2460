import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { call, id } from "../../test/store/builders.ts";
import { silentLog } from "../telemetry.ts";
import { unpackCall } from "./packed-call.ts";
import { bytesOf } from "./queue.ts";
import { Spill, type SpillFile, type SpillOptions } from "./spill.ts";
import { encodeRecords, readRecords, type SpillRecord } from "./spill-records.ts";
import type { Waiting } from "./waiting.ts";

let folder = "";
const spills: Spill[] = [];
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), "hookwatch-spill-")), "spill");
});
afterEach(async () => {
  for (const spill of spills.splice(0)) await spill[Symbol.asyncDispose]();
  await rm(join(folder, ".."), { recursive: true });
});

const open = (options: Partial<SpillOptions> = {}) => {
  const spill = new Spill({
    folder,
    life: id("this life"),
    maxBytes: 1_000_000,
    freeShareMin: 0,
    log: silentLog,
    ...options,
  });
  spills.push(spill);
  return spill;
};

const waiting = (label: string, bodyBytes = 10): Waiting => {
  const one = call(label, { requestBody: "x".repeat(bodyBytes), requestBytes: bodyBytes });
  return { call: one, shed: false, bytes: bytesOf(one), sinceMs: 0 };
};

const files = async () => (await readdir(folder)).sort();

async function labels(
  spill: Spill,
  file: SpillFile | undefined,
): Promise<readonly (string | undefined)[]> {
  if (!file) return [];
  return [...readRecords(await spill.read(file))].map((entry) =>
    "payload" in entry ? unpackCall(entry.payload).id : "lost",
  );
}

test("calls are read back file by file in the order in which they were put", async () => {
  const spill = open({ fileMaxBytes: 1_500 });
  const all = Array.from({ length: 10 }, (_, n) => waiting(`${n}`));
  await Promise.all(all.map((one) => spill.put([one])?.durable));
  expect(spill.files).toBeGreaterThan(3);
  const found: (string | undefined)[] = [];
  for (let file = spill.oldest(); file; file = spill.oldest()) {
    expect(file).toMatchObject({ origin: "here" });
    found.push(...(await labels(spill, file)));
    await spill.remove(file);
  }
  expect(found).toEqual(all.map((one) => one.call.id));
  expect(await files()).toEqual([]);
  expect(spill).toMatchObject({ files: 0, bytes: 0, oldestMs: undefined });
});

test("a file can be read once it is durable, and takes no more then", async () => {
  const spill = open();
  const put = spill.put([waiting("a")]);
  expect(spill.oldest()).toBeUndefined();
  await put?.durable;
  await spill.put([waiting("b")])?.durable;
  expect(await labels(spill, spill.oldest())).toEqual([id("call a")]);
});

test("files are for their owner alone", async () => {
  const spill = open();
  await spill.put([waiting("a")])?.durable;
  const { mode } = await stat(join(folder, (await files())[0] ?? ""));
  expect(mode & 0o777).toBe(0o600);
});

test("the next process finds what this one left, and tells it from its own", async () => {
  await open().put([waiting("a")])?.durable;
  const successor = open();
  await successor.put([waiting("b")])?.durable;
  const left = successor.oldest();
  expect(left).toMatchObject({ origin: "inherited" });
  expect(await labels(successor, left)).toEqual([id("call a")]);
  const other = open({ life: id("another life") });
  expect(other).toMatchObject({ files: 2, hasInherited: false });
  expect(other.oldest()).toMatchObject({ origin: "earlier_process" });
  expect(await files()).toHaveLength(2);
});

test("other files in the folder are left alone", async () => {
  open();
  await writeFile(join(folder, "notes.txt"), "mine");
  const spill = open();
  expect(spill.files).toBe(0);
  expect(await readFile(join(folder, "notes.txt"), "utf8")).toBe("mine");
});

test("from three quarters of the limit on calls go without their bodies, and beyond it not at all", async () => {
  const maxBytes = 100_000;
  const spill = open({ maxBytes });
  for (let n = 0; n < 200; n += 1) {
    const put = spill.put([waiting(`${n}`, 2_000)]);
    if (!put) break;
    await put.durable;
  }
  const file = spill.oldest() as SpillFile;
  const records = [...readRecords(await spill.read(file))] as SpillRecord[];
  const whole = records.filter(({ shed }) => !shed);
  const rows = records.filter((one) => one.shed && unpackCall(one.payload).requestBody === "");
  const wholeBytes = encodeRecords(whole).length;
  expect(wholeBytes / maxBytes).toBeGreaterThan(0.6);
  expect(wholeBytes / maxBytes).toBeLessThanOrEqual(0.75);
  expect(records).toEqual([...whole, ...rows]);
  expect(file.bytes / maxBytes).toBeGreaterThan(0.9);
  expect(file.bytes).toBeLessThanOrEqual(maxBytes);
});

test("what others need of the disk is not touched", () => {
  expect(open({ freeShareMin: 1 }).put([waiting("a")])).toBeUndefined();
});

test("after a file has failed the next calls go to another one", async () => {
  const spill = open();
  await rm(folder, { recursive: true });
  await expect(spill.put([waiting("a")])?.durable).rejects.toThrow(/ENOENT/);
  await mkdir(folder);
  await spill.put([waiting("b")])?.durable;
  expect(await labels(spill, spill.oldest())).toEqual([id("call b")]);
  expect(spill.files).toBe(1);
});

test("a disk that fails twice in a row is left in peace for a second", async () => {
  let nowMs = 0;
  const spill = open({ clock: { nowMs: () => nowMs, monotonicMs: () => nowMs } });
  await rm(folder, { recursive: true });
  for (let n = 0; n < 2; n += 1) {
    await expect(spill.put([waiting(`${n}`)])?.durable).rejects.toThrow();
  }
  expect(spill.put([waiting("2")])).toBeUndefined();
  nowMs = 1_000;
  await expect(spill.put([waiting("3")])?.durable).rejects.toThrow();
});

test("a copy that nobody wants any more is deleted though it was being written", async () => {
  const spill = open();
  const put = spill.put([waiting("a")], true);
  if (put) await spill.remove(put.file);
  expect(spill.oldest()).toBeUndefined();
  await put?.durable;
  await vi.waitFor(async () => expect(await files()).toEqual([]));
});

test("what was cut from a file is told as lost, whoever wrote it", async () => {
  const earlier = open();
  await earlier.put([waiting("a"), waiting("b")])?.durable;
  const path = join(folder, (await files())[0] ?? "");
  await truncate(path, (await readFile(path)).length - 5);
  await chmod(path, 0o600);
  const spill = open();
  expect(await labels(spill, spill.oldest())).toEqual([id("call a"), "lost"]);
});
