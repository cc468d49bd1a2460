/** What the host itself asks servers: checks of connections, test calls, replays, and the demo server it brings along. */
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { describe, expect, test } from "vitest";
import { startMcpEndpoint } from "../../demo/mcp-endpoint.ts";
import { travelServer } from "../../demo/travel-server.ts";
import type { ServerRow } from "./api.ts";
import { rigForFile, startRig } from "./rig.ts";
import { until } from "./until.ts";

interface Step {
  readonly step: string;
  readonly status: string;
  readonly message: string;
  readonly duration_ms: number;
  readonly details: Readonly<Record<string, unknown>>;
}

interface Report {
  readonly ok: boolean;
  readonly era: string | null;
  readonly transport: string | null;
  readonly protocol_version: string | null;
  readonly server_info: { readonly name: string; readonly version: string | null } | null;
  readonly steps: readonly Step[];
  readonly tools: readonly {
    readonly name: string;
    readonly title: string | null;
    readonly description: string | null;
    readonly annotations: Readonly<Record<string, boolean>>;
  }[];
  readonly has_more_tools: boolean;
}

const rig = rigForFile();
const check = (target_url: string, headers?: object) =>
  rig().api.send<Report>("POST", "/v1/mcp/servers/check", {
    target_url,
    ...(headers && { headers }),
  });
const statuses = ({ steps }: Report) =>
  Object.fromEntries(steps.map(({ step, status }) => [step, status]));
const messageOf = ({ steps }: Report, step: string) =>
  steps.find((one) => one.step === step)?.message ?? "";

async function listen(answer: RequestListener) {
  const http = createServer(answer);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

const allOf = async (request: AsyncIterable<Uint8Array>) =>
  Buffer.concat(await Array.fromAsync(request)).toString();

describe("a check of a connection", () => {
  test("says of a server of both eras what it speaks and which tools it has, and is no call", async () => {
    await using endpoint = await startMcpEndpoint(travelServer);
    const before = await rig().api.count();
    const report = await check(endpoint.url);
    expect(statuses(report)).toEqual({
      ...{ dns: "skipped", connect: "ok", tls: "skipped", http: "ok", protocol: "ok" },
      ...{ authentication: "ok", tools: "ok" },
    });
    expect(report).toMatchObject({
      ...{ ok: true, era: "modern", transport: "streamable_http", protocol_version: "2026-07-28" },
      server_info: { name: "travel-desk", version: "1.4.0" },
    });
    expect(report.tools.map(({ name }) => name)).toContain("get_forecast");
    expect(await rig().api.count()).toBe(before);
  });

  test("goes over a name that it resolves, and times each step", async () => {
    await using endpoint = await startMcpEndpoint(travelServer);
    const report = await check(endpoint.url.replace("127.0.0.1", "localhost"));
    expect(statuses(report)).toMatchObject({ dns: "ok", connect: "ok", tools: "ok" });
    for (const { duration_ms } of report.steps) expect(duration_ms).toBeGreaterThanOrEqual(0);
  });

  test("shakes hands with a server that knows sessions only, and ends the session", async () => {
    const seen: string[] = [];
    await using upstream = await listen(async (request, response) => {
      const text = await allOf(request);
      const { method = request.method, id } = text === "" ? {} : JSON.parse(text);
      seen.push(`${method} ${request.headers["mcp-session-id"] ?? "-"}`);
      const answer = (result: object, headers = {}) =>
        response
          .writeHead(200, { "content-type": "text/event-stream", ...headers })
          .end(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id, result })}\n\n`);
      if (method === "initialize") {
        const serverInfo = { name: "old", version: "1" };
        const result = { protocolVersion: "2025-06-18", capabilities: {}, serverInfo };
        answer(result, { "mcp-session-id": "s1" });
      } else if (method === "tools/list") {
        const annotations = { readOnlyHint: true, destructiveHint: "no" };
        answer({ tools: [{ name: "look", title: "Look", annotations }, "no tool"] });
      } else if (method === "server/discover") response.writeHead(400).end("Bad Request");
      else response.writeHead(202).end();
    });
    const report = await check(upstream.url);
    expect(report).toMatchObject({
      ...{ ok: true, era: "legacy", protocol_version: "2025-06-18", server_info: { name: "old" } },
      tools: [{ name: "look", title: "Look", annotations: { readOnlyHint: true } }],
    });
    expect(seen).toEqual([
      "server/discover -",
      "initialize -",
      "notifications/initialized s1",
      "tools/list s1",
      "DELETE s1",
    ]);
  });

  test.for([
    [
      'Bearer resource_metadata="https://a.example/.well-known/oauth-protected-resource", scope="read"',
      "OAuth",
      {
        schemes: ["Bearer"],
        resource_metadata: "https://a.example/.well-known/oauth-protected-resource",
        scope: "read",
      },
    ],
    ['Basic realm="x"', "Basic", { schemes: ["Basic"] }],
    ["", "does not say of what kind", { schemes: [] }],
  ] as const)("tells what credential is needed: %s", async ([challenge, words, details]) => {
    await using upstream = await listen((_request, response) => {
      response.writeHead(401, challenge === "" ? {} : { "www-authenticate": challenge }).end();
    });
    const report = await check(upstream.url);
    expect(report).toMatchObject({ ok: true, era: null, tools: [] });
    expect(statuses(report)).toMatchObject({ authentication: "warning", protocol: "skipped" });
    expect(messageOf(report, "authentication")).toContain(words);
    const step = report.steps.find(({ step }) => step === "authentication");
    expect(step?.details).toMatchObject(details);
  });

  test("passes on the credential it is given", async () => {
    await using upstream = await listen((request, response) => {
      response.writeHead(request.headers.authorization === "Bearer t" ? 418 : 401).end();
    });
    expect(
      messageOf(await check(upstream.url, { Authorization: "Bearer t" }), "protocol"),
    ).toContain("HTTP 418");
  });

  test("knows the transport of 2024-11-05 when it meets it", async () => {
    await using upstream = await listen((request, response) => {
      if (request.method !== "GET") response.writeHead(405).end();
      else {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("event: endpoint\ndata: /messages?sessionId=1\n\n");
      }
    });
    const report = await check(upstream.url);
    expect(report).toMatchObject({ ok: true, era: "legacy", transport: "http_sse" });
    expect(messageOf(report, "protocol")).toContain("HTTP+SSE");
  });

  test("says where a redirect that stays leads, and follows it", async () => {
    await using endpoint = await startMcpEndpoint(travelServer);
    const target = new URL(endpoint.url);
    const report = await check(endpoint.url);
    expect(report.ok).toBe(true);
    await using upstream = await listen((request, response) => {
      if (request.url === "/mcp") response.writeHead(307, { location: "/mcp/" }).end();
      else response.writeHead(200, { "content-type": "text/html" }).end("<p>no MCP</p>");
    });
    const redirected = await check(upstream.url);
    expect(statuses(redirected)).toMatchObject({ http: "warning", protocol: "failed" });
    await using away = await listen((_request, response) => {
      response.writeHead(307, { location: target.href }).end();
    });
    const refused = await check(away.url);
    expect(refused.ok).toBe(false);
    expect(messageOf(refused, "http")).toContain("not followed");
  });

  test("tells what is no MCP, what is not there, and what is not let through", async () => {
    await using page = await listen((_request, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<script>alert(1)</script>");
    });
    expect(messageOf(await check(page.url), "protocol")).toContain("HTTP 200, text/html");

    const gone = await listen(() => undefined);
    await gone[Symbol.asyncDispose]();
    const refused = await check(gone.url);
    expect(statuses(refused)).toMatchObject({
      connect: "failed",
      http: "skipped",
      tools: "skipped",
    });

    await expect(check("http://169.254.169.254/latest")).rejects.toThrow(/400.*metadata/s);
    await expect(check("not a URL")).rejects.toThrow(/400.*target_url/s);
    await expect(check(`${rig().url}/p/x`)).rejects.toThrow(/400.*this proxy itself/s);
  });

  test("reads no more than a megabyte, and lists no more than 200 tools", async () => {
    await using flood = await listen((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(`"${"x".repeat(2_000_000)}"`);
    });
    expect(messageOf(await check(flood.url), "protocol")).toContain("more than is read");

    await using many = await listen(async (request, response) => {
      const { method, id } = JSON.parse(await allOf(request));
      const tools = Array.from({ length: 150 }, (_, index) => ({ name: `t${index}` }));
      const result =
        method === "tools/list"
          ? { tools, nextCursor: "more" }
          : { supportedVersions: ["2026-07-28"], capabilities: {} };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
    });
    const report = await check(many.url);
    expect(report.tools).toHaveLength(200);
    expect(report.has_more_tools).toBe(true);
  });

  test("refuses header fields that are not for it", async () => {
    await expect(check("http://127.0.0.1:1/", { Cookie: "a=b" })).rejects.toThrow(
      /headers.*Cookie/s,
    );
    await expect(check("http://127.0.0.1:1/", { authorization: "a\nb" })).rejects.toThrow(
      /headers/,
    );
  });
});

describe("the demo server", () => {
  const addDemo = () => rig().api.send<ServerRow>("POST", "/v1/mcp/servers/demo");

  test("is registered once for a team", async () => {
    const [first, second] = [await addDemo(), await addDemo()];
    expect(second.id).toBe(first.id);
    expect(await check(first.target_url)).toMatchObject({ ok: true, era: "modern" });
  });

  test.for(["legacy", "modern"] as const)("serves clients of the official SDK: %s", async (era) => {
    const server = await addDemo();
    const mode = era === "legacy" ? ("legacy" as const) : { pin: "2026-07-28" };
    const client = new Client({ name: "agent", version: "1" }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(server.proxy_url)));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      ...["echo", "add", "count_slowly", "draw_lots", "break_down"],
    ]);
    const call = (name: string, given: Record<string, unknown> = {}) =>
      client.callTool({ name, arguments: given });
    expect(await call("echo", { text: "hello" })).toMatchObject({ content: [{ text: "hello" }] });
    expect(await call("add", { a: 2, b: 3 })).toMatchObject({ structuredContent: { sum: 5 } });
    expect(await call("draw_lots")).toMatchObject({ isError: true });
    await expect(call("break_down")).rejects.toThrow("breaks down");
    const progress: number[] = [];
    await client.callTool(
      { name: "count_slowly", arguments: { to: 3 } },
      { onprogress: ({ progress: done }) => void progress.push(done) },
    );
    expect(progress).toEqual([1, 2, 3]);
    await client.close();
  });

  test("answers after a restart of the host, at the same proxy URL", async () => {
    const first = await startRig();
    const { dataDir, apiKey } = first;
    const server = await first.api.send<ServerRow>("POST", "/v1/mcp/servers/demo");
    await first.kill();
    await using second = await startRig({ dataDir, apiKey });
    const tested = await second.api.send("POST", `/v1/mcp/servers/${server.id}/test-call`, {});
    expect(tested).toMatchObject({ method: "tools/list", status_code: 200, error_message: "" });
    const again = await second.api.send<ServerRow>("POST", "/v1/mcp/servers/demo");
    expect(again).toMatchObject({ id: server.id, slug: server.slug });
  });
});

describe("a test call", () => {
  test("goes through the proxy URL and is recorded", async () => {
    await using endpoint = await startMcpEndpoint(travelServer);
    const { server } = await rig().register(endpoint.url);
    const tested = await rig().api.send<{ call_id: string }>(
      "POST",
      `/v1/mcp/servers/${server.id}/test-call`,
      {},
    );
    expect(tested).toMatchObject({ method: "tools/list", status_code: 200, error_message: "" });
    const calls = await rig().untilCalls({ server_id: server.id }, (all) => all.length >= 4);
    expect(calls.map(({ method }) => method).sort()).toEqual(
      ["DELETE", "initialize", "notifications/initialized", "tools/list"].sort(),
    );
    expect(calls.find(({ id }) => id === tested.call_id)).toMatchObject({
      ...{ method: "tools/list", status: "success", client_name: "hookwatch", replay_of: null },
      source_ip: "127.0.0.1",
    });
  });

  test("is not spoiled by a server that says too much when its session ends", async () => {
    await using upstream = await listen(async (request, response) => {
      if (request.method === "DELETE") return void response.end(Buffer.alloc(5_000_000, "x"));
      const { id, method } = JSON.parse(await allOf(request));
      if (id === undefined) return void response.writeHead(202).end();
      const result = method === "initialize" ? { protocolVersion: "2025-11-25" } : { tools: [] };
      const headers = { "content-type": "application/json", "mcp-session-id": "s1" };
      response.writeHead(200, headers).end(JSON.stringify({ jsonrpc: "2.0", id, result }));
    });
    const { server } = await rig().register(upstream.url);
    const tested = await rig().api.send("POST", `/v1/mcp/servers/${server.id}/test-call`, {});
    expect(tested).toMatchObject({ method: "tools/list", status_code: 200, error_message: "" });
  });

  test("tells what a server answers that declines", async () => {
    await using upstream = await listen((_request, response) => response.writeHead(401).end());
    const { server } = await rig().register(upstream.url);
    const tested = await rig().api.send("POST", `/v1/mcp/servers/${server.id}/test-call`, {});
    expect(tested).toMatchObject({ status_code: 401, error_message: "HTTP 401" });
  });
});

describe("a replay", () => {
  interface Replayed {
    readonly call_id: string;
  }
  const replay = (id: string, body: object = {}) =>
    rig().api.send<Replayed>("POST", `/v1/mcp/calls/${id}/replay`, body);
  const ended = (id: string) =>
    until(
      "the replay's call",
      5_000,
      () =>
        rig()
          .api.call(id)
          .catch(() => undefined),
      (call) => call !== undefined,
    );

  /** `mark`: a word of the text that the log keeps. */
  async function recorded(era: "legacy" | "modern", text: string, mark = text) {
    const server = await rig().api.send<ServerRow>("POST", "/v1/mcp/servers/demo");
    const mode = era === "legacy" ? ("legacy" as const) : { pin: "2026-07-28" };
    const client = new Client({ name: "agent", version: "1" }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(server.proxy_url)));
    await client.callTool({ name: "echo", arguments: { text } });
    await client.close();
    const [call] = await rig().untilCalls({ tool_name: "echo", q: mark }, (all) => all.length > 0);
    if (!call) throw new Error("the call to be replayed was not recorded");
    return call;
  }

  test.for(["legacy", "modern"] as const)(
    "sends a recorded request again, in a session if it had one: %s",
    async (era) => {
      const call = await recorded(era, `again ${era}`);
      const { call_id } = await replay(call.id);
      const repeated = await ended(call_id);
      expect(repeated).toMatchObject({
        ...{ id: call_id, replay_of: call.id, method: "tools/call", tool_name: "echo" },
        ...{ status: "success", request_body: call.request_body, source_ip: "127.0.0.1" },
      });
      expect(repeated?.response_body).toContain(`again ${era}`);
      expect(repeated?.session_id === null).toBe(era === "modern");
      expect(repeated?.session_id).not.toBe(call.session_id ?? "none");
      expect(repeated?.header_mismatches).toEqual([]);
    },
  );

  test("sends other arguments when it is told to", async () => {
    const call = await recorded("modern", "before");
    const edited = await ended((await replay(call.id, { arguments: { text: "after" } })).call_id);
    expect(edited?.response_body).toContain("after");
    const body = JSON.stringify({ jsonrpc: "2.0", id: 7, method: "tools/list" });
    const other = await ended((await replay(call.id, { request_body: body })).call_id);
    expect(other).toMatchObject({ method: "tools/list", rpc_id: "7", replay_of: call.id });
  });

  test("passes a credential on, and keeps none of it", async () => {
    await using upstream = await listen(async (request, response) => {
      const { id } = JSON.parse(await allOf(request));
      const said = request.headers.authorization ?? "nobody";
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result: { length: said.length } }));
    });
    const { server, url } = await rig().register(upstream.url);
    await fetch(url, { method: "POST", body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' });
    const [call] = await rig().untilCalls({ server_id: server.id }, (all) => all.length > 0);
    const headers = { Authorization: "Bearer very-secret-token" };
    const repeated = await ended((await replay(call?.id ?? "", { headers })).call_id);
    expect(repeated?.response_body).toContain('"length":24');
    expect(JSON.stringify(repeated)).not.toContain("very-secret");
  });

  test("never sends the placeholder of a secret", async () => {
    const secret = "ghp_0123456789abcdefghijABCDEFGHIJ456789";
    const call = await recorded("modern", `unlocked with ${secret}`, "unlocked");
    expect(call.request_body).toContain("[redacted:");
    await expect(replay(call.id)).rejects.toThrow(/400.*redacted before they were stored/s);
    const { call_id } = await replay(call.id, { arguments: { text: "token" } });
    expect((await ended(call_id))?.status).toBe("success");
  });

  test("is refused for what was no request of a client, and for unknown calls", async () => {
    const server = await rig().api.send<ServerRow>("POST", "/v1/mcp/servers/demo");
    await fetch(server.proxy_url, { method: "GET" });
    const found = await rig().untilCalls({ kind: "http", method: "GET" }, (all) => all.length > 0);
    await expect(replay(found[0]?.id ?? "")).rejects.toThrow(/400.*no JSON-RPC/s);
    await expect(replay("0192bbbb-0000-7000-8000-000000000001")).rejects.toThrow(/404/);
    const call = await recorded("modern", "twice");
    const both = { arguments: {}, request_body: "{}" };
    await expect(replay(call.id, both)).rejects.toThrow(/400.*beside request_body/s);
    await expect(replay(call.id, { request_body: "[]" })).rejects.toThrow(/400.*batch/s);
  });

  test("answers at once, however long the tool takes", async () => {
    const call = await recorded("legacy", "slow");
    const params = { name: "count_slowly", arguments: { to: 8 } };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    const startedMs = performance.now();
    const { call_id } = await replay(call.id, { request_body: body });
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    expect(await rig().api.status(`/v1/mcp/calls/${call_id}`)).toBe(404);
    expect((await ended(call_id))?.duration_ms).toBeGreaterThan(1_800);
  });
});
