/** A log that is not whole says so where it is read. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openCallLog } from "../../src/host/stores.ts";
import { newId } from "../../src/id.ts";
import { startRig } from "../e2e/rig.ts";
import { chromiumPath } from "./chromium.ts";
import { dashboardForFile, describeInBrowser } from "./rig.ts";

const apiKey = `test_${"losses".repeat(8)}`;
const dataDir = await mkdtemp(join(tmpdir(), "hookwatch-losses-"));
if (chromiumPath !== undefined) await lose();
const rig = dashboardForFile({ dataDir, apiKey });
afterAll(() => rm(dataDir, { recursive: true, force: true }));

describeInBrowser("a log with losses", () => {
  test("tells beside the list how many calls of its time are missing, and leads to why", async () => {
    const page = await rig().visit("/calls?range=1h");
    const notice = page.getByRole("note");
    await notice.waitFor();
    expect(await notice.innerText()).toContain("1,234 calls of this time could not be recorded.");
    expect(await notice.innerText()).toContain("7 were recorded without their bodies.");
    await notice.getByRole("link", { name: "What is missing" }).click();
    await page.getByText("queue_full").waitFor();
  });

  test("tells nothing of losses at other times", async () => {
    const page = await rig().visit("/calls?from=2026-01-01&to=2026-01-02");
    await page.getByRole("heading", { name: "No calls in this time" }).waitFor();
    await page.waitForFunction(() => document.querySelector(".animate-pulse") === null);
    expect(await page.getByRole("note").count()).toBe(0);
  });
});

async function lose(): Promise<void> {
  const host = await startRig({ dataDir, apiKey });
  const { id: serverId, team_id: teamId } = await host.api.addServer("Busy", "http://127.0.0.1:9/");
  await host[Symbol.asyncDispose]();
  await using log = openCallLog("sqlite:", dataDir, "write");
  const untilMs = Date.now() - 60_000;
  const span = { teamId, serverId, fromMs: untilMs - 1_000, untilMs };
  await log.addLosses([
    { ...span, id: newId(), kind: "call", reason: "queue_full", calls: 1_234 },
    { ...span, id: newId(), kind: "bodies", reason: "memory_full", calls: 7 },
  ]);
}
