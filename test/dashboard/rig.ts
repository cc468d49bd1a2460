/**
 * The dashboard as people use it: the real host, real MCP traffic, a real browser.
 *
 * Guarantees: whatever a page complains of while it is visited fails the test that visits it: an error in
 * its console, an exception, a report of the policy, a dialog, a request to another origin.
 */
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { runAgents } from "../../demo/agents.ts";
import { type McpEndpoint, startMcpEndpoint } from "../../demo/mcp-endpoint.ts";
import { travelServer } from "../../demo/travel-server.ts";
import type { CallRow } from "../e2e/api.ts";
import { type Registered, type Rig, type RigSetting, startRig } from "../e2e/rig.ts";
import { chromiumPath, openChromium } from "./chromium.ts";

/** `describe`, where there is a browser. */
export const describeInBrowser = describe.skipIf(chromiumPath === undefined);

export const desktop = { viewport: { width: 1_440, height: 900 } } as const;
export const phone = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
} as const;

export interface DashboardRig extends AsyncDisposable {
  readonly host: Rig;
  readonly browser: Browser;
  /** A page at the address, signed in with the host's API key. */
  visit(path: string, look?: BrowserContextOptions): Promise<Page>;
  /** The same, signed in by nobody. */
  visitAsStranger(path: string, look?: BrowserContextOptions): Promise<Page>;
  /**
   * The same in a page that is kept from test to test for its look, in a document of its own but with the storage of the
   * last: half of what a new page costs is the start of a process for it.
   */
  turnTo(path: string, look: BrowserContextOptions, asStranger?: boolean): Promise<Page>;
  /** Closes all pages, empties those that are kept; what they complained of, in order. */
  leave(): Promise<readonly string[]>;
  /** Complaints that a test has asked for, such as the failed request it is about. */
  expectComplaint(pattern: RegExp): void;
}

export interface Traffic {
  readonly travel: McpEndpoint;
  readonly registered: Registered;
  /** All of it, newest first. */
  readonly calls: readonly CallRow[];
}

export async function startDashboardRig(setting: RigSetting = {}): Promise<DashboardRig> {
  const host = await startRig(setting);
  const browser = await openChromium();
  const contexts: BrowserContext[] = [];
  const kept = new Map<string, Page>();
  const complaints: string[] = [];
  const expected: RegExp[] = [];
  const open = async (look: BrowserContextOptions, apiKey?: string) => {
    const context = await browser.newContext({ ...desktop, ...look });
    await listenForComplaints(context, host.url, (text) => complaints.push(text));
    if (apiKey !== undefined) {
      await context.addInitScript((key) => {
        // The empty document before the first page has no storage.
        if (window.origin !== "null") sessionStorage.setItem("hookwatch.api-key", key);
      }, apiKey);
    }
    return context.newPage();
  };
  const visit = async (path: string, look: BrowserContextOptions, apiKey?: string) => {
    const page = await open(look, apiKey);
    contexts.push(page.context());
    await page.goto(`${host.url}${path}`);
    return page;
  };
  const turnTo = async (path: string, look: BrowserContextOptions, asStranger = false) => {
    const name = JSON.stringify([look, asStranger]);
    const page = kept.get(name) ?? (await open(look, asStranger ? undefined : host.apiKey));
    kept.set(name, page);
    // Whatever the last test made of it.
    await page.emulateMedia({ colorScheme: look.colorScheme ?? null });
    await page.goto(`${host.url}${path}`);
    return page;
  };
  return {
    host,
    browser,
    visit: (path, look = {}) => visit(path, look, host.apiKey),
    visitAsStranger: (path, look = {}) => visit(path, look),
    turnTo,
    async leave() {
      await Promise.all([
        ...contexts.splice(0).map((context) => context.close()),
        ...[...kept.values()].map((page) => page.goto("about:blank")),
      ]);
      const unexpected = complaints.filter((text) => !expected.some((one) => one.test(text)));
      complaints.length = 0;
      expected.length = 0;
      return unexpected;
    },
    expectComplaint: (pattern) => void expected.push(pattern),
    async [Symbol.asyncDispose]() {
      await browser.close();
      await host[Symbol.asyncDispose]();
    },
  };
}

/** One host and one browser for the file that calls it. Read it inside tests and hooks only. */
export function dashboardForFile(
  setting: RigSetting = {},
  prepare: (rig: DashboardRig) => Promise<void> = async () => undefined,
): () => DashboardRig {
  let rig: DashboardRig | undefined;
  beforeAll(async () => {
    if (chromiumPath === undefined) return;
    rig = await startDashboardRig(setting);
    await prepare(rig);
  });
  afterEach(async () => {
    expect(await rig?.leave(), "complaints of the pages").toEqual(rig ? [] : undefined);
  });
  afterAll(async () => {
    await rig?.[Symbol.asyncDispose]();
  });
  return () => {
    if (!rig) throw new Error("the rig is made by beforeAll, and not before");
    return rig;
  };
}

/** A travel desk behind the proxy, used by two pairs of agents: 46 calls, some of which failed. */
export async function makeTraffic({ host }: DashboardRig): Promise<Traffic> {
  const travel = await startMcpEndpoint(travelServer);
  const server = await host.api.addServer("Travel desk", travel.url);
  const registered = { server, url: `${host.url}/p/${server.slug}` };
  await Promise.all([runAgents(registered.url), runAgents(registered.url)]);
  const calls = await host.untilCalls({}, (all) => all.length >= 46);
  return { travel, registered, calls };
}

async function listenForComplaints(
  context: BrowserContext,
  origin: string,
  complain: (text: string) => void,
): Promise<void> {
  await context.exposeFunction("reportViolation", (text: string) => complain(`policy: ${text}`));
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      const report = Reflect.get(window, "reportViolation") as (text: string) => void;
      report(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
  });
  context.on("page", (page) => {
    page.on("console", (message) => {
      if (message.type() === "error") {
        complain(`console: ${message.text()} ${message.location().url}`);
      }
    });
    page.on("pageerror", (error) => complain(`exception: ${error.message}`));
    page.on("dialog", (dialog) => {
      complain(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
  });
  context.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith(`blob:${origin}/`)) {
      complain(`request to another origin: ${url}`);
    }
  });
}
