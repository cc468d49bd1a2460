import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../clock.ts";
import { bootstrapOwner } from "../host/founding.ts";
import { openRegistry } from "../host/stores.ts";
import { newId } from "../id.ts";
import { plan } from "./plan.ts";

const plansFile = "docs/plans.example.json";

afterEach(() => void vi.restoreAllMocks());

async function openInstallation() {
  const dataDir = mkdtempSync(join(tmpdir(), "hookwatch-plan-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true }));
  const registry = openRegistry("sqlite:", dataDir);
  onTestFinished(() => registry[Symbol.asyncDispose]());
  const { team } = await bootstrapOwner(registry, systemClock);
  const run = (...words: string[]) =>
    plan.run(["--data-dir", dataDir, "--plans-file", plansFile, ...words]);
  return { dataDir, registry, team, run };
}

test("a team is on another plan, beside an open registry, and the audit log says so", async () => {
  const { registry, team, run } = await openInstallation();
  const said = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  await expect(run(team.id, "pro")).resolves.toBe(0);
  expect((await registry.findTeam(team.id))?.plan).toBe("pro");
  expect(said.mock.calls.join("")).toContain(`is on pro now`);
  const [entry] = await registry.audit(team.id, { limit: 1, actions: [] });
  expect(entry).toMatchObject({
    action: "team.plan_changed",
    details: { old_plan: team.plan, new_plan: "pro" },
  });
});

test("an unknown plan is refused with those there are, and nothing changes", async () => {
  const { registry, team, run } = await openInstallation();
  await expect(run(team.id, "gold")).rejects.toThrow('"gold" is none of free, pro, business');
  expect((await registry.findTeam(team.id))?.plan).toBe(team.plan);
});

test("an unknown team, no team id, too few words and a missing folder are refused in words", async () => {
  const { run } = await openInstallation();
  const unknown = newId();
  await expect(run(unknown, "pro")).rejects.toThrow(`there is no team ${unknown}`);
  await expect(run("acme", "pro")).rejects.toThrow("must be a UUID");
  await expect(run(unknown)).rejects.toThrow("needs a plan");
  const nowhere = join(tmpdir(), newId());
  await expect(plan.run(["--data-dir", nowhere, unknown, "default"])).rejects.toThrow(
    "start the host first",
  );
});

test("a file of plans that cannot be used is told, whatever is asked", async () => {
  const { dataDir, team } = await openInstallation();
  const file = join(dataDir, "plans.json");
  writeFileSync(file, '[{"name":"Free"}]');
  const run = plan.run(["--data-dir", dataDir, "--plans-file", file, team.id, "free"]);
  await expect(run).rejects.toThrow('plan 1 ("Free"): name: must be 1 to 40 characters');
});
