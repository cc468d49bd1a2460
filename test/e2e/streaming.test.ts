/** Bytes pass when they come, both ways; whoever leaves is missed at once on the other side. */
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { RawClient } from "./raw-client.ts";
import { rigForFile } from "./rig.ts";
import { event, eventStream, startScripted } from "./scripted-upstream.ts";
import { Signals } from "./signals.ts";
import { until } from "./until.ts";

const rig = rigForFile();

const call = {
  jsonrpc: "2.0",
  id: 7,
  method: "tools/call",
  params: { name: "forecast", arguments: { city: "Oslo" } },
};
const answer = { jsonrpc: "2.0", id: 7, result: { content: [{ type: "text", text: "mild" }] } };
const note = (index: number) => ({
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", data: `note ${index}` },
});

test("each event leaves before the next one is produced, and the head before the first", async () => {
  const signals = new Signals();
  await using upstream = await startScripted(async ({ response, body }) => {
    await body();
    response.writeHead(200, eventStream);
    response.flushHeaders();
    for (let index = 0; index < 5; index += 1) {
      await signals.wait(`produce ${index}`);
      response.write(event(note(index)));
    }
    await signals.wait("produce 5");
    response.end(event(answer));
  });
  const { server, url } = await rig().register(upstream.url);
  using client = new RawClient(url);

  client.post(url, call);
  await client.receive("HTTP/1.1 200");
  for (let index = 0; index < 5; index += 1) {
    expect(client.received).not.toContain(`note ${index}`);
    signals.raise(`produce ${index}`);
    await client.receive(`note ${index}`);
  }
  signals.raise("produce 5");
  await client.receive("\r\n0\r\n\r\n");

  const [recorded] = await rig().untilCalls({ server_id: server.id }, (all) => all.length === 1);
  expect(recorded).toMatchObject({ status: "success", response_body: JSON.stringify(answer) });
  const messages = await rig().api.messages(recorded?.id ?? "");
  expect(messages.map(({ body }) => JSON.parse(body))).toEqual([0, 1, 2, 3, 4].map(note));
});

test("the first half of a request reaches the server before the second half is sent", async () => {
  const signals = new Signals();
  await using upstream = await startScripted(async ({ request, response }) => {
    let seen = "";
    for await (const chunk of request) {
      seen += chunk;
      if (seen.includes("tools/call")) signals.raise("first half", seen);
    }
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ...answer, result: { seen } }));
  });
  const { url } = await rig().register(upstream.url);
  using client = new RawClient(url);

  const text = JSON.stringify(call);
  const half = text.indexOf("params");
  client.sendHead("POST", url, {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "content-length": text.length,
  });
  client.send(text.slice(0, half));
  expect(await signals.wait("first half", 1_000)).toBe(text.slice(0, half));
  client.send(text.slice(half));
  await client.receive(JSON.stringify(text).slice(1, -1));
});

test("the bytes of a stream pass as they are, whatever its line ends and pieces", async () => {
  // Each kind of line end, comments, retry, a field nobody knows, two lines of data, split characters.
  const text = [
    ": ping\r\n\r\n",
    'retry: 1500\nid: a-1\nevent: message\nfoo: bar\ndata: {"jsonrpc":"2.0","method":"notifications/message",\n',
    'data: "params":{"level":"info","data":"Grüße 🌍"}}\n\n',
    'id:a-2\rdata:{"jsonrpc":"2.0","id":7,"result":{"content":[]}}\r\r',
    ": bye\n\n",
  ].join("");
  const bytes = Buffer.from(text);
  await using upstream = await startScripted(async ({ response, body }) => {
    await body();
    response.writeHead(200, { ...eventStream, "content-length": bytes.length });
    response.socket?.setNoDelay(true);
    for (const byte of bytes) response.write(Uint8Array.of(byte));
    response.end();
  });
  const { server, url } = await rig().register(upstream.url);

  const response = await fetch(url, { method: "POST", body: JSON.stringify(call) });
  expect(await response.text()).toBe(text);
  const [recorded] = await rig().untilCalls({ server_id: server.id }, (all) => all.length === 1);
  expect(recorded).toMatchObject({
    status: "success",
    response_body: '{"jsonrpc":"2.0","id":7,"result":{"content":[]}}',
  });
  const [message] = await rig().api.messages(recorded?.id ?? "");
  expect(JSON.parse(message?.body ?? "")).toMatchObject({ params: { data: "Grüße 🌍" } });
});

describe("a client that leaves", () => {
  test.for([
    { name: "before the head", until: "asked" },
    { name: "amid the stream", until: "note 1" },
  ])("$name is missed by the server within a second, and the call is cancelled", async (at) => {
    const signals = new Signals();
    await using upstream = await startScripted(async ({ response, body }) => {
      await body();
      response.once("close", () => signals.raise("left"));
      if (at.until !== "asked") {
        response.writeHead(200, eventStream);
        response.write(event(note(1)));
      }
      signals.raise("asked");
    });
    const { server, url } = await rig().register(upstream.url);
    using client = new RawClient(url);

    client.post(url, call);
    await signals.wait("asked");
    if (at.until !== "asked") await client.receive(at.until);
    client.reset();
    await signals.wait("left", 1_000);

    const [recorded] = await rig().untilCalls({ server_id: server.id }, (all) => all.length === 1);
    expect(recorded).toMatchObject({
      method: "tools/call",
      tool_name: "forecast",
      status: "error",
      error_kind: "cancelled",
      status_code: at.until === "asked" ? 0 : 200,
      request_body: JSON.stringify(call),
    });
    expect(recorded?.error_message).not.toBe("");
    const messages = await rig().api.messages(recorded?.id ?? "");
    const heard = at.until === "asked" ? [] : [note(1)];
    expect(messages.map(({ body }) => JSON.parse(body))).toEqual(heard);
  });

  test("a GET stream is let go on both sides and recorded with what it carried", async () => {
    const signals = new Signals();
    await using upstream = await startScripted(({ request, response }) => {
      response.writeHead(200, eventStream);
      response.write(event(note(1)));
      response.once("close", () => signals.raise("left", request.method));
    });
    const { server, url } = await rig().register(upstream.url);
    using client = new RawClient(url);

    client.sendHead("GET", url, { accept: "text/event-stream" });
    await client.receive("note 1");
    client.reset();
    expect(await signals.wait("left", 1_000)).toBe("GET");
    // What came unasked is about no request: a call of the server's own.
    const calls = await rig().untilCalls({ server_id: server.id }, (all) => all.length === 2);
    expect(calls.map(({ kind, direction, method }) => [kind, direction, method])).toEqual([
      ["notification", "server", "notifications/message"],
      ["http", "client", "GET"],
    ]);
    expect(calls[0]).toMatchObject({ status: "success", request_body: JSON.stringify(note(1)) });
    expect(calls[1]).toMatchObject({ status: "success", status_code: 200 });
  });
});

test("a reader that is slow slows the server, and then gets every byte", async () => {
  const totalBytes = 64 * 1_024 * 1_024;
  const piece = Buffer.alloc(64 * 1_024, "0123456789abcdef");
  let writtenBytes = 0;
  await using upstream = await startScripted(async ({ response, body }) => {
    await body();
    response.writeHead(200, { "content-type": "text/plain", "content-length": totalBytes });
    while (writtenBytes < totalBytes) {
      writtenBytes += piece.length;
      if (!response.write(piece)) await once(response, "drain");
    }
    response.end();
  });
  const { url } = await rig().register(upstream.url);
  using client = new RawClient(url);

  client.pause();
  client.post(url, call);
  // The sockets' buffers on the way fill, and then nothing moves any more.
  let before = -1;
  const stalled = await until(
    "the server is slowed",
    10_000,
    async () => {
      before = writtenBytes;
      await new Promise((resolve) => setTimeout(resolve, 150));
      return writtenBytes;
    },
    (now) => now > 0 && now === before,
  );
  expect(stalled).toBeLessThan(totalBytes / 2);

  client.resume();
  const headLength = () => client.received.indexOf("\r\n\r\n") + 4;
  await until(
    "all bytes",
    10_000,
    () => client.received.length - headLength(),
    (bytes) => bytes === totalBytes,
  );
});
