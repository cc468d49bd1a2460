/** Sessions: found by who began them, read over time, with what servers asked meanwhile. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import type { CallRow } from "../e2e/api.ts";
import { connect } from "../e2e/clients.ts";
import { Signals } from "../e2e/signals.ts";
import { startUpstream } from "../e2e/upstream.ts";
import { dashboardForFile, describeInBrowser, makeTraffic, type Traffic } from "./rig.ts";

let traffic: Traffic;
/** Calls of a session in which the server asked the client's model, and its user. */
let asking: readonly CallRow[] = [];
const rig = dashboardForFile({}, async (made) => {
  traffic = await makeTraffic(made);
  await using upstream = await startUpstream(new Signals());
  const server = await made.host.api.addServer("Asking", upstream.url);
  await using agent = await connect("v2 legacy", server.proxy_url);
  // The server asks on this channel, and what it asks before it is open is lost.
  await agent.listen();
  await agent.callTool("sample", {});
  await agent.callTool("ask", {});
  await agent.endSession();
  asking = await made.host.untilCalls({ server_id: server.id }, (calls) =>
    calls.some(({ method }) => method === "DELETE"),
  );
});

const bars = (page: Page) =>
  page.getByRole("region", { name: "Calls over time" }).getByRole("button");

async function timeline(sessionId: string | null | undefined): Promise<Page> {
  const page = await rig().visit(`/sessions/${sessionId}`);
  await bars(page).first().waitFor();
  return page;
}

describeInBrowser("sessions", () => {
  test("are listed newest first, with their agent, server, calls and failures", async () => {
    const page = await rig().visit("/sessions");
    const rows = page.getByRole("table", { name: "Sessions" }).getByRole("row");
    await rows.nth(3).waitFor();
    const [first, second] = [await rows.nth(1).innerText(), await rows.nth(2).innerText()];
    expect(first).toContain("e2e-agent");
    expect(first).toContain("Asking");
    expect(second).toContain("desk-assistant");
    await rows.nth(2).getByText("1 failed").waitFor();
    await rows.nth(2).getByRole("link").click();
    await bars(page).first().waitFor();
    expect(page.url()).toMatch(/\/sessions\/[0-9a-f]{32}$/);
  });

  test("show every call in its place, and what the server asked inside the call it asked it in", async () => {
    const own = asking.filter(({ session_id }) => session_id !== null);
    const page = await timeline(own[0]?.session_id);
    expect(await bars(page).count()).toBe(own.length);
    const counted = own.filter(({ kind }) => kind !== "http").length;
    expect(counted).toBeLessThan(own.length);
    await page.getByText(`${counted} calls`).waitFor();
    const names = await bars(page).allInnerTexts();
    const at = (name: string) => names.findIndex((text) => text.includes(name));
    expect(at("sampling/createMessage")).toBe(at("sample") + 1);
    expect(at("elicitation/create")).toBe(at("ask") + 1);
    const indent = (name: string) =>
      bars(page)
        .nth(at(name))
        .locator("span")
        .first()
        .evaluate((span) => Number.parseFloat(getComputedStyle(span).paddingLeft));
    expect(await indent("sampling/createMessage")).toBeGreaterThan(await indent("initialize"));
  });

  test("zoom by buttons and by dragging, and keep what is shown in the address", async () => {
    const page = await timeline(
      traffic.calls.find(({ tool_name }) => tool_name === "search_docs")?.session_id,
    );
    const span = () => {
      const { searchParams } = new URL(page.url());
      return Number(searchParams.get("to")) - Number(searchParams.get("from"));
    };
    await page.getByRole("button", { name: "Zoom in" }).click();
    await expect.poll(span).toBeGreaterThan(0);
    const once = span();
    await page.getByRole("button", { name: "Zoom in" }).click();
    await expect.poll(span).toBeLessThan(once);
    await page.getByRole("button", { name: "Show all of it" }).click();
    await expect.poll(() => new URL(page.url()).search).toBe("");
    const scale = await page.getByTitle("Drag to zoom").boundingBox();
    if (!scale) throw new Error("the scale is not shown");
    const y = scale.y + scale.height / 2;
    await page.mouse.move(scale.x + 20, y);
    await page.mouse.down();
    await page.mouse.move(scale.x + 220, y, { steps: 4 });
    await page.mouse.up();
    await expect.poll(span).toBeGreaterThan(0);
  });

  test("open a call beside them, and go on by keys", async () => {
    const page = await timeline(asking[0]?.session_id ?? traffic.calls[0]?.session_id);
    await bars(page).first().click();
    const panel = page.getByRole("complementary", { name: "Call" });
    await panel.getByRole("heading", { name: "initialize" }).waitFor();
    await page.keyboard.press("j");
    await panel.getByRole("heading", { name: "notifications/initialized" }).waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "hidden" });
  });

  test("that are no more say so", async () => {
    const page = await rig().visit(`/sessions/${"0".repeat(32)}`);
    await page.getByText("No calls of this session").waitFor();
  });
});
