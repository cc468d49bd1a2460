/** What every page keeps, in both themes: nothing serious for axe, nothing wider than its window. */
import axe from "axe-core";
import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import { pages } from "./pages.ts";
import { dashboardForFile, describeInBrowser, makeTraffic, phone, type Traffic } from "./rig.ts";

let traffic: Traffic;
const rig = dashboardForFile({}, async (made) => {
  traffic = await makeTraffic(made);
});
describeInBrowser("every page", () => {
  test.for(pages)("$name has no serious violation, in either theme", async (view) => {
    const page = await rig().turnTo(view.path(traffic), { colorScheme: "light" }, view.asStranger);
    await view.ready(page);
    await page.evaluate(axe.source);
    expect(await serious(page), "light").toEqual([]);
    const light = await page.evaluate(canvasColor);
    // Nothing but colors depends on the theme (styles.css).
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate(canvasColor)).not.toBe(light);
    expect(await serious(page, colorRules), "dark").toEqual([]);
  });

  test.for(pages)("$name fits a phone without scrolling sideways", async (view) => {
    const page = await rig().turnTo(view.path(traffic), phone, view.asStranger);
    await view.ready(page);
    const { width, wanted } = await page.evaluate(() => ({
      width: document.documentElement.clientWidth,
      wanted: document.documentElement.scrollWidth,
    }));
    expect(wanted).toBeLessThanOrEqual(width);
    expect(await page.evaluate(cutTables)).toEqual([]);
  });
});

/** Of axe, those that look at colors; it has them on by itself. */
const colorRules = ["color-contrast", "link-in-text-block"];

/** What axe, which the page has been given, finds in it, with the elements; of some of its rules, or of those that it has on by itself. */
function serious(page: Page, rules?: string[]): Promise<readonly string[]> {
  const options: axe.RunOptions = { resultTypes: ["violations"], ...(rules && { runOnly: rules }) };
  return page.evaluate(async (given) => {
    const { run } = Reflect.get(window, "axe") as typeof axe;
    const { violations } = await run(document, given);
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("\n")}`);
  }, options);
}

/** Runs in the page. */
function canvasColor(): string {
  return getComputedStyle(document.body).backgroundColor;
}

/** Runs in the page. The names of tables of which a part is out of sight. */
function cutTables(): string[] {
  return [...document.querySelectorAll("table")]
    .filter(({ parentElement: box }) => box !== null && box.scrollWidth > box.clientWidth)
    .map((table) => table.ariaLabel ?? "");
}
