/** `npm run screenshots`: every page on a desktop, light and dark, and on a phone, into dist/screenshots/. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "vitest";
import { pages } from "./pages.ts";
import {
  dashboardForFile,
  describeInBrowser,
  desktop,
  makeTraffic,
  phone,
  type Traffic,
} from "./rig.ts";

const folder = resolve(import.meta.dirname, "../../dist/screenshots");
const looks = {
  light: { ...desktop, colorScheme: "light" },
  dark: { ...desktop, colorScheme: "dark" },
  phone: { ...phone, colorScheme: "light" },
} as const;

let traffic: Traffic;
const rig = dashboardForFile({}, async (made) => {
  traffic = await makeTraffic(made);
  mkdirSync(folder, { recursive: true });
});

describeInBrowser("screenshots", () => {
  test.for(pages)("$name", async (view) => {
    const { visit, visitAsStranger } = rig();
    for (const [name, look] of Object.entries(looks)) {
      const page = await (view.asStranger ? visitAsStranger : visit)(view.path(traffic), look);
      await view.ready(page);
      await page.screenshot({ path: resolve(folder, `${view.name}-${name}.png`) });
    }
  });
});
