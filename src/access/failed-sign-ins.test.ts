import { expect, test } from "vitest";
import { openAccessRig } from "../../test/access/rig.ts";
import { until } from "../../test/e2e/until.ts";
import { type LogFields, silentLog } from "../telemetry.ts";
import { FailedSignIns } from "./failed-sign-ins.ts";

async function open() {
  const rig = await openAccessRig();
  const lines: { readonly fields: LogFields; readonly message: string }[] = [];
  const line = (fields: LogFields, message: string) => void lines.push({ fields, message });
  const log = { ...silentLog, info: line, warn: line };
  const failures = new FailedSignIns(rig.registry, rig.clock, log, 1);
  return {
    ...{ rig, lines, failures },
    async [Symbol.asyncDispose]() {
      await failures[Symbol.asyncDispose]();
      await rig[Symbol.asyncDispose]();
    },
  };
}

test("a failure is told to the team that its user would have come into, after the answer", async () => {
  await using it = await open();
  it.failures.note(it.rig.owner.user.id, "192.0.2.1", "password");
  expect(await it.rig.audited()).toEqual([]);
  const entries = await until("the entry", 2_000, it.rig.audited, ({ length }) => length === 1);
  expect(entries).toMatchObject([
    {
      action: "user.sign_in_failed",
      sourceIp: "192.0.2.1",
      subjectId: it.rig.owner.user.id,
      details: { proof: "password" },
    },
  ]);
  // Nobody of the team did it: whoever tried is not known to be that user.
  expect(entries[0]?.userId).toBeUndefined();
});

test("for an address that nobody has there is a line in the log, without the address", async () => {
  await using it = await open();
  it.failures.note(undefined, "192.0.2.1", "password");
  await until(
    "the line",
    2_000,
    () => it.lines.length,
    (count) => count === 1,
  );
  expect(it.lines).toEqual([
    { fields: { sourceIp: "192.0.2.1" }, message: "a sign-in failed, nobody has that address" },
  ]);
});

test("beyond a thousand that wait, failures are counted and no more", async () => {
  await using it = await open();
  for (let at = 0; at < 1_005; at++)
    it.failures.note(it.rig.owner.user.id, "192.0.2.1", "password");
  await it.failures[Symbol.asyncDispose]();
  expect(await it.rig.audited()).toHaveLength(1_000);
  expect(it.lines).toEqual([
    { fields: { omitted: 5 }, message: "more sign-ins failed than were recorded" },
  ]);
});

test("one that cannot be recorded is told, and does not keep the others from it", async () => {
  await using it = await open();
  const { addAudit } = it.rig.registry;
  let calls = 0;
  it.rig.registry.addAudit = (event) =>
    calls++ === 0 ? Promise.reject(new Error("away")) : addAudit(event);
  for (let at = 0; at < 3; at++) it.failures.note(it.rig.owner.user.id, "192.0.2.1", "password");
  await it.failures[Symbol.asyncDispose]();
  expect(await it.rig.audited()).toHaveLength(2);
  expect(it.lines.map(({ message }) => message)).toEqual([
    "a failed sign-in could not be recorded",
  ]);
});

test("whatever else there is to do gets its turn between two entries", async () => {
  await using it = await open();
  for (let at = 0; at < 50; at++) it.failures.note(it.rig.owner.user.id, "192.0.2.1", "password");
  let turns = 0;
  let turning = setImmediate(function turn() {
    turns += 1;
    turning = setImmediate(turn);
  });
  await it.failures[Symbol.asyncDispose]();
  clearImmediate(turning);
  expect(await it.rig.audited()).toHaveLength(50);
  expect(turns).toBeGreaterThanOrEqual(49);
});
