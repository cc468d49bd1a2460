/**
 * The list where there are many calls: how soon it shows, how smoothly it scrolls. Prints what it measured.
 *
 * HOOKWATCH_TEST_DASHBOARD_CALLS sets how many are stored, 100,000 unless given; the promise is for 1,000,000.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { sampleCalls } from "../../bench/sample-calls.ts";
import { openCallLog } from "../../src/host/stores.ts";
import { startRig } from "../e2e/rig.ts";
import { chromiumPath } from "./chromium.ts";
import { dashboardForFile, describeInBrowser } from "./rig.ts";

const stored = Number(process.env.HOOKWATCH_TEST_DASHBOARD_CALLS ?? 100_000);
const firstPageMaxMs = 300;
const filterMaxMs = 500;
/** Machines that test do other work, too; the median of several is what they can do. */
const attempts = 5;
const scrolledRows = 20_000;
/**
 * 60 frames a second are 16.7 ms each. What the page works for one is measured as time of its thread's
 * processor, which does not grow when others use the machine, too, and against plain rows, as that is faster at one hour than at another.
 */
/** 14 ms where plain rows take 5.6. */
const plainRatioMax = 2.5;
const plainFrames = 60;

const apiKey = `test_${"many-calls".repeat(4)}`;
const dataDir = await mkdtemp(join(tmpdir(), "hookwatch-many-"));
if (chromiumPath !== undefined) await fill();
const rig = dashboardForFile({ dataDir, apiKey });
afterAll(() => rm(dataDir, { recursive: true, force: true }));

describeInBrowser(`a list of ${stored} calls`, () => {
  test("shows its first page within 300 ms", async () => {
    const page = await rig().visit("/calls");
    await firstRow(page);
    const times: number[] = [];
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      await page.getByRole("link", { name: "Servers" }).click();
      await page.getByRole("heading", { name: "Servers" }).waitFor();
      times.push(await timed(page, "nav a[href^='/calls']", ""));
    }
    tell("first page of the list", times);
    expect(median(times)).toBeLessThanOrEqual(firstPageMaxMs);
  });

  test("shows a changed filter within 500 ms", { timeout: 120_000 }, async () => {
    const page = await rig().visit("/calls");
    const times: number[] = [];
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const error = page.getByRole("button", { name: /^Error, \d/ });
      await error.waitFor();
      times.push(await timed(page, "button[aria-label^='Error, ']", "Error"));
      await error.click();
      await page.waitForURL((url) => !url.searchParams.has("status"));
      await firstRow(page);
    }
    tell("filter by status", times);
    expect(median(times)).toBeLessThanOrEqual(filterMaxMs);
  });

  test("scrolls through thousands of rows at 60 frames a second", {
    timeout: 120_000,
  }, async () => {
    const page = await rig().visit("/calls");
    await firstRow(page);
    const rows = Math.min(scrolledRows, stored * 0.8);
    await page.evaluate(async (wanted) => {
      const grid = document.querySelector("[role=grid]");
      if (!grid) throw new Error("there is no grid");
      while (grid.scrollHeight < wanted * 32) {
        grid.scrollTop = grid.scrollHeight;
        await new Promise(requestAnimationFrame);
      }
      grid.scrollTop = 0;
    }, rows);
    const profiler = await page.context().newCDPSession(page);
    await profiler.send("Performance.enable", { timeDomain: "threadTicks" });
    const workMs = async () => {
      const { metrics } = await profiler.send("Performance.getMetrics");
      return (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN) * 1_000;
    };
    /** What plain rows, made anew for each frame, cost here and now. */
    const plainWorkMs = async () => {
      const beganMs = await workMs();
      await page.evaluate(async (count) => {
        const plain = document.createElement("div");
        plain.style.cssText = "position:fixed;inset:0;overflow:hidden;background:white";
        document.body.append(plain);
        for (let frame = 0; frame < count; frame += 1) {
          const rows = Array.from({ length: 40 }, (_, row) => {
            const line = document.createElement("div");
            for (let cell = 0; cell < 8; cell += 1) {
              const text = document.createElement("span");
              text.textContent = `${frame} ${row} ${cell} `;
              line.append(text);
            }
            return line;
          });
          plain.replaceChildren(...rows);
          await new Promise(requestAnimationFrame);
        }
        plain.remove();
      }, plainFrames);
      return ((await workMs()) - beganMs) / plainFrames;
    };
    const plainBeforeMs = await plainWorkMs();
    const beforeMs = await workMs();
    const frames = await page.evaluate(async () => {
      const grid = document.querySelector("[role=grid]");
      const times: number[] = [];
      let before = performance.now();
      for (let frame = 0; frame < 180; frame += 1) {
        if (grid) grid.scrollTop += frame % 60 === 0 ? 20_000 : 240;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        times.push(now - before);
        before = now;
      }
      return times;
    });
    const frameWorkMs = ((await workMs()) - beforeMs) / frames.length;
    const plainMs = (plainBeforeMs + (await plainWorkMs())) / 2;
    const work = `${frameWorkMs.toFixed(1)} ms of work each, ${plainMs.toFixed(1)} for plain rows`;
    tell(`frames over ${rows} rows, ${work}`, frames);
    const drawn = await page.getByRole("grid").getByRole("row").count();
    expect(drawn).toBeLessThan(100);
    expect(frameWorkMs / plainMs).toBeLessThanOrEqual(plainRatioMax);
  });
});

/** Clicks, and waits for rows all of which say what is wanted; milliseconds by the page's own clock. */
function timed(page: Page, selector: string, wanted: string): Promise<number> {
  return page.evaluate(
    async ([target = "", text = ""]) => {
      const startMs = performance.now();
      document.querySelector<HTMLElement>(target)?.click();
      for (;;) {
        await new Promise(requestAnimationFrame);
        const rows = [...document.querySelectorAll("[role=grid] [role=row]")];
        if (rows.length > 0 && rows.every((row) => row.textContent?.includes(text))) {
          return performance.now() - startMs;
        }
        if (performance.now() - startMs > 20_000) throw new Error("no such rows within 20 s");
      }
    },
    [selector, wanted],
  );
}

function firstRow(page: Page): Promise<void> {
  return page.getByRole("grid", { name: "Calls" }).getByRole("row").first().waitFor();
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

function tell(what: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)]?.toFixed(1);
  console.info(`${stored} calls, ${what}: median ${at(0.5)} ms, p95 ${at(0.95)}, max ${at(1)}`);
}

/** Calls of the last 20 hours, of the team that the first start founds. */
async function fill(): Promise<void> {
  const host = await startRig({ dataDir, apiKey });
  const server = await host.api.addServer("Busy", "http://127.0.0.1:9/mcp");
  await host[Symbol.asyncDispose]();
  await using log = openCallLog("sqlite:", dataDir, "write");
  const spanMs = 20 * 3_600_000;
  const source = sampleCalls({
    teamIds: [server.team_id],
    sinceMs: Date.now() - spanMs,
    stepMs: spanMs / stored,
    bodies: "small",
  });
  for (let done = 0; done < stored; done += 1_000) {
    const batch = Array.from({ length: 1_000 }, () => source.next().value);
    await log.append(batch);
  }
}
