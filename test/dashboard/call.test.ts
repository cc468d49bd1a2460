/** One call: read as its method means it, searched, compared, sent again; whatever a server answered. */
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CallRow, ServerRow } from "../e2e/api.ts";
import { type ScriptedUpstream, startScripted } from "../e2e/scripted-upstream.ts";
import { hostileStrings } from "./hostile-strings.ts";
import { dashboardForFile, describeInBrowser, makeTraffic, phone, type Traffic } from "./rig.ts";

let traffic: Traffic;
let upstream: ScriptedUpstream;
const rig = dashboardForFile({}, async (made) => {
  traffic = await makeTraffic(made);
});

/** The answers of the scripted server, by the name of the tool. */
const answers: Record<string, { status?: number; type?: string; body: (id: number) => string }> =
  {};
let proxyUrl = "";

beforeAll(async () => {
  upstream = await startScripted(async ({ response, body }) => {
    const { id, params } = JSON.parse(await body());
    const answer = answers[params.name];
    response.writeHead(answer?.status ?? 200, {
      "content-type": answer?.type ?? "application/json",
    });
    response.end(answer?.body(id));
  });
  const server = await rig().host.api.addServer("Scripted", upstream.url);
  proxyUrl = server.proxy_url;
});
afterAll(() => upstream?.[Symbol.asyncDispose]());

/** Has the scripted server give that answer once, and the call it became. */
async function recorded(
  name: string,
  answer: (typeof answers)[string],
  params: object = {},
): Promise<CallRow> {
  answers[name] = answer;
  const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, ...params } };
  const headers = { "content-type": "application/json" };
  await fetch(proxyUrl, { method: "POST", headers, body: JSON.stringify(message) });
  const [call] = await rig().host.untilCalls({ tool_name: name }, (calls) => calls.length > 0);
  if (!call) throw new Error("the call was not recorded");
  return call;
}

const result = (content: readonly object[], more: object = {}) => ({
  body: (id: number) => JSON.stringify({ jsonrpc: "2.0", id, result: { content, ...more } }),
});

function made(wanted: (call: CallRow) => boolean): CallRow {
  const call = traffic.calls.find(wanted);
  if (!call) throw new Error("the agents made no such call");
  return call;
}

async function open(call: Pick<CallRow, "id">, look = {}): Promise<Page> {
  const page = await rig().visit(`/calls/${call.id}`, look);
  await page.getByRole("tab", { name: "Overview" }).waitFor();
  return page;
}

const tab = (page: Page, name: string) => page.getByRole("tab", { name, exact: true }).click();
/** Its text, once the editor has come in place of the plain one. */
const editor = (panel: Locator) => panel.locator(".cm-content");
const overview = (page: Page) => page.getByRole("tabpanel", { name: "Overview" });

describeInBrowser("a call", () => {
  test("says what was asked, what came of it, and the facts around it", async () => {
    const call = made((each) => each.tool_name === "convert_currency" && each.status === "success");
    const page = await open(call);
    await page.getByRole("heading", { name: "convert_currency" }).waitFor();
    const { from } = JSON.parse(call.request_body).params.arguments;
    await overview(page).getByText("Travel desk").waitFor();
    await overview(page).getByText(`"${from}"`).first().waitFor();
    const text = await overview(page).innerText();
    for (const part of ["Arguments", "Content", "Structured content", "Travel desk"]) {
      expect(text).toContain(part);
    }
    expect(text).toContain(call.client_name);
    expect(text).toContain(call.id);
  });

  test("tells a tool's failure from the protocol's, HTTP's, a cancellation and a timeout", async () => {
    const refused = await recorded("refused", {
      ...{ status: 403, type: "text/html" },
      body: () => "<img src=x onerror=alert(1)>",
    });
    for (const [call, title] of [
      [made(({ error_kind }) => error_kind === "tool"), "Tool error"],
      [made(({ error_kind }) => error_kind === "jsonrpc"), "Protocol error -32602"],
      [made(({ error_kind }) => error_kind === "cancelled"), "Cancelled"],
      [refused, "HTTP error 403"],
    ] as const) {
      const page = await open(call);
      const notice = overview(page).getByRole("alert");
      expect(await notice.innerText()).toContain(title);
      expect(await notice.innerText()).toContain(call.error_message);
    }
  });

  test("shows pictures by what their bytes are, and nothing that is none", async () => {
    const png =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const svg = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>',
    );
    const call = await recorded(
      "pictures",
      result([
        { type: "image", mimeType: "image/svg+xml", data: png },
        { type: "image", mimeType: "image/png", data: svg.toString("base64") },
        { type: "image", mimeType: "image/png", data: "no base64 at all" },
      ]),
    );
    const page = await open(call);
    const pictures = overview(page).getByRole("img", { name: "Content of the answer" });
    await pictures.first().waitFor();
    expect(await pictures.count()).toBe(1);
    expect(await pictures.getAttribute("src")).toMatch(/^blob:/);
    const text = await overview(page).innerText();
    expect(text).toContain("It says it is image/svg+xml");
    expect(text.match(/Not shown/g)).toHaveLength(2);
  });

  test("shows text as text: no markup, no link, hidden characters by their names", async () => {
    const call = await recorded(
      "hostile",
      result([
        { type: "text", text: '<script>alert(1)</script><b onclick="x">bold</b>' },
        { type: "text", text: "evil\u202etxt.exe\u200b\u001b[31m" },
        { type: "resource_link", uri: "javascript:alert(1)", name: "<i>click</i>" },
        { type: "unheard-of", html: "<iframe src=//evil.example>" },
      ]),
    );
    const page = await open(call);
    await overview(page).getByText("U+202E").waitFor();
    const content = overview(page).getByRole("list", { name: "Content" });
    const text = await content.innerText();
    expect(text).toContain('<script>alert(1)</script><b onclick="x">bold</b>');
    expect(text).toContain("␛[31m");
    expect(text).toContain("javascript:alert(1)");
    expect(await content.locator("a, b, i, iframe, script").count()).toBe(0);
  });

  test("is text in every view, in the editor, too", async () => {
    const texts = hostileStrings.map((text) => ({ type: "text", text }));
    const call = await recorded("views", result(texts, { structuredContent: { hostileStrings } }), {
      arguments: { hostileStrings },
    });
    const page = await open(call);
    for (const name of [
      "Request",
      "Response",
      "Headers",
      "Timing",
      "Messages",
      "Raw",
      "Overview",
    ]) {
      await tab(page, name);
      const panel = page.getByRole("tabpanel", { name });
      await panel.waitFor();
      await expect.poll(() => panel.getByText("Loading").count()).toBe(0);
      if (name === "Request") await editor(panel).getByText('"hostileStrings"').waitFor();
      // Locators look into shadow roots, too, where the editor puts pictures without a source around its marks.
      const foreign = panel.locator(
        "script, img:not(.cm-widgetBuffer), iframe, object, base, link, style, a[href^=java]",
      );
      expect(await foreign.count()).toBe(0);
    }
  });

  test("keeps numbers as they were sent", async () => {
    const call = await recorded(
      "exact",
      { body: (id) => `{"jsonrpc":"2.0","id":${id},"result":{"n":12345678901234567890}}` },
      { arguments: {} },
    );
    const page = await open(call);
    await editor(overview(page)).getByText("12345678901234567890").waitFor();
  });

  test("shows a body of a megabyte, and finds the end of it", async () => {
    const rows = Array.from({ length: 9_000 }, (_, n) => ({
      n,
      text: `row ${n} ${"x".repeat(80)}`,
    }));
    const call = await recorded("large", result([], { structuredContent: { rows } }));
    const page = await open(call);
    await tab(page, "Response");
    const panel = page.getByRole("tabpanel", { name: "Response" });
    await editor(panel).getByText('"jsonrpc"').waitFor();
    await panel.getByRole("button", { name: "Search" }).click();
    await page.keyboard.type("row 8999 ");
    await page.keyboard.press("Enter");
    await panel
      .getByText(/row 8999 x/)
      .first()
      .waitFor();
  });

  test("folds, and tells the path of what the cursor is at", async () => {
    const call = made((each) => each.tool_name === "convert_currency" && each.status === "success");
    const page = await open(call);
    await tab(page, "Request");
    const panel = page.getByRole("tabpanel", { name: "Request" });
    await editor(panel).getByText('"params"').waitFor();
    await editor(panel).getByText('"amount"').click();
    await panel.getByText("$.params.arguments.amount").waitFor();
    await panel.getByTitle("Fold line").nth(1).click();
    await expect.poll(() => editor(panel).getByText('"amount"').count()).toBe(0);
  });

  test("marks what was redacted of its header fields", async () => {
    const call = made(({ session_id }) => session_id !== null);
    const page = await open(call);
    await tab(page, "Headers");
    await page
      .getByRole("tabpanel", { name: "Headers" })
      .getByText(/^redacted:session/)
      .waitFor();
  });

  test("tells when what travelled, and what it said", async () => {
    const call = made(({ tool_name }) => tool_name === "plan_route");
    const page = await open(call);
    await tab(page, "Messages");
    await page.getByRole("button", { name: /progress 1 of 5: searched as far as Oslo/ }).click();
    await editor(page.getByRole("tabpanel", { name: "Messages" }))
      .getByText('"notifications/progress"')
      .waitFor();
    await tab(page, "Timing");
    await page.getByText("Waiting for the answer").waitFor();
    await page.getByText("Receiving it").waitFor();
    await page.getByText(/of it added by the proxy$/).waitFor();
  });

  test("leads to its neighbours in the session and of the tool, and stays in its view", async () => {
    const searches = traffic.calls.filter(({ tool_name }) => tool_name === "search_docs");
    const session = searches[0]?.session_id ?? "";
    const own = searches.filter(({ session_id }) => session_id === session).toReversed();
    const [first, second] = own;
    if (!first || !second) throw new Error("the agent searched less than twice");
    const page = await open(first);
    await tab(page, "Request");
    await page.getByRole("button", { name: "Next call of this session" }).click();
    await page.waitForURL(`**/calls/${second.id}`);
    expect(
      await page.getByRole("tab", { name: "Request", exact: true }).getAttribute("aria-selected"),
    ).toBe("true");
    await page.getByRole("button", { name: "Previous call of this session" }).click();
    await page.waitForURL(`**/calls/${first.id}`);
    const forecasts = traffic.calls.filter(({ tool_name }) => tool_name === "get_forecast");
    const oldest = forecasts.at(-1);
    if (!oldest) throw new Error("no agent asked for a forecast");
    await page.goto(`${rig().host.url}/calls/${oldest.id}`);
    const previous = page.getByRole("button", { name: "Previous call of this tool" });
    const next = page.getByRole("button", { name: "Next call of this tool" });
    await expect.poll(() => next.isEnabled()).toBe(true);
    expect(await previous.isEnabled()).toBe(false);
    for (const newer of forecasts.toReversed().slice(1, 4)) {
      await next.click();
      await page.waitForURL(`**/calls/${newer.id}`);
    }
  });

  test("is compared with another one, line by line", async () => {
    const [after, before] = traffic.calls.filter(({ tool_name }) => tool_name === "get_forecast");
    if (!after || !before) throw new Error("the agents asked for less than two forecasts");
    const page = await open(after);
    await page.getByRole("button", { name: "More to do with this call" }).click();
    await page
      .getByRole("menuitem", { name: "Compare with the previous call of this tool" })
      .click();
    await page.waitForURL(`**/compare?a=${before.id}&b=${after.id}`);
    const facts = page.getByRole("table", { name: "Facts of both calls" });
    await facts.waitFor();
    await page.getByRole("button", { name: "Swap" }).click();
    await page.waitForURL(`**/compare?a=${after.id}&b=${before.id}`);
    const failed = made((each) => each.tool_name === "get_forecast" && each.status === "error");
    const well = made((each) => each.tool_name === "get_forecast" && each.status === "success");
    await page.goto(`${rig().host.url}/compare?a=${failed.id}&b=${well.id}`);
    const response = page.getByRole("region", { name: "Response" });
    await response.getByText("there is no station").waitFor();
    await response.getByText("tomorrow:").waitFor();
  });

  test("is compared with one that is chosen, or pasted", async () => {
    const [newest, ...older] = traffic.calls.filter(
      ({ tool_name }) => tool_name === "get_forecast",
    );
    const [other] = older;
    if (!newest || !other) throw new Error("the agents asked for less than two forecasts");
    const page = await open(newest);
    await page.getByRole("button", { name: "More to do with this call" }).click();
    await page.getByRole("menuitem", { name: "Compare with another one…" }).click();
    const rows = page.getByRole("table", { name: "Calls to compare with" }).getByRole("row");
    await rows.nth(1).getByRole("button", { name: "Compare" }).click();
    await page.waitForURL(`**/compare?a=${newest.id}&b=${other.id}`);
    await page.goto(`${rig().host.url}/compare?a=${newest.id}`);
    const field = page.getByLabel("Id or link of another call");
    await field.fill("none of them");
    await field.press("Enter");
    await page.getByText("There is no id of a call in this.").waitFor();
    await field.fill(`${rig().host.url}/calls/${other.id}`);
    await field.press("Enter");
    await page.waitForURL(`**/compare?a=${newest.id}&b=${other.id}`);
  });

  test("is copied as a command that makes the call again", async () => {
    const call = made((each) => each.tool_name === "convert_currency" && each.status === "success");
    const page = await open(call, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.getByRole("button", { name: "More to do with this call" }).click();
    await page.getByRole("menuitem", { name: "Copy as cURL" }).click();
    await page.getByText("as cURL copied").waitFor();
    await page.evaluate(() => navigator.clipboard.writeText(""));
    await page.keyboard.press("c");
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).not.toBe("");
    const command = await page.evaluate(() => navigator.clipboard.readText());
    expect(command).toContain(`curl -sS -N '${traffic.registered.url}'`);
    expect(command).toContain(`--data-raw '${call.request_body}'`);
  });

  test("says so when there is no such call", async () => {
    rig().expectComplaint(/status of 404/);
    const page = await rig().visit("/calls/0192bbbb-0000-7000-8000-000000000001");
    await page.getByText("The call cannot be shown").waitFor();
  });

  test("is read and left on a phone", async () => {
    const call = made(({ error_kind }) => error_kind === "tool");
    const page = await rig().visit(`/calls?call=${call.id}`, phone);
    await page.getByRole("tab", { name: "Overview" }).waitFor();
    await page.getByRole("button", { name: "Close" }).click();
    await expect.poll(() => new URL(page.url()).searchParams.has("call")).toBe(false);
  });
});

describeInBrowser("a replay", () => {
  let demo: ServerRow;

  beforeAll(async () => {
    demo = await rig().host.api.send<ServerRow>("POST", "/v1/mcp/servers/demo");
    await rig().host.api.send("POST", `/v1/mcp/servers/${demo.id}/test-call`, {});
  });

  let asking = 0;

  async function asked(name: string, given: object): Promise<CallRow> {
    asking += 1;
    const id = asking;
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const params = { name, arguments: given, _meta: meta };
    await fetch(demo.proxy_url, {
      method: "POST",
      headers: {
        ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
        ...{ "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": name },
      },
      body: JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params }),
    }).then((answer) => answer.text());
    const isIt = ({ rpc_id, replay_of }: CallRow) => rpc_id === `${id}` && replay_of === null;
    const filter = { server_id: demo.id, tool_name: name };
    const calls = await rig().host.untilCalls(filter, (all) => all.some(isIt));
    const call = calls.find(isIt);
    if (!call) throw new Error("the call was not recorded");
    return call;
  }

  test("is sent with other arguments, followed to its end, and says what it repeats", async () => {
    const call = await asked("echo", { text: "before" });
    const page = await open(call);
    await page.getByRole("button", { name: "Replay", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("The server says that this tool only reads.").waitFor();
    const field = dialog.getByRole("textbox", { name: "Arguments" });
    await field.fill('{"text": "after');
    await dialog.getByRole("alert").waitFor();
    expect(await dialog.getByRole("button", { name: "Send again" }).isEnabled()).toBe(false);
    await field.fill('{"text": "after"}');
    await dialog.getByRole("button", { name: "Send again" }).click();
    await dialog.getByText("Success after").waitFor();
    await dialog.getByRole("button", { name: "Open the new call" }).click();
    await overview(page).getByText("Replay of").waitFor();
    await overview(page).getByRole("list", { name: "Content" }).getByText("after").waitFor();
    const [repeated] = await rig().host.api.calls({ server_id: demo.id, tool_name: "echo" });
    expect(repeated).toMatchObject({ replay_of: call.id });
  });

  test("warns of a tool that does not only read", async () => {
    const call = await asked("draw_lots", {});
    const page = await open(call);
    await page.goto(`${rig().host.url}/calls/${call.id}?replay=true`);
    const dialog = page.getByRole("dialog");
    await dialog.getByText("This tool changes things, and does so again").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "hidden" });
  });

  test("asks for what was redacted, and says what is missing if it is not given", async () => {
    rig().expectComplaint(/status of 400/);
    const call = await asked("echo", { text: "ghp_0123456789abcdefghijABCDEFGHIJ456789" });
    const page = await open(call);
    await page.getByRole("button", { name: "Replay", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Secrets were redacted before they were stored").waitFor();
    await dialog.getByRole("button", { name: "Send again" }).click();
    await dialog.getByText(/holds secrets that were redacted/).waitFor();
    const [newest] = await rig().host.api.calls({ server_id: demo.id, tool_name: "echo" });
    expect(newest?.id).toBe(call.id);
  });
});
