/** The log as a file: all of it, as fast as it is taken, and never a part that looks like the whole. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { Problem } from "../../src/problem.ts";
import { MemoryCallLog } from "../../src/store/memory/call-log.ts";
import { callOf, openRig } from "../api/rig.ts";
import type { CallRow } from "./api.ts";
import { RawClient } from "./raw-client.ts";
import { type Rig, rigForFile, startRig } from "./rig.ts";
import { type ScriptedUpstream, startScripted } from "./scripted-upstream.ts";
import { until } from "./until.ts";

const path = "/v1/mcp/calls/export";
const calls = 600;
/** Longer than what a page of calls brings along. */
const bodyLength = 100_000;
/** What ends a chunked body: without it a client knows that something is missing. */
const lastChunk = "\r\n0\r\n\r\n";
const rig = rigForFile();
let upstream: ScriptedUpstream;
let serverId: string;

beforeAll(async () => {
  upstream = await startScripted(async ({ response, body }) => {
    const { id } = JSON.parse(await body());
    const result = { content: [{ type: "text", text: `=${"z".repeat(bodyLength)}` }] };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
  });
  const { server, url } = await rig().register(upstream.url);
  serverId = server.id;
  await fill(rig(), url, calls);
});
afterAll(() => upstream[Symbol.asyncDispose]());

/** No faster than the log takes them, lest it keep some without their bodies. */
async function fill(host: Rig, url: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 20) {
    const some = Array.from({ length: 20 }, async (_, i) => {
      const params = { name: "=echo", arguments: {} };
      const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: n + i, method: "tools/call", params }),
      });
      await answer.text();
    });
    await Promise.all(some);
    const all = (stored: number) => stored === n + 20;
    await until("the calls", 10_000, () => host.api.count(), all);
  }
}

function fetchExport(query = ""): Promise<Response> {
  return fetch(`${rig().url}${path}${query}`, {
    headers: { authorization: `Bearer ${rig().apiKey}` },
  });
}

/** An export on a bare socket, its head received. */
async function openRaw(url: string, key: string, query = ""): Promise<RawClient> {
  const client = new RawClient(url);
  onTestFinished(() => client[Symbol.dispose]());
  client.sendHead("GET", `${url}${path}${query}`, { authorization: `Bearer ${key}` });
  await client.receive("\r\n\r\n");
  return client;
}

test("every call of the log is in the file, as its own address shows it, newest first", async () => {
  const answer = await fetchExport();
  expect(answer.headers.get("content-disposition")).toMatch(
    /^attachment; filename="hookwatch-calls-\d{8}T\d{6}Z\.ndjson"$/,
  );
  const lines = (await answer.text()).trimEnd().split("\n");
  const exported: readonly CallRow[] = lines.map((line) => JSON.parse(line));
  const listed = await rig().api.calls();
  expect(exported.map(({ id }) => id)).toEqual(listed.map(({ id }) => id));
  for (const one of [exported[0], exported[300], exported[599]])
    expect(await rig().api.call(one?.id ?? "")).toEqual(one);
  expect(exported[0]?.response_body.length).toBeGreaterThan(bodyLength);
});

test("a spreadsheet gets a line a call, and an archive an entry a call", async () => {
  const csv = await (await fetchExport(`?format=csv&server_id=${serverId}`)).text();
  // No cell of these calls holds a line break.
  const rows = csv.split("\r\n");
  expect(rows).toHaveLength(calls + 2);
  expect(rows[1]).toContain(",tools/call,'=echo,");
  const har = JSON.parse(await (await fetchExport("?format=har")).text());
  expect(har.log.entries).toHaveLength(calls);
  expect(har.log.entries[0].request.url).toBe(upstream.url);
});

test("a client that reads slowly makes the host wait, and gets the whole", async () => {
  const before = await residentBytes();
  const clients = await Promise.all([1, 2, 3, 4].map(() => openRaw(rig().url, rig().apiKey)));
  for (const client of clients) client.pause();
  // Lists and exchanges go on meanwhile.
  for (let n = 0; n < 30; n++) expect((await rig().api.calls({ limit: 5 })).length).toBe(5);
  const grownMiB = ((await residentBytes()) - before) / 1_048_576;
  console.info(
    `four exports of ${(calls * bodyLength) / 1e6} MB that nobody reads: ${grownMiB.toFixed(0)} MiB more`,
  );
  expect(grownMiB).toBeLessThan(100);
  for (const client of clients) {
    client.resume();
    await client.receive(lastChunk, 20_000);
    expect(client.received.match(/"jsonrpc\\":\\"2.0\\",\\"id\\":\d+,\\"result/g)).toHaveLength(
      calls,
    );
  }
});

async function residentBytes(): Promise<number> {
  const text = await (await fetch(`${rig().url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes\S* (\S+)/m.exec(text)?.[1]);
}

test("an export whose client leaves is over: there is room for another at once", async () => {
  const clients = await Promise.all([1, 2, 3, 4].map(() => openRaw(rig().url, rig().apiKey)));
  for (const client of clients) client.pause();
  expect(await rig().api.status(path)).toBe(429);
  for (const client of clients) client.reset();
  await until(
    "room",
    5_000,
    () => rig().api.status(path),
    (status) => status === 200,
  );
});

test("an export that the end of the host cuts off does not look whole", async () => {
  await using host = await startRig();
  const { url } = await host.register(upstream.url);
  await fill(host, url, 300);
  const client = await openRaw(host.url, host.apiKey);
  client.pause();
  await host[Symbol.asyncDispose]();
  client.resume();
  await client.ended();
  expect(client.received.length).toBeGreaterThan(10_000);
  expect(client.received).not.toContain(lastChunk);
});

test("an export that fails on its way breaks the connection, and says nothing else anywhere", async () => {
  const log = new MemoryCallLog();
  await using inside = await openRig("memory", { log });
  const body = "x".repeat(2_000);
  await log.append(
    Array.from({ length: 200 }, () => callOf(inside.founder, { requestBody: body })),
  );
  const page = log.page.bind(log);
  let pages = 0;
  vi.spyOn(log, "page").mockImplementation((...args) => {
    pages += 1;
    return pages > 2
      ? Promise.reject(new Problem("unavailable", "a secret of ours"))
      : page(...args);
  });
  const said = (["log", "info", "warn", "error"] as const).map((name) => vi.spyOn(console, name));
  onTestFinished(() => void vi.restoreAllMocks());
  const listener = getRequestListener(inside.app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void listener(request, response)).listen(0);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = await openRaw(url, inside.founder.key);
  await client.ended();
  expect(client.received).toContain('"request_body":"xxx');
  expect(client.received).not.toContain("secret of ours");
  expect(client.received).not.toContain(lastChunk);
  expect(said.flatMap(({ mock }) => mock.calls)).toEqual([]);
  expect(inside.reports).toMatchObject([{ message: "a request to the API could not be served" }]);
});
