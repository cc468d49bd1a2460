/** HTTP passes as it is: each exchange, direct and through us, seen from both ends and compared. */
import { type IncomingMessage, request as open } from "node:http";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Registered, rigForFile } from "./rig.ts";
import { type Scripted, type ScriptedUpstream, startScripted } from "./scripted-upstream.ts";
import { within } from "./until.ts";

const rig = rigForFile();

interface Case {
  readonly name: string;
  readonly method?: string;
  /** Below the server's URL. */
  readonly path?: string;
  readonly fields?: readonly string[];
  readonly body?: string | readonly string[];
  readonly answer?: (exchange: Scripted) => void;
}

const message = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const result = '{"jsonrpc":"2.0","id":1,"result":{"say":"Grüße"}}';
const json = ["Content-Type", "application/json"];

const cases: readonly Case[] = [
  { name: "a POST of known length", body: message, fields: [...json, "Accept", "*/*"] },
  { name: "a POST in chunks", body: ['{"jsonrpc":"2.0",', '"id":1,"method":"ping"}'] },
  { name: "a POST without a body", method: "POST", fields: ["Content-Length", "0"] },
  { name: "a DELETE", method: "DELETE", fields: ["Mcp-Session-Id", "s-1"] },
  { name: "an OPTIONS", method: "OPTIONS", fields: ["Access-Control-Request-Method", "POST"] },
  {
    name: "a HEAD, whose answer has a length and no body",
    method: "HEAD",
    answer: ({ response }) => response.writeHead(200, { "content-length": 1_234 }).end(),
  },
  { name: "a path below, with a slash at its end", method: "GET", path: "/a/b.c/~d/" },
  {
    name: "a query that is spelled oddly",
    method: "GET",
    path: "?a=1&a=2&&b=%2F%20+&c&=d&e=%F0%9F%98%80",
  },
  {
    name: "fields repeated, in their order and spelling",
    method: "GET",
    fields: ["X-Many", "1", "other", "x", "x-MANY", "2, 3", "X-many", "", "Accept", "a;q=0.1 , b"],
  },
  {
    name: "fields of 2026-07-28",
    body: message,
    fields: ["Mcp-Method", "tools/call", "Mcp-Name", "=?base64?w6k=?=", "Mcp-Param-A", "x , y"],
  },
  {
    name: "a field with bytes beyond ASCII",
    method: "GET",
    fields: ["X-Name", Buffer.from("Zoë").toString("latin1")],
    answer: ({ response }) => {
      response.setHeader("X-Back", Buffer.from("Łódź").toString("latin1"));
      response.end();
    },
  },
  { name: "a field of 12 KiB", method: "GET", fields: ["Mcp-Param-Big", "x".repeat(12_288)] },
  {
    name: "repeated fields and words of the answer's own",
    answer: ({ response }) => {
      const fields = ["X-B", "1", "x-a", "2", "X-B", "3", "Content-Type", "text/plain"];
      response.writeHead(418, "Kettle Boils", fields).end("short and stout");
    },
  },
  {
    name: "an answer that was compressed with gzip",
    fields: ["Accept-Encoding", "gzip, br"],
    answer: ({ response }) => {
      response.writeHead(200, { "Content-Encoding": "gzip", "content-type": "application/json" });
      response.end(gzipSync(result));
    },
  },
  {
    name: "an answer that was compressed with brotli",
    answer: ({ response }) => {
      response.writeHead(200, { "Content-Encoding": "br", "content-type": "application/json" });
      response.end(brotliCompressSync(result));
    },
  },
  { name: "no content", answer: ({ response }) => response.writeHead(204).end() },
  {
    name: "not modified",
    method: "GET",
    fields: ["If-None-Match", '"v1"'],
    answer: ({ response }) => response.writeHead(304, { ETag: '"v1"' }).end(),
  },
  {
    name: "every byte there is",
    fields: ["Content-Type", "application/octet-stream"],
    body: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1"),
    answer: ({ response }) =>
      response.end(Buffer.from(Array.from({ length: 256 }, (_, byte) => 255 - byte))),
  },
  {
    name: "a request that asks before it sends",
    body: message,
    fields: [...json, "Expect", "100-continue"],
  },
];

const arrivals: unknown[] = [];
let current: Case | undefined;
let upstream: ScriptedUpstream;
let registered: Registered;

beforeAll(async () => {
  upstream = await startScripted(async (exchange) => {
    const { method, url, rawHeaders } = exchange.request;
    const chunks = await Array.fromAsync(exchange.request);
    const body = Buffer.concat(chunks).toString("latin1");
    // A request may be framed anew on each connection, by its length or in chunks.
    const fields = ofTheExchange(rawHeaders).filter(([name]) => !/^content-length$/i.test(name));
    arrivals.push({ method, url, fields, body });
    if (current?.answer) return current.answer(exchange);
    exchange.response.writeHead(200, { "content-type": "application/json" });
    exchange.response.end(result);
  });
  registered = await rig().register(upstream.url);
});
afterAll(() => upstream[Symbol.asyncDispose]());

test.for(cases)("$name", async (one) => {
  current = one;
  const direct = await exchange(upstream.url, one);
  const proxied = await exchange(registered.url, one);
  const [arrivedDirect, arrivedProxied] = arrivals.splice(0);
  expect(arrivedProxied).toEqual(arrivedDirect);
  expect(proxied).toEqual(direct);
});

test("a compressed answer is in the log as text", async () => {
  const filter = { server_id: registered.server.id, q: "Grüße" };
  const calls = await rig().untilCalls(filter, (all) => all.length > 1, 3_000);
  for (const { response_body } of calls) expect(response_body).toBe(result);
});

/** One exchange on a connection of its own, as its client sees it. */
async function exchange(url: string, one: Case) {
  const { method = "POST", path = "", fields = [] } = one;
  const body = one.body ?? (one.method === undefined ? message : undefined);
  const { hostname, port, pathname, host } = new URL(url);
  const outgoing = open({
    hostname,
    port,
    path: pathname + path,
    method,
    agent: false,
    headers: ["Host", host, ...fields, ...framing(fields, body)],
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve).once("error", reject);
  });
  if (fields.includes("Expect")) {
    outgoing.flushHeaders();
    const goAhead = new Promise((resolve) => outgoing.once("continue", resolve));
    await within("100 Continue", 2_000, goAhead);
  }
  for (const part of [body ?? []].flat()) outgoing.write(part, "latin1");
  outgoing.end();
  const response = await within("an answer", 5_000, answered);
  const received = Buffer.concat(await Array.fromAsync(response)).toString("latin1");
  const { statusCode, statusMessage, rawHeaders } = response;
  return { statusCode, statusMessage, fields: ofTheExchange(rawHeaders), body: received };
}

function framing(fields: readonly string[], body: Case["body"]): string[] {
  if (fields.includes("Content-Length") || body === undefined) return [];
  return typeof body === "string"
    ? ["Content-Length", String(Buffer.byteLength(body, "latin1"))]
    : ["Transfer-Encoding", "chunked"];
}

/** Without the fields of one connection (RFC 9110 section 7.6.1), the host's name and the date. */
function ofTheExchange(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  const hop = new Set(["connection", "keep-alive", "transfer-encoding", "host", "date", "expect"]);
  const pairs: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (!hop.has(name.toLowerCase())) pairs.push([name, rawHeaders[at + 1] ?? ""]);
  }
  return pairs;
}
