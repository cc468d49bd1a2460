/** Over HTTP+SSE (2024-11-05) answers travel on another connection than their calls; the log puts them together. */
import {
  Client as ClientV2,
  SSEClientTransport as TransportV2,
} from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/sse.js";
import { CreateMessageRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CallRow } from "./api.ts";
import { type EverythingServer, startEverythingSseServer } from "./everything-server.ts";
import { rigForFile } from "./rig.ts";

const rig = rigForFile();
let upstream: EverythingServer;

beforeAll(async () => {
  upstream = await startEverythingSseServer();
});
afterAll(() => upstream[Symbol.asyncDispose]());

const sampled = {
  model: "test-model",
  role: "assistant" as const,
  content: { type: "text" as const, text: "four" },
};

const clientKinds = ["v1", "v2"] as const;
const identity = { name: "old-agent", version: "1.2" };
const options = { capabilities: { sampling: {} } };

async function connect(kind: (typeof clientKinds)[number], url: string) {
  if (kind === "v2") {
    const client = new ClientV2(identity, options);
    client.setRequestHandler("sampling/createMessage", () => sampled);
    await client.connect(new TransportV2(new URL(url)));
    return {
      listTools: () => client.listTools(),
      call: (params: ToolCall, onprogress?: () => void) =>
        client.callTool(params, onprogress ? { onprogress } : {}),
      close: () => client.close(),
    };
  }
  const client = new ClientV1(identity, options);
  client.setRequestHandler(CreateMessageRequestSchema, () => sampled);
  await client.connect(new TransportV1(new URL(url)));
  return {
    listTools: () => client.listTools(),
    call: (params: ToolCall, onprogress?: () => void) =>
      client.callTool(params, undefined, onprogress ? { onprogress } : {}),
    close: () => client.close(),
  };
}

interface ToolCall {
  readonly name: string;
  readonly arguments: Record<string, unknown>;
}

const told = ({ kind, direction, method, tool_name }: CallRow) =>
  `${kind} ${direction} ${method} ${tool_name}`.trim();
const isTool = (name: string) => (call: CallRow) => call.tool_name === name;

test.for(clientKinds)(
  "two %s clients' calls over HTTP+SSE are in the log with their answers, each in its session",
  async (kind) => {
    const { server, url } = await rig().register(upstream.url);
    const clients = [await connect(kind, url), await connect(kind, url)];
    await Promise.all(
      clients.map(async (client, number) => {
        expect((await client.listTools()).tools.map(({ name }) => name)).toContain("echo");
        await client.call({ name: "echo", arguments: { message: `of ${number}` } });
        await client.call({ name: "trigger-sampling-request", arguments: { prompt: "2 + 2?" } });
        const slow = { duration: 0.3, steps: 3 };
        const params = { name: "trigger-long-running-operation", arguments: slow };
        await client.call(params, () => undefined);
      }),
    );
    for (const client of clients) await client.close();

    const isThere = (calls: readonly CallRow[]) =>
      calls.filter(({ method }) => method === "GET").length === 2;
    const calls = await rig().untilCalls({ server_id: server.id }, isThere);
    const sessions = [...new Set(calls.map(({ session_id }) => session_id))];
    expect(sessions).toHaveLength(2);
    expect(sessions).not.toContain(null);
    for (const session of sessions) {
      const own = calls.filter(({ session_id }) => session_id === session);
      expectOneClient(own);
      const [slow] = own.filter(isTool("trigger-long-running-operation"));
      expect(slow?.duration_ms).toBeGreaterThanOrEqual(290);
      const progress = await rig().api.messages(slow?.id ?? "");
      expect(progress.map(({ body }) => JSON.parse(body).params.progress)).toEqual([1, 2, 3]);
    }
    const echoes = calls.filter(isTool("echo"));
    for (const { request_body, response_body } of echoes) {
      const { message } = JSON.parse(request_body).params.arguments;
      expect(response_body).toContain(message);
    }
    expect(new Set(echoes.map(({ response_body }) => response_body)).size).toBe(2);
    expect(JSON.stringify(calls)).not.toMatch(/sessionId=(?!\[redacted:session:)/);
  },
);

function expectOneClient(calls: readonly CallRow[]): void {
  const requests = [
    "request client initialize",
    "request client tools/list",
    "request client tools/call echo",
    "request client tools/call trigger-sampling-request",
    "request client tools/call trigger-long-running-operation",
    "request server sampling/createMessage",
    "notification client notifications/initialized",
    "http client GET",
  ];
  expect(calls.map(told)).toEqual(expect.arrayContaining(requests));
  for (const call of calls) {
    expect(call).toMatchObject({ status: "success", error_kind: "", client_name: "old-agent" });
    if (call.direction === "client" && call.kind !== "http") {
      expect(call.path).toMatch(/^\/message\?sessionId=\[redacted:session:[0-9a-f]{8}\]$/);
    }
    if (call.kind !== "request") continue;
    expect(JSON.parse(call.response_body)).toMatchObject({ id: JSON.parse(call.rpc_id ?? "") });
    expect(call.result_type).toBe("complete");
  }
  const [asker] = calls.filter(isTool("trigger-sampling-request"));
  const [asked] = calls.filter(({ method }) => method === "sampling/createMessage");
  expect(asked?.parent_id).toBe(asker?.id);
}

test.for(clientKinds)(
  "a call whose %s client leaves the stream is told as left, with the time it waited",
  async (kind) => {
    const { server, url } = await rig().register(upstream.url);
    const client = await connect(kind, url);
    const params = { name: "trigger-long-running-operation", arguments: { duration: 5, steps: 1 } };
    const pending = client.call(params).catch(() => "left");
    const asked = { server_id: server.id, method: "initialize" };
    await rig().untilCalls(asked, (all) => all.length === 1);
    await client.close();
    await pending;
    const filter = { server_id: server.id, method: "tools/call" };
    const [call] = await rig().untilCalls(filter, (all) => all.length === 1);
    expect(call).toMatchObject({ status: "error", error_kind: "cancelled", response_body: "" });
    expect(call?.duration_ms).toBeLessThan(4_000);
  },
);
