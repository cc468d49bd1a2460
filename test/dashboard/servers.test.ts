/** Servers: seen, changed, paused, given another proxy URL, deleted with their calls. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { dashboardForFile, describeInBrowser, makeTraffic, type Traffic } from "./rig.ts";

let traffic: Traffic;
const rig = dashboardForFile({}, async (made) => {
  traffic = await makeTraffic(made);
});

async function serverPage(id = traffic.registered.server.id): Promise<Page> {
  const page = await rig().visit(`/servers/${id}`);
  await page.getByRole("heading", { name: "Proxy URL" }).waitFor();
  return page;
}

describeInBrowser("a server", () => {
  test("has configuration for every client, and links for those that take them", async () => {
    const page = await serverPage();
    const { url } = traffic.registered;
    for (const client of [
      "Claude Desktop",
      "VS Code",
      "Windsurf",
      ".mcp.json",
      "curl",
      "Python",
      "TypeScript",
    ]) {
      await page.getByRole("tab", { name: client, exact: true }).click();
      expect(
        await page.getByRole("region", { name: `Configuration for ${client}` }).innerText(),
      ).toContain(url);
    }
    await page.getByRole("tab", { name: "Cursor", exact: true }).click();
    const link = await page.getByRole("link", { name: "Add to Cursor" }).getAttribute("href");
    const config = new URL(link ?? "").searchParams.get("config") ?? "";
    expect(JSON.parse(Buffer.from(config, "base64").toString())).toEqual({ url });
  });

  test("is paused and active again by a switch, at once for its callers", async () => {
    const page = await serverPage();
    const status = async () => (await fetch(traffic.registered.url, { method: "DELETE" })).status;
    const active = await status();
    await page.getByRole("switch", { name: "Calls pass" }).click();
    await page.getByText("Paused").first().waitFor();
    expect(await status()).toBe(404);
    await page.getByRole("switch", { name: "Calls pass" }).click();
    await page.getByText("Active", { exact: true }).waitFor();
    expect(await status()).toBe(active);
  });

  test("keeps what is changed in its settings, and says what is wrong where it was entered", async () => {
    const { expectComplaint, host } = rig();
    expectComplaint(/status of 400/);
    const page = await serverPage();
    await page.getByLabel("Name").fill("Travel desk, renamed");
    await page.getByLabel("Longest silence, seconds").fill("0.001");
    await page.getByRole("button", { name: "Save" }).click();
    expect(await page.getByRole("alert").innerText()).toMatch(/100/);
    await page.getByLabel("Longest silence, seconds").fill("45");
    await page.getByLabel("What is recorded").click();
    await page.getByRole("option", { name: "Metadata" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Travel desk, renamed" }).waitFor();
    const answer = await fetch(`${host.url}/v1/mcp/servers/${traffic.registered.server.id}`, {
      headers: { Authorization: `Bearer ${host.apiKey}` },
    });
    expect(await answer.json()).toMatchObject({
      ...{
        name: "Travel desk, renamed",
        capture_level: "metadata",
        upstream_idle_timeout_ms: 45_000,
      },
    });
  });

  test("is forwarded elsewhere only after a question that names both places", async () => {
    const page = await serverPage();
    await page.getByLabel("MCP URL").fill("http://127.0.0.1:9/elsewhere");
    await page.getByRole("button", { name: "Save" }).click();
    const question = page.getByRole("dialog");
    expect(await question.innerText()).toContain("http://127.0.0.1:9/elsewhere");
    expect(await question.innerText()).toContain(traffic.travel.url);
    await question.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("button", { name: "Discard changes" }).click();
    expect(await page.getByLabel("MCP URL").inputValue()).toBe(traffic.travel.url);
  });

  test("gets another proxy URL, and the old one ends", async () => {
    const { host } = rig();
    const { id, slug } = await host.api.addServer("Rotated", traffic.travel.url);
    const page = await serverPage(id);
    await page.getByRole("button", { name: "New proxy URL" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "New proxy URL" }).click();
    await page.getByText("The server has a new proxy URL").waitFor();
    await expect.poll(() => page.getByText(slug).count()).toBe(0);
    expect((await fetch(`${host.url}/p/${slug}`)).status).toBe(404);
  });

  test("is deleted only once its name is typed, after being told how many calls go with it", async () => {
    const { host } = rig();
    const { id } = await host.api.addServer("Short-lived", traffic.travel.url);
    const page = await serverPage(id);
    await page.getByRole("button", { name: "Delete server" }).click();
    const question = page.getByRole("dialog");
    await question.getByText("0 recorded calls go with it").waitFor();
    const confirm = question.getByRole("button", { name: "Delete server" });
    expect(await confirm.isDisabled()).toBe(true);
    await question.getByLabel(/Type/).fill("Short-lived");
    await confirm.click();
    await page.getByRole("heading", { name: "Servers" }).waitFor();
    await expect.poll(() => page.getByText("Short-lived").count()).toBe(0);
  });

  test("that is not there, or not ours, is said to be neither", async () => {
    const page = await rig().visit("/servers/019aa4b2-0000-7000-8000-000000000002");
    await page.getByRole("heading", { name: "There is no such server" }).waitFor();
  });
});
