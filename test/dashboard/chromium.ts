/**
 * The browser of the tests: the Chromium of the system, which Debian packages as `chromium-headless-shell` and
 * `chromium`. The shell, the same engine with no browser's windows around it, takes a fifth less time, and is preferred.
 *
 * HOOKWATCH_TEST_CHROMIUM names another. Where there is none, tests in a browser are skipped and say so; with
 * HOOKWATCH_TEST_REQUIRE_CHROMIUM=1, which CI sets, they fail.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const launchMaxMs = 20_000;
const names = [
  "chromium-headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
];

/** Undefined where there is no browser and none is required. */
export const chromiumPath = findChromium();

/** One that does not come up in time says so itself, before the hook that waits for it ends without a word. */
export function openChromium(): Promise<Browser> {
  return chromium.launch({
    ...(chromiumPath !== undefined && { executablePath: chromiumPath }),
    // Containers that run as root have no sandbox to offer; the pages are our own.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
    timeout: launchMaxMs,
  });
}

function findChromium(): string | undefined {
  const { HOOKWATCH_TEST_CHROMIUM, HOOKWATCH_TEST_REQUIRE_CHROMIUM, PATH = "" } = process.env;
  if (HOOKWATCH_TEST_CHROMIUM) return HOOKWATCH_TEST_CHROMIUM;
  const folders = PATH.split(delimiter);
  const found = names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
  if (found === undefined) {
    const missing =
      "there is no Chromium here (apt-get install chromium-headless-shell, or HOOKWATCH_TEST_CHROMIUM)";
    if (HOOKWATCH_TEST_REQUIRE_CHROMIUM === "1") throw new Error(missing);
    console.warn(`SKIPPED: the tests of the dashboard, because ${missing}`);
  }
  return found;
}
