/** From the link that the host prints to the first recorded call, as somebody does it who reads no documentation. */
import { expect, test } from "vitest";
import { startMcpEndpoint } from "../../demo/mcp-endpoint.ts";
import { travelServer } from "../../demo/travel-server.ts";
import { connect } from "../e2e/clients.ts";
import { dashboardForFile, describeInBrowser } from "./rig.ts";

const rig = dashboardForFile();
/** What a new user is promised. */
const firstCallMaxMs = 120_000;

/** The page behind the link that the host printed; good for one use. */
function signInPath(): string {
  const line = rig().host.output.find((text) => text.includes("/sign-in#token="));
  return new URL(line?.trim() ?? "").href.replace(rig().host.url, "");
}

describeInBrowser("the first minute", () => {
  test("leads from the printed link over a real server to its first call, in less than two minutes", async () => {
    const { visitAsStranger } = rig();
    await using travel = await startMcpEndpoint(travelServer);
    const began = performance.now();
    const page = await visitAsStranger(signInPath());
    await page.getByRole("heading", { name: "See your first call" }).waitFor();
    await page.getByLabel("MCP URL").fill(travel.url);
    await page.getByRole("button", { name: "Check connection" }).click();
    const steps = page.getByRole("list", { name: "Steps of the check" });
    await steps.waitFor();
    expect(await steps.innerText()).toMatch(/Connection\s+port \d+ accepts connections/);
    await page.getByRole("button", { name: "Add server" }).click();
    await page.getByText("Waiting for the first call").waitFor();
    const command = await page
      .getByRole("region", { name: "Configuration for Claude Code" })
      .innerText();
    const proxyUrl = /http:\S+\/p\/\w+/.exec(command)?.[0] ?? "";
    expect(command).toMatch(/^claude mcp add --transport http [a-z0-9-]+ http/);
    await using agent = await connect("v2 modern", proxyUrl);
    await agent.callTool("get_forecast", { city: "Oslo" });
    await page.getByRole("link", { name: /tools\/call\s*get_forecast/ }).waitFor();
    console.info(`from the link to the first call: ${Math.round(performance.now() - began)} ms`);
    expect(performance.now() - began).toBeLessThan(firstCallMaxMs);
    await page.getByRole("link", { name: "Show all calls" }).click();
    await page.getByRole("grid", { name: "Calls" }).getByText("get_forecast").waitFor();
    expect(new URL(page.url()).hash).toBe("");
  });

  test("the link works once", async () => {
    const { visitAsStranger, expectComplaint } = rig();
    expectComplaint(/status of 401/);
    const page = await visitAsStranger(signInPath());
    await page.getByRole("heading", { name: "This link signs nobody in" }).waitFor();
  });

  test("needs no server of one's own: the demo server and a test call will do", async () => {
    const page = await rig().visit("/start");
    await page.getByRole("button", { name: "Use the demo server" }).click();
    await page.getByRole("button", { name: "Send a test call" }).click();
    await page.getByRole("link", { name: /tools\/list/ }).waitFor();
  });

  test("says what is wrong with a server before it is added, and lets it be added all the same", async () => {
    const page = await rig().visit("/start");
    await page.getByLabel("MCP URL").fill("http://127.0.0.1:9/mcp");
    await page.getByRole("button", { name: "Check connection" }).click();
    const failed = page.getByRole("listitem").filter({ hasText: "failed:" });
    expect(await failed.first().innerText()).toContain("Connection");
    await page.getByLabel("Name").fill("Not there yet");
    await page.getByRole("button", { name: "Add it anyway" }).click();
    await page.getByText("Waiting for the first call").waitFor();
  });

  test("refuses what is no URL where it was entered", async () => {
    const { visit, expectComplaint } = rig();
    expectComplaint(/status of 400/);
    const page = await visit("/start");
    await page.getByLabel("MCP URL").fill("http://user:secret@example.com/mcp");
    await page.getByRole("button", { name: "Check connection" }).click();
    expect(await page.getByRole("alert").innerText()).toContain("user name or password");
  });
});
