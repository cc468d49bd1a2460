/** When a server or a connection fails, the client learns it in a form it can use, and the log says why. */

import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { describe, expect, test } from "vitest";
import type { CallRow } from "./api.ts";
import { RawClient } from "./raw-client.ts";
import { rigForFile } from "./rig.ts";
import { event, eventStream, startScripted } from "./scripted-upstream.ts";
import { Signals } from "./signals.ts";

const idleTimeoutMs = 400;
const requestMaxBytes = 100_000;
const rig = rigForFile({
  environment: {
    HOOKWATCH_UPSTREAM_IDLE_TIMEOUT_MS: String(idleTimeoutMs),
    HOOKWATCH_REQUEST_MAX_BYTES: String(requestMaxBytes),
  },
});

const call = (id: unknown = 7) => ({
  jsonrpc: "2.0",
  id,
  method: "tools/call",
  params: { name: "forecast", arguments: {} },
});
const note = { jsonrpc: "2.0", method: "notifications/message", params: { data: "still here" } };

const post = (url: string, message: unknown) =>
  fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: typeof message === "string" ? message : JSON.stringify(message),
  });

async function only(serverId: string): Promise<CallRow> {
  const [recorded] = await rig().untilCalls({ server_id: serverId }, (all) => all.length === 1);
  if (!recorded) throw new Error("unreachable: exactly one was waited for");
  return recorded;
}

/** Our own answers: JSON-RPC errors for the client, a field for whoever debugs the way (RFC 9209). */
async function expectOurs(response: Response, status: number, id: unknown): Promise<void> {
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status });
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  expect(response.headers.get("proxy-status")).toMatch(/^hookwatch\b/i);
  expect(JSON.parse(text)).toMatchObject({
    jsonrpc: "2.0",
    id,
    error: {
      code: expect.any(Number),
      message: expect.any(String),
      data: { source: "hookwatch" },
    },
  });
}

describe("a server that is away", () => {
  test.for([7, "seven", 0, "", -1.5])("is a 502 that echoes the id %j", async (id) => {
    const { server, url } = await rig().register(`http://127.0.0.1:${await closedPort()}/mcp`);
    await expectOurs(await post(url, call(id)), 502, id);
    expect(await only(server.id)).toMatchObject({
      status: "error",
      error_kind: "transport",
      status_code: 502,
      rpc_id: JSON.stringify(id),
      request_body: JSON.stringify(call(id)),
    });
  });

  test("is a 502 that keeps every digit of an id", async () => {
    const { url } = await rig().register(`http://127.0.0.1:${await closedPort()}/mcp`);
    const id = "12345678901234567890";
    const response = await post(url, `{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
    expect(response.status).toBe(502);
    expect(await response.text()).toMatch(new RegExp(`"id":\\s*${id}[,}]`));
  });

  test("is a 502 without an id for what has none", async () => {
    const { url } = await rig().register(`http://127.0.0.1:${await closedPort()}/mcp`);
    await expectOurs(await post(url, note), 502, null);
    await expectOurs(await post(url, "{ not JSON"), 502, null);
  });
});

describe("a server that dies", () => {
  test("before its answer is a 502, and the log says transport", async () => {
    await using upstream = await startScripted(async ({ request, body }) => {
      await body();
      request.socket.resetAndDestroy();
    });
    const { server, url } = await rig().register(upstream.url);
    await expectOurs(await post(url, call()), 502, 7);
    const recorded = await only(server.id);
    expect(recorded).toMatchObject({ status: "error", error_kind: "transport", status_code: 502 });
    expect(recorded.error_message).not.toBe("");
  });

  test("with words that are no HTTP is a 502", async () => {
    await using upstream = await startScripted(async ({ request, body }) => {
      await body();
      request.socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n");
    });
    const { server, url } = await rig().register(upstream.url);
    await expectOurs(await post(url, call()), 502, 7);
    expect(await only(server.id)).toMatchObject({ status: "error", error_kind: "transport" });
  });

  test.for([
    { name: "a stream", fields: eventStream, part: event(note) },
    {
      name: "an answer of known length",
      fields: { "content-type": "application/json", "content-length": "500" },
      part: '{"jsonrpc":"2.0","id":7,"resu',
    },
  ])(
    "amid $name breaks the client's body, and the log says transport",
    async ({ fields, part }) => {
      await using upstream = await startScripted(async ({ request, response, body }) => {
        await body();
        response.writeHead(200, fields);
        response.write(part);
        setTimeout(() => request.socket.resetAndDestroy(), 50);
      });
      const { server, url } = await rig().register(upstream.url);
      using client = new RawClient(url);
      client.post(url, call());
      await client.receive(part);
      await client.ended();
      // Neither the last chunk nor the promised length: nobody can take it for whole.
      expect(client.received).not.toMatch(/\r\n0\r\n\r\n$/);
      expect(await only(server.id)).toMatchObject({
        status: "error",
        error_kind: "transport",
        status_code: 200,
        tool_name: "forecast",
      });
    },
  );
});

describe("a server that falls silent", () => {
  test("before its answer is a 504 and the only thing called a timeout", async () => {
    const signals = new Signals();
    await using upstream = await startScripted(({ response }) => {
      response.once("close", () => signals.raise("left"));
    });
    const { server, url } = await rig().register(upstream.url);
    await expectOurs(await post(url, call()), 504, 7);
    await signals.wait("left", 1_000);
    const recorded = await only(server.id);
    expect(recorded).toMatchObject({ status: "timeout", error_kind: "timeout", status_code: 504 });
    expect(recorded.duration_ms).toBeGreaterThanOrEqual(idleTimeoutMs - 1);
    expect(recorded.duration_ms).toBeLessThan(idleTimeoutMs + 1_000);
    expect(await rig().api.metrics({ server_id: server.id })).toMatchObject({ timeout_count: 1 });
  });

  test("amid its answer breaks the client's body", async () => {
    await using upstream = await startScripted(async ({ response, body }) => {
      await body();
      response.writeHead(200, eventStream);
      response.write(event(note));
    });
    const { server, url } = await rig().register(upstream.url);
    using client = new RawClient(url);
    client.post(url, call());
    await client.receive("still here");
    await client.ended();
    expect(client.received).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(await only(server.id)).toMatchObject({ status: "timeout", status_code: 200 });
  });

  test("is left alone while it says anything, and on a GET stream for ever", async () => {
    await using upstream = await startScripted(async ({ request, response }) => {
      response.writeHead(200, eventStream);
      response.write(": begin\n\n");
      if (request.method === "GET") return;
      const started = performance.now();
      const ticking = setInterval(() => {
        if (performance.now() - started < 3 * idleTimeoutMs) return response.write(": tick\n\n");
        clearInterval(ticking);
        return response.end(event({ jsonrpc: "2.0", id: 7, result: {} }));
      }, idleTimeoutMs / 4);
    });
    const { server, url } = await rig().register(upstream.url);
    using listener = new RawClient(url);
    listener.sendHead("GET", url, { accept: "text/event-stream" });
    await listener.receive(": begin");
    const response = await post(url, call());
    expect(await response.text()).toContain('"result":{}');
    expect(await only(server.id)).toMatchObject({ method: "tools/call", status: "success" });
    await expect(listener.ended(50)).rejects.toThrow("not within 50 ms");
  });
});

test.for([400, 401, 403, 404, 405, 409, 500, 502, 503])(
  "a %d of the server's own passes untouched",
  async (status) => {
    const told = `{"jsonrpc":"2.0","id":7,"error":{"code":-32001,"message":"no – ${status}"}}`;
    const fields = { "content-type": "application/json", "www-authenticate": 'Bearer realm="x"' };
    await using upstream = await startScripted(async ({ response, body }) => {
      await body();
      response.writeHead(status, "My Own Words", fields).end(told);
    });
    const { server, url } = await rig().register(upstream.url);
    const response = await post(url, call());
    expect({ status: response.status, text: await response.text() }).toEqual({
      status,
      text: told,
    });
    expect(response.headers.has("proxy-status")).toBe(false);
    expect(await only(server.id)).toMatchObject({
      status: "error",
      status_code: status,
      response_body: told,
      error_message: `no – ${status}`,
      error_code: -32001,
    });
  },
);

test("a body over the limit is a 413 that never reaches the server", async () => {
  const signals = new Signals();
  await using upstream = await startScripted(async ({ response, body }) => {
    signals.raise("reached", await body());
    response.end();
  });
  const { url } = await rig().register(upstream.url);
  const large = { ...call(), params: { text: "x".repeat(requestMaxBytes) } };
  const response = await post(url, large);
  expect(response.status).toBe(413);
  expect(await response.json()).toMatchObject({ error: { data: { source: "hookwatch" } } });
  await expect(signals.wait("reached", 100)).rejects.toThrow("not within");
});

test.for(["tools/call", "notifications/initialized"])(
  "a %s to a slug that nobody was given is a 404 in the client's language, and unrecorded",
  async (method) => {
    const before = await rig().api.count();
    const url = `${rig().url}/p/${"a".repeat(26)}`;
    const id = method === "tools/call" ? 7 : undefined;
    await expectOurs(await post(url, { jsonrpc: "2.0", id, method }), 404, id ?? null);
    expect(await rig().api.count()).toBe(before);
  },
);

/** A port of this machine that refuses connections. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  await new Promise((resolve) => connect(port, "127.0.0.1").once("error", resolve));
  return port;
}
