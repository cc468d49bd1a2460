/** Metrics: the figures of the API, and a way from each of them to its calls. */
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { dashboardForFile, describeInBrowser, makeTraffic, type Traffic } from "./rig.ts";

interface Figures {
  readonly total_calls: number;
  readonly error_count: number;
  readonly by_tool: readonly { readonly tool_name: string; readonly total_calls: number }[];
}

let traffic: Traffic;
const rig = dashboardForFile({}, async (made) => {
  traffic = await makeTraffic(made);
});

const measured = () => rig().host.api.send<Figures>("GET", "/v1/mcp/calls/metrics?days=1");

async function open(path = "/insights"): Promise<Page> {
  const page = await rig().visit(path);
  await page.getByRole("table", { name: "By tool" }).waitFor();
  return page;
}

/** How many calls the list has that a link led to. */
async function listed(page: Page): Promise<number> {
  const grid = page.getByRole("grid", { name: "Calls" });
  await grid.waitFor();
  await expect.poll(() => grid.getAttribute("aria-rowcount")).not.toBe("-1");
  return Number(await grid.getAttribute("aria-rowcount"));
}

describeInBrowser("metrics", () => {
  test("show what the API measures, by tool, server, client and method", async () => {
    const { total_calls, by_tool } = await measured();
    const page = await open();
    const totals = await page.locator("dl").innerText();
    expect(totals).toContain(`${total_calls}`);
    for (const name of ["By tool", "By server", "By client", "By method"]) {
      expect(await page.getByRole("table", { name }).getByRole("row").count()).toBeGreaterThan(1);
    }
    const tools = page.getByRole("table", { name: "By tool" });
    const row = tools.getByRole("row").filter({ hasText: by_tool[0]?.tool_name ?? "" });
    expect(await row.first().innerText()).toContain(`${by_tool[0]?.total_calls}`);
  });

  test("lead from a total, a row, and a share of errors to exactly those calls", async () => {
    const { total_calls, error_count } = await measured();
    const page = await open();
    await page.locator("dl").getByRole("link").first().click();
    expect(await listed(page)).toBe(total_calls);
    await page.goBack();
    await page.locator("dl").getByRole("link").nth(1).click();
    expect(await listed(page)).toBe(error_count);
    await page.goBack();
    const row = page
      .getByRole("table", { name: "By tool" })
      .getByRole("row", { name: /book_table/ });
    const booked = traffic.calls.filter(({ tool_name }) => tool_name === "book_table");
    await row.getByRole("link", { name: "100 %" }).click();
    expect(await listed(page)).toBe(booked.length);
  });

  test("lead from a bucket of the chart to its calls, and from the table to the same", async () => {
    const { total_calls } = await measured();
    const page = await open();
    const chart = page.getByRole("region", { name: "Calls", exact: true });
    const counts = (text: string | null) => Number(/Success (\d+)/.exec(text ?? "")?.[1]);
    const buckets = chart.getByRole("list", { name: "Buckets" }).getByRole("link");
    const names = await buckets.evaluateAll((all) =>
      all.map((one) => one.getAttribute("aria-label")),
    );
    expect(names.reduce((sum, name) => sum + counts(name), 0)).toBeLessThanOrEqual(total_calls);
    const full = names.findIndex((name) => counts(name) > 0);
    await buckets.nth(full).click();
    expect(await listed(page)).toBeGreaterThan(0);
    await page.goBack();
    await chart.getByRole("button", { name: "Table" }).click();
    const rows = chart.getByRole("table", { name: "Calls" }).getByRole("row");
    expect(await rows.count()).toBe(names.length + 1);
  });

  test("group what fails by what the messages have in common, newest call at hand", async () => {
    const page = await open();
    const groups = page.getByRole("list", { name: "Top errors" }).getByRole("listitem");
    await groups.first().waitFor();
    const group = groups.filter({ hasText: "there is no station in …" });
    expect(await group.innerText()).toContain("get_forecast");
    await group.getByRole("link", { name: /calls$/ }).click();
    const failed = traffic.calls.filter(({ error_message }) =>
      error_message.includes("no station"),
    );
    expect(await listed(page)).toBe(failed.length);
    await page.goBack();
    await group.getByRole("link", { name: /newest/ }).click();
    await page.getByRole("tabpanel", { name: "Overview" }).getByText("Tool error").waitFor();
  });

  test("are of one server when it is chosen, and say when there is nothing", async () => {
    const other = await rig().host.api.addServer("Silent", "http://127.0.0.1:9/mcp");
    const page = await open();
    await page.getByRole("combobox", { name: "Server" }).click();
    await page.getByRole("option", { name: "Silent" }).click();
    await page.getByText("No calls in this span").waitFor();
    expect(page.url()).toContain(`server_id=${other.id}`);
  });
});
