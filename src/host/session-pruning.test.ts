import { expect, test } from "vitest";
import { dayMs, openAccessRig } from "../../test/access/rig.ts";
import { until } from "../../test/e2e/until.ts";
import { silentLog } from "../telemetry.ts";
import { SessionPruning } from "./session-pruning.ts";

test("sessions that are over go, those that are not stay", async () => {
  await using rig = await openAccessRig();
  await rig.begin(rig.owner, "token");
  rig.pass(dayMs);
  const { session } = await rig.begin(rig.owner, "cookie");
  rig.pass(6 * dayMs + 1);
  using _pruning = new SessionPruning(rig.registry, rig.clock, silentLog, 0);
  const left = () => rig.registry.sessions(rig.owner.user.id);
  const present = await until("the first to go", 2_000, left, ({ length }) => length === 1);
  expect(present.map(({ id }) => id)).toEqual([session.id]);
});

test("a run that fails is told, and nothing else", async () => {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (_: unknown, message: string) => void warnings.push(message) };
  const registry = { pruneSessions: () => Promise.reject(new Error("away")) };
  const clock = { nowMs: () => 0, monotonicMs: () => 0 };
  using _pruning = new SessionPruning(registry, clock, log, 0);
  await until(
    "the warning",
    2_000,
    () => warnings.length,
    (count) => count === 1,
  );
});
