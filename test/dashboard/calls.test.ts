/** The list of calls: found, followed, narrowed, and gone through by keys alone. */
import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, type TestClient } from "../e2e/clients.ts";
import { dashboardForFile, describeInBrowser, makeTraffic, phone, type Traffic } from "./rig.ts";

let traffic: Traffic;
let agent: TestClient;
const rig = dashboardForFile({}, async (made) => {
  traffic = await makeTraffic(made);
  agent = await connect("v2 modern", traffic.registered.url);
});
afterAll(() => agent?.[Symbol.asyncDispose]());

const rows = (page: Page) => page.getByRole("grid", { name: "Calls" }).getByRole("row");
const search = (page: Page) => page.getByRole("combobox", { name: "Search calls" });
const query = (page: Page) => new URL(page.url()).searchParams;
const tools = (name: string) => traffic.calls.filter(({ tool_name }) => tool_name === name).length;
const failed = () => traffic.calls.filter(({ status }) => status === "error").length;

/** A page of the list whose rows are there. */
async function list(path = "/calls"): Promise<Page> {
  const page = await rig().visit(path);
  await rows(page).first().waitFor();
  return page;
}

/** Which tools the rows are of, whatever else they say. */
function names(page: Page): Promise<string[]> {
  return rows(page).getByRole("gridcell").nth(2).allInnerTexts();
}

describeInBrowser("the list of calls", () => {
  beforeAll(() => expect(traffic.calls.length).toBeGreaterThan(30));

  test("shows every call with its status, name, server, client and duration", async () => {
    const page = await list();
    const all = await rig().host.api.calls({});
    expect(await page.getByRole("grid").getAttribute("aria-rowcount")).toBe(`${all.length}`);
    const [newest] = all;
    const text = await rows(page).first().innerText();
    expect(text).toContain("Success");
    expect(text).toContain(newest?.tool_name || newest?.method);
    expect(text).toContain("Travel desk");
    expect(text).toContain(newest?.client_name);
    expect(text).toMatch(/\d (?:ms|s)\b/);
  });

  test("shows a call as soon as it has ended", async () => {
    const page = await list("/calls?tool_name=convert_currency");
    await page.getByRole("button", { name: "Live" }).waitFor();
    const before = await rows(page).count();
    await agent.callTool("convert_currency", { amount: 1, from: "EUR", to: "GBP" });
    await agent.callTool("get_forecast", { city: "Oslo" });
    await expect.poll(() => rows(page).count(), { timeout: 2_000 }).toBe(before + 1);
  });

  test("keeps still while it is read, counts what comes, and shows it on demand", async () => {
    const page = await list();
    await page.getByRole("button", { name: "Live" }).waitFor();
    const grid = page.getByRole("grid");
    await grid.evaluate((element) => element.scrollTo({ top: 200 }));
    const seen = await rows(page).nth(5).innerText();
    await agent.callTool("get_forecast", { city: "Vienna" });
    await agent.callTool("get_forecast", { city: "Vienna" });
    const button = page.getByRole("button", { name: "2 new" });
    await button.waitFor({ timeout: 2_000 });
    expect(await rows(page).nth(5).innerText()).toBe(seen);
    await button.click();
    await button.waitFor({ state: "detached" });
    expect(await grid.evaluate((element) => element.scrollTop)).toBe(0);
    expect(await rows(page).first().innerText()).toContain("get_forecast");
  });

  test("shows nothing new while it is paused, and all of it afterwards", async () => {
    const page = await list("/calls?tool_name=search_docs");
    await page.getByRole("button", { name: "Live" }).click();
    await page.getByRole("button", { name: "Paused" }).waitFor();
    const before = await rows(page).count();
    await agent.callTool("search_docs", { query: "paused" });
    await page.reload();
    await rows(page).nth(before).waitFor();
  });

  test("completes filters with the values that calls have, and how many", async () => {
    const page = await list();
    await page.keyboard.press("/");
    await page.keyboard.type("to");
    await page.getByRole("option", { name: "tool:" }).waitFor();
    await page.keyboard.press("Tab");
    await expect.poll(() => search(page).inputValue()).toBe("tool:");
    const option = page.getByRole("option", { name: /^book_table/ });
    await option.waitFor();
    expect(await option.innerText()).toContain(`${tools("book_table")}`);
    await page.keyboard.type("book");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/tool_name=book_table/);
    await expect.poll(() => rows(page).count()).toBe(tools("book_table"));
  });

  test("takes filters and words as they are typed, and marks the words", async () => {
    const page = await list();
    await search(page).fill("status:error -tool:book_table Atlantis");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=Atlantis/);
    expect(query(page).get("status")).toBe("error");
    expect(query(page).get("exclude_tool_name")).toBe("book_table");
    await page.getByRole("grid").locator("mark").first().waitFor();
    for (const name of await names(page)) expect(name).toContain("get_forecast");
    await page.goBack();
    await expect.poll(() => query(page).get("q")).toBeNull();
  });

  test("narrows by a click on a facet, and lets go by another", async () => {
    const page = await list();
    const errors = page.getByRole("region", { name: "Status" }).getByRole("button", {
      name: `Error, ${failed()}`,
    });
    await errors.click();
    await expect.poll(() => rows(page).count()).toBe(failed());
    expect(await errors.getAttribute("aria-pressed")).toBe("true");
    await errors.click();
    await expect.poll(() => query(page).get("status")).toBeNull();
    await page.getByRole("button", { name: "Exclude Error", exact: true }).click();
    await page.waitForURL(/exclude_status=error/);
    await expect.poll(() => page.getByRole("grid").getByText("Error").count()).toBe(0);
    await page.getByRole("button", { name: "Clear all filters" }).click();
    await expect.poll(() => page.url()).not.toContain("exclude");
  });

  test("narrows to what one call has, from its row", async () => {
    const page = await list("/calls?tool_name=plan_route");
    await rows(page).first().hover();
    await rows(page).first().getByRole("button").click();
    await page.getByRole("menuitem", { name: /^Without client trip-planner/ }).click();
    await page.waitForURL(/exclude_client_name=trip-planner/);
    await page.getByRole("heading", { name: "No call fits these filters" }).waitFor();
    await page.getByRole("button", { name: "Clear filters" }).click();
    await rows(page).first().waitFor();
  });

  test("says which filter leaves nothing over, and drops it", async () => {
    const page = await rig().visit("/calls?tool_name=book_table&client_name=nobody");
    await page.getByRole("heading", { name: "No call fits these filters" }).waitFor();
    const drop = page.getByRole("button", {
      name: `Without client: nobody ${tools("book_table")}`,
    });
    await drop.click();
    await expect.poll(() => rows(page).count()).toBe(tools("book_table"));
    expect(query(page).get("client_name")).toBeNull();
  });

  test("zooms into a time that is dragged over, and by keys", async () => {
    const page = await list("/calls?range=15m");
    const chart = page.getByRole("slider", { name: /^Time window/ });
    const box = await chart.boundingBox();
    if (!box) throw new Error("the chart is not shown");
    await page.mouse.move(box.x + box.width / 2, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 2, box.y + 20, { steps: 5 });
    await page.mouse.up();
    await page.waitForURL(/from=.*to=/);
    const [from, to] = [query(page).get("from"), query(page).get("to")];
    expect(Date.parse(to ?? "") - Date.parse(from ?? "")).toBeLessThanOrEqual(8.5 * 60_000);
    await rows(page).first().waitFor();
    await chart.focus();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.press("Shift+ArrowLeft");
    await page.keyboard.press("Enter");
    await expect.poll(() => query(page).get("from")).not.toBe(from);
  });

  test("tells the volume as a table, too", async () => {
    const page = await list();
    await page.getByRole("button", { name: "Show as a table" }).focus();
    await page.keyboard.press("Enter");
    const table = page.getByRole("table", { name: "Calls over time" });
    await table.getByRole("row").nth(1).waitFor();
    const counts = await table.getByRole("row").locator("td:nth-child(2)").allInnerTexts();
    const total = counts.reduce((sum, text) => sum + Number(text.replaceAll(",", "")), 0);
    expect(total).toBeGreaterThanOrEqual(traffic.calls.length);
  });

  test("takes a time as it is typed, in the zone that is preferred", async () => {
    const page = await list();
    await page.keyboard.press("t");
    await page.getByLabel("Type it").fill("sometime");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Type it").fill("2020-01-01 to 2020-01-02");
    await page.getByRole("button", { name: "Use UTC" }).click();
    await page.getByRole("button", { name: "Show", exact: true }).click();
    await page.waitForURL(/from=2020-01-01T00:00:00.000Z&to=2020-01-02T00:00:00.000Z/);
    await page.getByRole("heading", { name: "No calls in this time" }).waitFor();
    await page.getByRole("button", { name: "Look at all time" }).click();
    await rows(page).first().waitFor();
    expect(query(page).get("range")).toBe("all");
  });

  test("keeps a view under a name, across reloads, until it is deleted", async () => {
    const page = await list("/calls?status=error&range=1h");
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("menuitem", { name: "Save this view…" }).click();
    await page.getByLabel("Name").fill("What failed");
    await page.keyboard.press("Enter");
    await page.getByText("View “What failed” saved").first().waitFor();
    await page.goto(`${rig().host.url}/calls`);
    await rows(page).first().waitFor();
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("menuitem", { name: "What failed", exact: true }).click();
    await page.waitForURL(/status=error&range=1h/);
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("menuitem", { name: "Delete “What failed”" }).click();
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("menuitem", { name: "Save this view…" }).waitFor();
  });

  test("has the columns and the height of rows that are chosen, across reloads", async () => {
    const page = await list("/calls?tool_name=search_docs&client_name=desk-assistant");
    const first = rows(page).first();
    const height = async () => (await first.boundingBox())?.height ?? 0;
    const before = { cells: await first.getByRole("gridcell").count(), height: await height() };
    expect(await first.innerText()).not.toContain("200");
    await page.getByRole("button", { name: "Display" }).click();
    for (const name of ["HTTP", "Session", "Server", "Compact rows"]) {
      await page.getByRole("menuitem", { name }).click();
    }
    await page.keyboard.press("Escape");
    const check = async () => {
      await expect.poll(height).toBeLessThan(before.height);
      expect(await first.getByRole("gridcell").count()).toBe(before.cells + 1);
      const text = await first.innerText();
      expect(text).toContain("200");
      const newest = traffic.calls.find(({ tool_name }) => tool_name === "search_docs");
      expect(text).toContain(newest?.session_id?.slice(0, 8));
      expect(text).not.toContain("Travel desk");
    };
    await check();
    await page.reload();
    await first.waitFor();
    await check();
  });

  test("shows in short what was asked for", async () => {
    const page = await list("/calls?tool_name=search_docs");
    expect(await page.getByRole("grid").innerText()).toContain("query: lost luggage");
  });

  test("opens a call aside, by its own address", async () => {
    const page = await list("/calls?tool_name=book_table");
    const link = rows(page).first().getByRole("link");
    const [aside] = await Promise.all([
      page.context().waitForEvent("page"),
      link.click({ modifiers: ["ControlOrMeta"] }),
    ]);
    await aside.waitForURL(/\/calls\/[0-9a-f-]{36}$/);
    expect(query(page).get("call")).toBeNull();
  });

  test("is gone through by keys alone", async () => {
    const page = await list();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    const chosen = page.getByRole("row", { selected: true });
    expect(await chosen.getAttribute("aria-rowindex")).toBe("2");
    await page.keyboard.press("k");
    expect(await chosen.getAttribute("aria-rowindex")).toBe("1");
    expect(await page.getByRole("grid").getAttribute("aria-activedescendant")).toBe(
      await chosen.getAttribute("id"),
    );
    await page.keyboard.press("Enter");
    await page.getByRole("complementary", { name: "Call" }).waitFor();
    const first = query(page).get("call");
    await page.keyboard.press("j");
    await expect.poll(() => query(page).get("call")).not.toBe(first);
    await page.keyboard.press("Escape");
    await page.getByRole("complementary", { name: "Call" }).waitFor({ state: "detached" });
    await page.keyboard.press("l");
    await page.getByRole("button", { name: "Paused" }).waitFor();
  });

  test("shows a call over the list where there is no room beside it", async () => {
    const page = await rig().visit("/calls?tool_name=book_table", phone);
    await rows(page).first().waitFor();
    await rows(page).first().tap();
    const dialog = page.getByRole("dialog", { name: "Call" });
    await dialog.getByText("Facts").waitFor();
    expect(await page.getByRole("grid").count()).toBe(0);
    await dialog.getByRole("button", { name: "Close" }).tap();
    await dialog.waitFor({ state: "detached" });
    await rows(page).first().waitFor();
  });

  test("makes the panel as wide as it is dragged, and keeps it so", async () => {
    const page = await list("/calls?tool_name=book_table");
    await rows(page).first().click();
    const panel = page.getByRole("complementary", { name: "Call" });
    const width = async () => Math.round((await panel.boundingBox())?.width ?? 0);
    await panel.waitFor();
    const before = await width();
    await page.getByRole("separator", { name: "Width of the panel" }).focus();
    await page.keyboard.press("ArrowLeft");
    await expect.poll(width).toBe(before + 40);
    await page.reload();
    await panel.waitFor();
    expect(await width()).toBe(before + 40);
  });

  test("copies, replays and compares the chosen call by keys", async () => {
    const page = await list("/calls?tool_name=book_table");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.keyboard.press("j");
    await page.keyboard.press("c");
    await page.getByText("Copied as cURL").first().waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain(`curl`);
    expect(copied).toContain(traffic.registered.url);
    expect(copied).toContain("A Cevicheria");
    await page.keyboard.press("d");
    await page.keyboard.press("j");
    await page.keyboard.press("d");
    await page.waitForURL(/\/compare\?a=[0-9a-f-]{36}&b=[0-9a-f-]{36}$/);
    await page.goBack();
    await rows(page).first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("r");
    await page.waitForURL(/\/calls\/[0-9a-f-]{36}\?replay=true$/);
  });

  test.for(["ndjson", "csv", "har"])("exports the calls of the filter as %s", async (format) => {
    const page = await list("/calls?tool_name=book_table");
    await page.getByRole("button", { name: "Export" }).click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("menuitem", { name: new RegExp(`^${format}`, "i") }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(new RegExp(`^hookwatch-calls-.*\\.${format}$`));
    const text = await readFile(await download.path(), "utf8");
    const count = { ndjson: /^\{/gm, csv: /^"?01a/gm, har: /"startedDateTime"/g }[format] ?? /x/g;
    expect(text.match(count)).toHaveLength(tools("book_table"));
  });

  test("says what is wrong with an address, and tries again", async () => {
    rig().expectComplaint(/status of 400/);
    const page = await rig().visit("/calls?from=never");
    await page.getByRole("heading", { name: "The calls cannot be shown" }).waitFor();
    await page.getByText("must be an ISO 8601 date").first().waitFor();
    await page.getByRole("alert").getByRole("button", { name: "Try again" }).waitFor();
  });
});
