/**
 * Whatever is stored is shown as text: forty strings that would like to be more, in every field that somebody
 * else fills, on every page. The rig fails a test for a dialog, a report of the policy, an exception, or a
 * request to another origin.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import type { CallRow } from "../e2e/api.ts";
import { hostileStrings } from "./hostile-strings.ts";
import { pages } from "./pages.ts";
import { dashboardForFile, describeInBrowser, type Traffic } from "./rig.ts";

let traffic: Traffic;
const upstream = createServer(
  (request, response) =>
    void answer(request).then((body) =>
      response.writeHead(200, { "content-type": "application/json" }).end(body),
    ),
);
const rig = dashboardForFile({}, async (made) => {
  traffic = await makeHostileTraffic(made.host);
});
afterAll(() => void upstream.close());

/** Elements that no page of ours has, and links to where none of ours leads: what somebody else wrote has become some. */
const foreignElements = (page: Page) =>
  page.evaluate(() => {
    const links = document.querySelectorAll<HTMLAnchorElement>("#app a[href]");
    const foreign = [...links].filter(
      ({ protocol, hostname }) =>
        /^(?:javascript|data|vbscript):$/.test(protocol) || hostname === "off-origin.invalid",
    );
    const { length } = document.querySelectorAll("#app :is(script, img, iframe, object, base)");
    return foreign.length + length;
  });

/** Everything that was asked for has come. */
async function settled(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForFunction(() => document.querySelector(".animate-pulse") === null);
}

describeInBrowser("hostile text", () => {
  test("is text in the list, however far it is scrolled", async () => {
    const page = await rig().visit("/calls");
    const grid = page.getByRole("grid", { name: "Calls" });
    await grid.getByRole("row").first().waitFor();
    for (let top = 0; top < traffic.calls.length * 32; top += 500) {
      await grid.evaluate((element, y) => element.scrollTo({ top: y }), top);
      await page.evaluate(() => new Promise(requestAnimationFrame));
      expect(await foreignElements(page)).toBe(0);
    }
  });

  test.for([
    { view: "Overview", filter: "" },
    ...["Request", "Response", "Headers", "Messages", "Raw"].map((view) => ({
      view,
      filter: "method=tools/call&",
    })),
  ])("is text in the view $view of every call", { timeout: 120_000 }, async ({ view, filter }) => {
    const wanted = traffic.calls.filter(({ method }) => filter === "" || method === "tools/call");
    const page = await rig().visit(`/calls?${filter}call=${wanted[0]?.id}`);
    const tab = page.getByRole("tab", { name: view, exact: true });
    for (const [at, { id }] of wanted.entries()) {
      if (at > 0) await page.keyboard.press("j");
      await page.waitForURL((url) => url.searchParams.get("call") === id);
      await tab.waitFor();
      if (at === 0) {
        await tab.click();
        // The keys of the list, not those of the tabs.
        await tab.blur();
      }
      await settled(page);
      expect(await foreignElements(page)).toBe(0);
    }
    expect(wanted.length).toBeGreaterThanOrEqual(hostileStrings.length);
  });

  test.for(pages)("is text on the page $name", async (view) => {
    const page = await rig().turnTo(view.path(traffic), {}, view.asStranger);
    await settled(page);
    expect(await foreignElements(page)).toBe(0);
  });

  test("is text in the address and the search box", { timeout: 120_000 }, async () => {
    const { visit, host, expectComplaint } = rig();
    expectComplaint(/status of (?:400|503)/);
    const page = await visit("/calls");
    for (const whole of hostileStrings) {
      const hostile = whole.slice(0, 900);
      const fields = { q: hostile, tool_name: hostile, range: hostile, [hostile]: hostile };
      await page.goto(`${host.url}/calls?${new URLSearchParams(fields)}`);
      await page.getByRole("heading", { name: "Calls", exact: true }).waitFor();
      expect(await foreignElements(page)).toBe(0);
    }
  });
});

/** With an error to `ping`, else with a result of every kind of content. */
async function answer(request: IncomingMessage): Promise<string> {
  const { id, method, params } = JSON.parse(await text(request)) as {
    id: unknown;
    method: string;
    params: { hostile: string };
  };
  const { hostile } = params;
  if (method === "ping") return JSON.stringify({ jsonrpc: "2.0", id, error: errorOf(hostile) });
  const content = [
    { type: "text", text: hostile },
    { type: "image", mimeType: "image/svg+xml", data: btoa(`<svg onload="alert(1)"/>`) },
    { type: "image", mimeType: hostile, data: hostile },
    { type: "resource_link", uri: hostile, name: hostile, description: hostile },
    {
      type: "resource",
      resource: { uri: `ui://${hostile}`, mimeType: "text/html", text: hostile },
    },
    { type: hostile },
  ];
  const result = { content, structuredContent: { [hostile]: hostile }, isError: false };
  return JSON.stringify({ jsonrpc: "2.0", id, result });
}

const errorOf = (hostile: string) => ({
  code: -32_000,
  message: hostile,
  data: { [hostile]: hostile },
});

/** Three calls for each string: of a tool of that name, one that fails with it, and a method of that name. */
async function makeHostileTraffic(host: ReturnType<typeof rig>["host"]): Promise<Traffic> {
  await once(upstream.listen(0, "127.0.0.1"), "listening");
  const target = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/mcp`;
  const server = await host.api.addServer(hostileStrings[1] ?? "", target);
  const registered = { server, url: `${host.url}/p/${server.slug}` };
  for (const hostile of hostileStrings) {
    const clientInfo = { name: hostile, version: hostile, title: hostile };
    const _meta = { "io.modelcontextprotocol/clientInfo": clientInfo };
    const params = { name: hostile, arguments: { [hostile]: hostile }, hostile, _meta };
    await post(registered.url, hostile, {
      jsonrpc: "2.0",
      id: hostile,
      method: "tools/call",
      params,
    });
    await post(registered.url, hostile, { jsonrpc: "2.0", id: 1, method: "ping", params });
    await post(registered.url, hostile, { jsonrpc: "2.0", id: 2, method: hostile, params });
  }
  const wanted = hostileStrings.length * 3;
  const calls: readonly CallRow[] = await host.untilCalls(
    {},
    (all) => all.length >= wanted,
    10_000,
  );
  const travel = { url: target, async [Symbol.asyncDispose]() {} } as Traffic["travel"];
  return { travel, registered, calls };
}

/** By hand: `fetch` lets no such field pass. */
async function post(url: string, hostile: string, message: object): Promise<void> {
  const field = hostile.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 500);
  const request = send(url, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": field, "x-hostile": field },
  });
  request.end(JSON.stringify(message));
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
}
