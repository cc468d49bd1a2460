/** The three threads of the write path, real ones, on a real file. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { id, teamId } from "../../test/store/builders.ts";
import { type Account, dropReasons } from "../ingest/accounting.ts";
import { silentLog } from "../telemetry.ts";
import { Recorder } from "./recorder.ts";
import { Writer } from "./writer.ts";

let dataDir = "";
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "hookwatch-recorder-"));
});
afterEach(() => rm(dataDir, { recursive: true }));

const patience = { timeout: 15_000, interval: 20 };

async function open() {
  await using stack = new AsyncDisposableStack();
  const data = { callsUrl: "sqlite:", dataDir };
  const writer = stack.use(await Writer.open(data, silentLog));
  const spill = { folder: join(dataDir, "spill"), maxBytes: 100_000_000 };
  const digestKey = new Uint8Array(32);
  const settings = { bodyCaptureMaxBytes: 65_536, digestKey, spill };
  const recorder = stack.use(await Recorder.open(settings, writer, silentLog));
  const opened = stack.move();
  return {
    writer,
    recorder,
    account: async () => (await recorder.statistics()).account,
    count: () => writer.thread.call<number>("count", teamId, {}),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** So many calls of one server, from the first byte to the last. */
function exchange(recorder: Recorder, calls: number): void {
  for (let n = 0; n < calls; n += 1) {
    const witness = recorder.watch({
      serverId: id("server"),
      teamId,
      startedAtMs: Date.now(),
      method: "POST",
      path: "",
      rawHeaders: ["content-type", "application/json"],
      sourceIp: "127.0.0.1",
      captureLevel: "redacted",
    });
    witness.request(Buffer.from(`{"jsonrpc":"2.0","id":${n},"method":"ping"}`));
    witness.requestEnd();
    witness.head(200, ["content-type", "application/json"]);
    witness.response(Buffer.from(`{"jsonrpc":"2.0","id":${n},"result":{}}`));
    witness.end({ outcome: "complete", reason: "" });
  }
}

/** Another program that writes to the log's file, so that the writer waits in the middle of its work. */
function holdFile(): Disposable {
  const database = new DatabaseSync(join(dataDir, "calls.db"));
  database.exec("BEGIN IMMEDIATE");
  return {
    [Symbol.dispose]() {
      database.exec("ROLLBACK");
      database.close();
    },
  };
}

const sum = (account: Account) =>
  dropReasons.reduce((all, reason) => all + account.dropped[reason], 0) +
  account.stored +
  account.bodiesShed +
  account.discarded +
  account.pendingMemory +
  account.pendingSpill;

test("calls are stored, and those who wait for them are told", async () => {
  await using log = await open();
  const told = vi.fn();
  log.recorder.onStored(told);
  exchange(log.recorder, 3);
  await vi.waitFor(() => expect(told).toHaveBeenCalled(), patience);
  await vi.waitFor(async () => expect(await log.count()).toBe(3), patience);
  expect(log.recorder.unreadiness).toBeUndefined();
});

test("a writer that dies is replaced, and calls go on to the next one", async () => {
  await using log = await open();
  exchange(log.recorder, 2);
  await vi.waitFor(async () => expect((await log.account()).stored).toBe(2), patience);
  log.writer.thread.post({ recorder: "no port" }, []);
  await vi.waitFor(() => expect(log.writer.thread.deaths).toBe(1), patience);
  expect(log.recorder.unreadiness).toMatch(/writer .* is being replaced/);
  exchange(log.recorder, 5);
  await vi.waitFor(async () => expect((await log.account()).stored).toBe(7), patience);
  expect(await log.count()).toBe(7);
  expect(sum(await log.account())).toBe(7);
}, 30_000);

test("capture goes on while a commit hangs, and what it saw outlives the recorder", async () => {
  await using log = await open();
  {
    using _ = holdFile();
    exchange(log.recorder, 4);
    const files = async () => (await log.recorder.statistics()).spill.files;
    await vi.waitFor(async () => expect(await files()).toBe(1), patience);
    // That is the copy of the batch that hangs; these are behind it.
    exchange(log.recorder, 3);
    await vi.waitFor(async () => {
      const { spill, account } = await log.recorder.statistics();
      expect(account.accepted).toBe(7);
      expect(spill.files).toBeGreaterThan(1);
      expect(account.pendingSpill).toBeGreaterThan(0);
    }, patience);
    log.recorder.thread.post({ slab: "no slab" }, []);
    await vi.waitFor(() => expect(log.recorder.thread.deaths).toBe(1), patience);
  }
  exchange(log.recorder, 2);
  await vi.waitFor(() => expect(log.recorder.thread.alive).toBe(true), patience);
  exchange(log.recorder, 1);
  await vi.waitFor(async () => expect(await log.count()).toBeGreaterThanOrEqual(8), patience);
  await vi.waitFor(async () => {
    const { account, spill } = await log.recorder.statistics();
    expect(sum(account)).toBe(account.accepted);
    expect(account).toMatchObject({ pendingMemory: 0, pendingSpill: 0 });
    expect(spill.files).toBe(0);
  }, patience);
  expect(await log.count()).toBe(8);
}, 40_000);
