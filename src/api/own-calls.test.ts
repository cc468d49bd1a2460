import { describe, expect, test } from "vitest";
import { openRig } from "../../test/api/rig.ts";
import type { ConnectionReport } from "./connection-report.ts";
import type { PassedHeaders } from "./passed-headers.ts";
import type { AskedTestCall } from "./test-call.ts";
import type { WireServer } from "./wire-servers.ts";

const report: ConnectionReport = {
  steps: [
    { step: "dns", status: "ok", message: "it has an address", durationMs: 3, details: {} },
    { step: "connect", status: "failed", message: "refused", durationMs: 1, details: { port: 1 } },
  ],
  era: "modern",
  transport: "streamable_http",
  protocolVersion: "",
  serverInfo: { name: "s", title: "", version: "1" },
  tools: [{ name: "t", title: "", description: "d", annotations: { readOnlyHint: true } }],
  moreTools: true,
};
const demoUrl = "http://127.0.0.1:40001/hookwatch-demo/mcp";

describe("POST /v1/mcp/servers/check", () => {
  test("answers what the host finds, with the credential for this one time", async () => {
    const asked: { url: string; headers: PassedHeaders }[] = [];
    await using rig = await openRig("memory", {
      checkConnection: async ({ href }, headers) => {
        asked.push({ url: href, headers });
        return report;
      },
    });
    const body = { target_url: "https://example.com/mcp", headers: { Authorization: "Bearer t" } };
    const answer = await rig.ask<object>("POST", "/v1/mcp/servers/check", { body });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        ...{ ok: false, era: "modern", protocol_version: null, has_more_tools: true },
        steps: [
          { step: "dns", status: "ok", duration_ms: 3 },
          { step: "connect", status: "failed", details: { port: 1 } },
        ],
        server_info: { name: "s", title: null, version: "1" },
        tools: [{ name: "t", title: null, annotations: { readOnlyHint: true } }],
      },
    });
    expect(asked).toEqual([
      { url: "https://example.com/mcp", headers: { authorization: "Bearer t" } },
    ]);
  });

  test.for([
    [{ target_url: "http://169.254.169.254/" }, "target_url"],
    [{ target_url: "ftp://example.com/" }, "target_url"],
    [{}, "target_url"],
    [{ target_url: "https://a.example/", headers: { Host: "x" } }, "headers"],
    [{ target_url: "https://a.example/", headers: { "Mcp-X": "a\r\nb: c" } }, "headers"],
    [
      { target_url: "https://a.example/", headers: { Authorization: "a", authorization: "b" } },
      "headers",
    ],
    [{ target_url: "https://a.example/", headers: [] }, "headers"],
    [{ target_url: "https://a.example/", shell: "id" }, "shell"],
  ] as const)("asks nobody for %j", async ([body, field]) => {
    await using rig = await openRig("memory");
    const answer = await rig.ask("POST", "/v1/mcp/servers/check", { body });
    expect([answer.status, answer.body.error.details[0]?.field]).toEqual([400, field]);
  });

  test("leaves a trace of who asks for what must not be called", async () => {
    await using rig = await openRig("memory", { refuseTarget: () => "must not be called" });
    const body = { target_url: "http://10.0.0.1/" };
    expect((await rig.ask("POST", "/v1/mcp/servers/check", { body })).status).toBe(400);
    const [entry] = await rig.registry.audit(rig.founder.teamId, { limit: 1, actions: [] });
    expect(entry).toMatchObject({
      ...{ action: "egress.refused", subjectId: "", userId: rig.founder.userId },
      details: { host: "10.0.0.1", refusal: "must not be called" },
    });
  });

  test("runs four at a time for a team", async () => {
    const { promise, resolve } = Promise.withResolvers<ConnectionReport>();
    await using rig = await openRig("memory", { checkConnection: () => promise });
    const check = () =>
      rig.ask("POST", "/v1/mcp/servers/check", { body: { target_url: "https://example.com/" } });
    const running = [check(), check(), check(), check()];
    await expect.poll(async () => (await check()).status).toBe(429);
    resolve(report);
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect((await check()).status).toBe(200);
  });

  test("of a server is of one of the team's alone", async () => {
    await using rig = await openRig("memory", { checkConnection: async () => report });
    const unknown = "0192bbbb-0000-7000-8000-000000000001";
    const answer = await rig.ask("POST", `/v1/mcp/servers/${unknown}/check`, { body: {} });
    expect(answer.status).toBe(404);
  });
});

describe("POST /v1/mcp/servers/demo", () => {
  const addDemo = (rig: Awaited<ReturnType<typeof openRig>>) =>
    rig.ask<WireServer>("POST", "/v1/mcp/servers/demo");

  test("registers it once, however often it is asked for", async () => {
    await using rig = await openRig("memory", { startDemo: async () => demoUrl });
    const [first, second] = [await addDemo(rig), await addDemo(rig)];
    expect(first).toMatchObject({ status: 200, body: { target_url: demoUrl } });
    expect(second.body.id).toBe(first.body.id);
    const audit = await rig.registry.audit(rig.founder.teamId, { limit: 10, actions: [] });
    expect(audit.filter(({ action }) => action === "server.created")).toHaveLength(1);
  });

  test("counts against the plan like any other", async () => {
    await using rig = await openRig("memory", {
      startDemo: async () => demoUrl,
      plan: { serversMax: 1 },
    });
    const body = { name: "s", target_url: "https://example.com/" };
    await rig.ask("POST", "/v1/mcp/servers", { body });
    expect((await addDemo(rig)).status).toBe(403);
  });

  test("is refused where servers of this machine may not be called", async () => {
    await using rig = await openRig("memory", {
      startDemo: async () => demoUrl,
      refuseTarget: () => "must not point to a loopback address",
    });
    const answer = await rig.ask("POST", "/v1/mcp/servers/demo");
    expect([answer.status, answer.body.error.code]).toEqual([403, "forbidden"]);
    expect(await rig.registry.servers(rig.founder.teamId)).toEqual([]);
  });
});

test("a test call is made for the one who asks, of an active server only", async () => {
  const asked: AskedTestCall[] = [];
  await using rig = await openRig("memory", {
    testCall: async (request) => {
      asked.push(request);
      const callId = "0192bbbb-0000-7000-8000-000000000001";
      return { callId, method: "tools/list", statusCode: 200, errorMessage: "" };
    },
  });
  const body = { name: "s", target_url: "https://example.com/" };
  const { body: server } = await rig.ask<WireServer>("POST", "/v1/mcp/servers", { body });
  const path = `/v1/mcp/servers/${server.id}/test-call`;
  const answer = await rig.ask<object>("POST", path, { body: {}, from: "192.0.2.7" });
  expect(answer).toMatchObject({ status: 200, body: { method: "tools/list", status_code: 200 } });
  expect(asked).toMatchObject([{ sourceIp: "192.0.2.7", server: { slug: server.slug } }]);
  await rig.ask("PUT", `/v1/mcp/servers/${server.id}`, { body: { is_active: false } });
  expect((await rig.ask("POST", path, { body: {} })).status).toBe(400);
  expect(asked).toHaveLength(1);
});

test.for([
  ["POST", "/v1/mcp/servers/check", "servers:write"],
  ["POST", "/v1/mcp/servers/demo", "servers:write"],
  ["POST", "/v1/mcp/servers/0192bbbb-0000-7000-8000-000000000001/test-call", "servers:write"],
  ["POST", "/v1/mcp/calls/0192bbbb-0000-7000-8000-000000000001/replay", "servers:write"],
] as const)("%s %s needs the scope %s", async ([method, path, scope]) => {
  await using rig = await openRig("memory");
  const viewer = await rig.addMember("viewer");
  const answer = await rig.ask(method, path, { key: viewer.token, body: {} });
  expect([answer.status, answer.body.error.message]).toEqual([403, expect.stringContaining(scope)]);
});
