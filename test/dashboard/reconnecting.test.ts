/** The live list over a restart of the host: it says that it lost it, comes back, and misses nothing. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startMcpEndpoint } from "../../demo/mcp-endpoint.ts";
import { travelServer } from "../../demo/travel-server.ts";
import { connect } from "../e2e/clients.ts";
import { startRig } from "../e2e/rig.ts";
import { openChromium } from "./chromium.ts";
import { describeInBrowser, desktop } from "./rig.ts";

describeInBrowser("the live list", () => {
  test("misses nothing of what ended while the host was away", async () => {
    await using cleanup = new AsyncDisposableStack();
    const dataDir = await mkdtemp(join(tmpdir(), "hookwatch-restart-"));
    cleanup.defer(() => rm(dataDir, { recursive: true, force: true }));
    const travel = cleanup.use(await startMcpEndpoint(travelServer));
    const browser = await openChromium();
    cleanup.defer(() => browser.close());

    const first = await startRig({ dataDir });
    const { apiKey, port } = first;
    const { url } = await first.register(travel.url);
    const context = await browser.newContext(desktop);
    await context.addInitScript((key) => {
      if (window.origin !== "null") sessionStorage.setItem("hookwatch.api-key", key);
    }, apiKey);
    const page = await context.newPage();
    await forecast(url);
    await page.goto(`${first.url}/calls?tool_name=get_forecast`);
    const rows = page.getByRole("grid", { name: "Calls" }).getByRole("row");
    await page.getByRole("button", { name: "Live" }).waitFor();
    await expect.poll(() => rows.count()).toBe(1);

    await first[Symbol.asyncDispose]();
    await page.getByRole("button", { name: "Reconnecting" }).waitFor();
    const environment = { HOOKWATCH_PORT: String(port) };
    cleanup.use(await startRig({ dataDir, apiKey, environment }));
    await forecast(url);
    await forecast(url);
    await page.getByRole("button", { name: "Live" }).waitFor();
    await expect.poll(() => rows.count(), { timeout: 5_000 }).toBe(3);
  });
});

async function forecast(url: string): Promise<void> {
  await using agent = await connect("v2 modern", url);
  await agent.callTool("get_forecast", { city: "Oslo" });
}
