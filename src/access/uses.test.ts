import { expect, test } from "vitest";
import { minuteMs, openAccessRig } from "../../test/access/rig.ts";
import { until } from "../../test/e2e/until.ts";
import { silentLog } from "../telemetry.ts";
import { Uses } from "./uses.ts";

/** A minute that the test's clock makes, looked at each millisecond. */
const pace = { intervalMs: minuteMs, tickMs: 1 };

async function open() {
  const rig = await openAccessRig();
  const { key } = await rig.addKey();
  const writes: string[] = [];
  const registry = {
    noteKeyUse: async (...note: Parameters<typeof rig.registry.noteKeyUse>) => {
      await rig.registry.noteKeyUse(...note);
      writes.push(note[2]);
    },
    changeSession: rig.registry.changeSession,
  };
  const uses = new Uses(registry, rig.clock, silentLog, pace);
  const written = (count: number) =>
    until(
      "writes",
      2_000,
      () => writes.length,
      (length) => length >= count,
    );
  const present = async () => {
    const [found] = await rig.registry.keys(key.teamId);
    return found ?? key;
  };
  return {
    ...{ rig, key, uses, writes, written, present },
    strangers: async () =>
      (await rig.audited()).filter(({ action }) => action === "key.used_from_new_address"),
    async [Symbol.asyncDispose]() {
      await uses[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

test("a use is noted soon, with its time and address", async () => {
  await using it = await open();
  it.uses.noteKey(it.key, "192.0.2.1");
  await it.written(1);
  expect(await it.present()).toMatchObject({
    lastUsedAtMs: it.rig.clock.nowMs(),
    lastUsedIp: "192.0.2.1",
  });
});

test("a thousand uses are one write, and the next comes when the minute is over", async () => {
  await using it = await open();
  for (let at = 0; at < 1_000; at++) it.uses.noteKey(it.key, "192.0.2.1");
  await it.written(1);
  for (let at = 0; at < 1_000; at++) it.uses.noteKey(it.key, "192.0.2.1");
  it.rig.pass(minuteMs - 1);
  // Long enough for many looks at what is due.
  await until("ticks", 1_000, () => performance.now(), after(50));
  expect(it.writes).toHaveLength(1);
  it.rig.pass(1);
  await it.written(2);
  expect(it.writes).toHaveLength(2);
});

test("a new address within the minute is not lost under the uses that follow it", async () => {
  await using it = await open();
  it.uses.noteKey(it.key, "192.0.2.1");
  await it.written(1);
  const key = await it.present();
  it.uses.noteKey(key, "203.0.113.9");
  for (let at = 0; at < 100; at++) it.uses.noteKey(key, "192.0.2.1");
  it.rig.pass(minuteMs);
  await it.written(2);
  expect(it.writes).toEqual(["192.0.2.1", "203.0.113.9"]);
  expect((await it.strangers()).at(-1)).toMatchObject({
    sourceIp: "203.0.113.9",
    subjectId: it.key.id,
    details: { name: "a key", last_used_ip: "192.0.2.1" },
  });
});

test("a key that goes to and fro between addresses is told of once for each", async () => {
  await using it = await open();
  for (let round = 0; round < 6; round++) {
    it.uses.noteKey(await it.present(), round % 2 === 0 ? "192.0.2.1" : "192.0.2.2");
    await it.written(round + 1);
    it.rig.pass(minuteMs);
  }
  expect((await it.strangers()).map(({ sourceIp }) => sourceIp)).toEqual([
    "192.0.2.1",
    "192.0.2.2",
  ]);
});

test("what is due when the host stops is still written", async () => {
  const it = await open();
  it.uses.noteKey(it.key, "192.0.2.1");
  await it.uses[Symbol.asyncDispose]();
  expect(it.writes).toEqual(["192.0.2.1"]);
  await it.rig[Symbol.asyncDispose]();
});

test("beyond 10,000 keys those used least lately are forgotten, not those that wait to be written", async () => {
  await using it = await open();
  for (let at = 0; at < 10_001; at++) it.uses.noteKey({ ...it.key, id: `${at}` }, "192.0.2.1");
  await it.uses[Symbol.asyncDispose]();
  expect(it.writes).toHaveLength(10_000);
});

test("a session of the dashboard is kept from idling by its use", async () => {
  await using it = await open();
  const { session } = await it.rig.begin(it.rig.owner, "cookie");
  it.rig.pass(5 * minuteMs);
  it.uses.noteSession(session);
  const used = await until(
    "the use",
    2_000,
    () => it.rig.registry.findSession(session.id),
    (found) => found?.lastUsedAtMs === it.rig.clock.nowMs(),
  );
  expect(used).toBeDefined();
});

function after(ms: number): (nowMs: number) => boolean {
  const startMs = performance.now();
  return (nowMs) => nowMs - startMs > ms;
}
