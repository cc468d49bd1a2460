/** What holds on every page: signing in, the policy, the budget, the keyboard. */
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { dashboardForFile, describeInBrowser } from "./rig.ts";

/** Of all that the first page loads, compressed. */
const initialLoadMaxBytes = 250_000;

const rig = dashboardForFile();

describeInBrowser("the dashboard", () => {
  test("sends a stranger to sign in, and back to where they wanted to go", async () => {
    const { visitAsStranger, host, expectComplaint } = rig();
    expectComplaint(/status of 401/);
    const page = await visitAsStranger("/calls?status=error");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByRole("button", { name: "Use an API key" }).click();
    await page.getByLabel("API key").fill("nonsense");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("API key").fill(host.apiKey);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Calls" }).waitFor();
    expect(page.url()).toBe(`${host.url}/calls?status=error`);
  });

  test("loads at most 250 kB, compressed, before the first page is shown", async () => {
    const { visit, host } = rig();
    const page = await visit("/calls");
    await page.getByRole("heading", { name: "Calls" }).waitFor();
    const urls = await page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .map(({ name }) => name)
        .filter((name) => new URL(name).pathname.startsWith("/v1/") === false),
    );
    let bytes = 0;
    for (const url of new Set([`${host.url}/`, ...urls])) {
      bytes += gzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).length;
    }
    console.info(`initial load: ${bytes} bytes, compressed`);
    expect(bytes).toBeLessThan(initialLoadMaxBytes);
  });

  test("lists the keys that its documentation tells", async () => {
    const docs = await readFile(new URL("../../docs/dashboard.md", import.meta.url), "utf8");
    const [, table = ""] = docs.split("## Keys");
    const told = [...table.matchAll(/^\| `.*` \| (.*) \|$/gm)].flatMap(([, does = ""]) =>
      does.split(", ").length === 2 && does.includes("call, ") ? does.split(", ") : [does],
    );
    const page = await rig().visit("/calls");
    await page.getByRole("heading", { name: "Calls", exact: true }).waitFor();
    await page.keyboard.press("?");
    const listed = await page.getByRole("dialog").locator("dt").allInnerTexts();
    expect(listed.toSorted()).toEqual(told.toSorted());
  });

  test("lets keys of one letter be switched off, and others work on", async () => {
    const page = await rig().visit("/calls");
    await page.getByRole("heading", { name: "Calls", exact: true }).waitFor();
    await page.keyboard.press("?");
    await page.getByRole("switch", { name: "Keys of one letter" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.keyboard.press("t");
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search commands and pages" }).waitFor();
  });

  test("keeps the theme and the zone that were chosen", async () => {
    const page = await rig().visit("/calls");
    await page.getByRole("heading", { name: "Calls", exact: true }).waitFor();
    const scheme = () =>
      page.evaluate(() => getComputedStyle(document.documentElement).colorScheme);
    for (const command of ["Dark theme", "Times in UTC"]) {
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: "Search commands and pages" }).fill(command);
      await page.keyboard.press("Enter");
    }
    expect(await scheme()).toBe("dark");
    await page.reload();
    await page.getByRole("heading", { name: "Calls", exact: true }).waitFor();
    expect(await scheme()).toBe("dark");
    await page.keyboard.press("t");
    await page.getByLabel("From (UTC)").waitFor();
  });

  test("can be used from the first press of Tab", async () => {
    const page = await rig().visit("/calls");
    await page.getByRole("heading", { name: "Calls", exact: true }).waitFor();
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to content" });
    expect(await skip.evaluate((link) => link === document.activeElement)).toBe(true);
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("screen");
  });
});
