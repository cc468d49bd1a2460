/** What every page keeps, in both themes: nothing serious for axe, nothing wider than its window. */
import { AxeBuilder } from "@axe-core/playwright";
import { expect, test } from "vitest";
import { pages } from "./pages.ts";
import { dashboardForFile, describeInBrowser, makeTraffic, phone, type Traffic } from "./rig.ts";

let traffic: Traffic;
const rig = dashboardForFile({}, async (made) => {
  traffic = await makeTraffic(made);
});
const looks = [
  { look: "light", colorScheme: "light" },
  { look: "dark", colorScheme: "dark" },
] as const;
const views = pages.flatMap((page) => looks.map((look) => ({ ...page, ...look })));

describeInBrowser("every page", () => {
  test.for(views)("$name has no serious violation in the $look theme", async (view) => {
    const { visit, visitAsStranger } = rig();
    const open = view.asStranger ? visitAsStranger : visit;
    const page = await open(view.path(traffic), { colorScheme: view.colorScheme });
    await view.ready(page);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("\n")}`);
    expect(serious).toEqual([]);
  });

  test.for(pages)("$name fits a phone without scrolling sideways", async (view) => {
    const { visit, visitAsStranger } = rig();
    const open = view.asStranger ? visitAsStranger : visit;
    const page = await open(view.path(traffic), phone);
    await view.ready(page);
    const { width, wanted } = await page.evaluate(() => ({
      width: document.documentElement.clientWidth,
      wanted: document.documentElement.scrollWidth,
    }));
    expect(wanted).toBeLessThanOrEqual(width);
    expect(await page.evaluate(cutTables)).toEqual([]);
  });
});

/** Runs in the page. The names of tables of which a part is out of sight. */
function cutTables(): string[] {
  return [...document.querySelectorAll("table")]
    .filter(({ parentElement: box }) => box !== null && box.scrollWidth > box.clientWidth)
    .map((table) => table.ariaLabel ?? "");
}
