import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "vitest";
import { RawClient, until } from "../../test/proxy/rig.ts";
import { type GuardOptions, guarded } from "./guard.ts";
import { listen } from "./listener.ts";

/** Sends the text to a guarded listener (PORT is its port) and tells what came back and what was let in. */
async function ask(text: string, options: GuardOptions = {}) {
  const urls: (string | undefined)[] = [];
  await using listener = await listen({
    host: "127.0.0.1",
    port: 0,
    handle: guarded(options, (request, response) => {
      urls.push(request.url);
      response.end("let in");
    }),
  });
  using client = new RawClient(listener.port, text.replaceAll("PORT", String(listener.port)));
  await until(
    "an answer",
    () => /let in$|\}$/.test(client.received) || client.ending !== undefined,
  );
  const { received } = client;
  return {
    urls,
    received,
    status: Number(received.slice(9, 12)),
    body: received.split("\r\n\r\n")[1] ?? "",
  };
}

const get = (fields: string, path = "/p/abc") => `GET ${path} HTTP/1.1\r\n${fields}\r\n`;

const publicUrl = "https://hooks.example:8443/";

test.for([
  ["localhost:PORT", true],
  ["LocalHost:PORT", true],
  ["127.0.0.1:PORT", true],
  ["[::1]:PORT", true],
  ["hooks.example:8443", true],
  ["Hooks.Example:8443", true],
  ["localhost", false],
  ["localhost:1", false],
  ["127.0.0.1", false],
  ["127.0.0.2:PORT", false],
  ["hooks.example", false],
  ["hooks.example:PORT", false],
  ["evil.example", false],
  ["evil.example:PORT", false],
  ["localhost.evil.example:PORT", false],
  ["evil.example:PORT:PORT", false],
  ["localhost::PORT", false],
  ["user@localhost:PORT", false],
  ["localhost:PORT/x", false],
  ["a?x=/healthz", false],
  ["", false],
] as const)("a Host of %j is let in: %s", async ([host, letIn]) => {
  const { status, urls } = await ask(get(`Host: ${host}\r\n`), { publicUrl });
  expect(status).toBe(letIn ? 200 : 421);
  expect(urls).toHaveLength(letIn ? 1 : 0);
});

test.for([
  ["https://hooks.example", "hooks.example", true],
  ["https://hooks.example", "hooks.example:443", true],
  ["https://hooks.example", "hooks.example:80", false],
  ["http://hooks.example", "hooks.example:80", true],
] as const)("a public URL of %s is named by %s: %s", async ([url, host, letIn]) => {
  expect((await ask(get(`Host: ${host}\r\n`), { publicUrl: url })).status).toBe(letIn ? 200 : 421);
});

test.for([
  ["127.0.0.2:PORT", 200],
  ["127.0.0.3:PORT", 421],
] as const)(
  "the address that was connected to names us, another does not: %s",
  async ([host, status]) => {
    const plane = guarded({}, (_request, response) => void response.end("let in"));
    await using listener = await listen({ host: "0.0.0.0", port: 0, handle: plane });
    const socket = connect({ port: listener.port, host: "127.0.0.2" });
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk.toString();
    });
    socket.write(
      get(`Host: ${host.replace("PORT", String(listener.port))}\r\nConnection: close\r\n`),
    );
    await once(socket, "end");
    expect(received.slice(9, 12)).toBe(String(status));
  },
);

test("a request without Host is misdirected", async () => {
  expect((await ask(get(""))).status).toBe(421);
});

test.for([
  ["http://localhost:6274", true],
  ["https://LOCALHOST", true],
  ["http://127.0.0.1:1", true],
  ["http://[::1]:9", true],
  ["https://hooks.example:8443", true],
  ["http://localhost:PORT", true],
  ["null", false],
  ["", false],
  ["https://hooks.example", false],
  ["http://hooks.example:8443", false],
  ["https://evil.example", false],
  ["http://localhost.evil.example", false],
  ["http://localhost:6274.evil.example", false],
  ["http://localhost:123456", false],
  ["http://localhost@evil.example", false],
  ["http://127.0.0.1.evil.example", false],
  ["file://", false],
] as const)("a page of %j may ask: %s", async ([origin, letIn]) => {
  const { status, urls } = await ask(get(`Host: 127.0.0.1:PORT\r\nOrigin: ${origin}\r\n`), {
    publicUrl,
  });
  expect(status).toBe(letIn ? 200 : 403);
  expect(urls).toHaveLength(letIn ? 1 : 0);
});

test.for([
  "Host",
  "Content-Length",
  "Authorization",
  "Content-Type",
  "Mcp-Session-Id",
  "MCP-Protocol-Version",
  "Mcp-Method",
  "Mcp-Name",
  "Origin",
])("a second %s is refused, whatever it says", async (name) => {
  const value =
    { Host: "localhost:PORT", "Content-Length": "0", Origin: "http://localhost" }[name] ?? "x";
  const host = name === "Host" ? "" : "Host: localhost:PORT\r\n";
  const { status, urls } = await ask(
    get(`${host}${name}: ${value}\r\n${name.toLowerCase()}: ${value}\r\n`),
  );
  expect(status).toBe(400);
  expect(urls).toHaveLength(0);
});

test.for([
  [
    "a length and chunks",
    "POST /p/abc HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
  ],
  [
    "chunks in HTTP/1.0",
    "POST /p/abc HTTP/1.0\r\nHost: localhost:PORT\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    400,
  ],
  [
    "an encoding that is not chunked last",
    "POST /p/abc HTTP/1.1\r\nHost: localhost:PORT\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    400,
  ],
  [
    "another coding under the chunks",
    "POST /p/abc HTTP/1.1\r\nHost: localhost:PORT\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    501,
  ],
  ["no version", "POST /p/abc\r\nHost: localhost:PORT\r\nContent-Length: 0\r\n\r\n", 400],
  ["a version of its own", "GET /p/abc HTTP/3.7\r\nHost: localhost:PORT\r\n\r\n", 505],
  ["a later version", "GET /p/abc HTTP/1.2\r\nHost: localhost:PORT\r\n\r\n", 505],
  ["version 0.9 by its name", "GET /p/abc HTTP/0.9\r\nHost: localhost:PORT\r\n\r\n", 400],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["a field that is folded", get("Host: localhost:PORT\r\nX: a\r\n b\r\n"), 400],
  ["a blank before the colon", get("Host : localhost:PORT\r\n"), 400],
  ["a bare line feed in the head", "GET /p/abc HTTP/1.1\nHost: localhost:PORT\n\n", 400],
  ["a NUL in a field", get("Host: localhost:PORT\r\nX: a\u0000b\r\n"), 400],
  [
    "a negative length",
    "POST /p/abc HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: -1\r\n\r\n",
    400,
  ],
  [
    "a length with a sign",
    "POST /p/abc HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Length: +1\r\n\r\nx",
    400,
  ],
  ["TRACE", "TRACE /p/abc HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 501],
  ["CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 501],
  [
    "a WebSocket",
    get("Host: localhost:PORT\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"),
    501,
  ],
  ["another server's URL", get("Host: localhost:PORT\r\n", "http://evil.example/p/abc"), 400],
  [
    "another server's URL with our name in it",
    get("Host: localhost:PORT\r\n", "http://localhost:PORT@evil.example/p/abc"),
    400,
  ],
  ["another scheme's URL", get("Host: localhost:PORT\r\n", "ftp://localhost:PORT/p/abc"), 400],
  ["an asterisk", "OPTIONS * HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n", 400],
] as const)("%s is refused", async ([, text, expected]) => {
  const { status, urls, received } = await ask(text);
  expect(status).toBe(expected);
  expect(urls).toHaveLength(0);
  expect(received).toMatch(/\r\nConnection: close\r\n/);
});

test("the URL of our own may stand in the request line", async () => {
  const { urls } = await ask(
    get("Host: localhost:PORT\r\n", "http://127.0.0.1:PORT/p/abc?x=http://y/"),
  );
  expect(urls).toEqual(["/p/abc?x=http://y/"]);
});

test("the upgrade to HTTP/2 that Java clients offer is ignored, not refused", async () => {
  const fields =
    "Host: localhost:PORT\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
  expect((await ask(get(fields))).body).toContain("let in");
});

test.for([
  ["empty", "/p/abc", 200],
  ["document", "/p/abc", 200],
  ["script", "/p/abc", 403],
  ["serviceworker", "/p/abc/sw.js", 403],
  ["worker", "/p/abc", 403],
  ["style", "/p/abc", 403],
  ["image", "/p/abc", 403],
  ["iframe", "/p/abc", 403],
  ["manifest", "http://localhost:PORT/p/abc", 403],
  ["script", "/assets/app.js", 200],
] as const)("a page that wants a %s of %s gets a %d", async ([destination, path, status]) => {
  const { status: got, urls } = await ask(
    get(`Host: localhost:PORT\r\nSec-Fetch-Dest: ${destination}\r\n`, path),
  );
  expect(got).toBe(status);
  expect(urls).toHaveLength(status === 200 ? 1 : 0);
});

test("a refusal is a JSON-RPC error on a proxy URL and the API's error elsewhere", async () => {
  const proxy = await ask(get("Host: evil.example\r\n"));
  expect(JSON.parse(proxy.body)).toMatchObject({
    jsonrpc: "2.0",
    id: null,
    error: { code: -32_600, data: { source: "hookwatch", reason: "host" } },
  });
  expect(proxy.received).toContain("Proxy-Status: hookwatch; error=http_request_denied\r\n");
  const api = await ask(get("Host: evil.example\r\n", "/v1/mcp/servers"));
  expect(JSON.parse(api.body)).toEqual({
    error: { code: "validation_error", message: "the Host field does not name this server" },
  });
});
