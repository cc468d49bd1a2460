/** Clients that mean harm, against the product as it runs: whom it answers, what it tells, what it takes. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request as open } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { RawClient } from "./raw-client.ts";
import { program, type Rig, rigForFile, startRig } from "./rig.ts";
import { eventStream, startScripted } from "./scripted-upstream.ts";
import { until, within } from "./until.ts";

const rig = rigForFile({ environment: { HOOKWATCH_LOG_LEVEL: "debug" } });
const ping = { jsonrpc: "2.0", id: 7, method: "ping" };

const answering = () =>
  startScripted(async ({ response, body }) => {
    await body();
    response.setHeader("content-type", "application/json");
    response.end('{"jsonrpc":"2.0","id":7,"result":{}}');
  });

/** A path of each plane, and some that nobody has. */
const routes = (slug: string) => [
  `/p/${slug}`,
  `/p/${slug}/below`,
  "/p/unknown",
  "/.well-known/oauth-protected-resource/p/unknown",
  "/.well-known/nothing",
  "/v1/mcp/servers",
  "/v1/mcp/calls/stream",
  "/v1/auth/login",
  "/v1/nothing",
  "/docs",
  "/openapi.json",
  "/healthz",
  "/readyz",
  "/metrics",
  "/",
  "/assets/nothing.js",
  "/nothing",
];

test.for([
  ["of another name", { host: "evil.example:PORT" }, 421],
  ["of our name on another port", { host: "localhost:1" }, 421],
  ["of a name that ends in ours", { host: "evil.localhost:PORT" }, 421],
  ["from a page elsewhere", { origin: "https://evil.example" }, 403],
  ["from a page without an origin", { origin: "null" }, 403],
] as const)("a request %s is refused on every route there is", async ([, fields, status]) => {
  let reached = 0;
  await using upstream = await startScripted(({ response }) => {
    reached += 1;
    response.end();
  });
  const { server, url } = await rig().register(upstream.url);
  const { port } = new URL(url);
  for (const path of routes(server.slug)) {
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const answer = await exchange(port, method, path, fields);
      expect({ path, method, answer }).toMatchObject({ path, method, answer: status });
    }
  }
  expect(reached).toBe(0);
});

function exchange(
  port: string,
  method: string,
  path: string,
  fields: Readonly<Record<string, string>>,
): Promise<number> {
  const headers = Object.fromEntries(
    Object.entries({ host: "localhost:PORT", ...fields }).map(([name, value]) => [
      name,
      value.replace("PORT", port),
    ]),
  );
  return new Promise((resolve, reject) => {
    const outgoing = open({ host: "127.0.0.1", port, method, path, headers }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    outgoing.once("error", reject).end();
  });
}

test("neither the log of the host nor its figures tell a slug, whatever happens to it", async () => {
  await using upstream = await startScripted(({ request }) => {
    request.socket.resetAndDestroy();
  });
  const { server, url } = await rig().register(upstream.url);
  const removed = await rig().register(upstream.url);
  await rig().api.removeServer(removed.server.id);
  await fetch(url, { method: "POST", body: JSON.stringify(ping) });
  await fetch(`${url}/%2e%2e/x`, { method: "POST", body: "{" });
  await fetch(`${url}?api_key=${rig().apiKey}`, { headers: { authorization: rig().apiKey } });
  await fetch(removed.url, { method: "POST", body: "x" });
  await fetch(`${rig().url}/.well-known/oauth-protected-resource/p/${server.slug}`);
  for (const text of [
    `POST /p/${server.slug} HTTP/1.1\r\nBad Name: x\r\n\r\n`,
    `POST /p/${server.slug} HTTP/3.0\r\n\r\n`,
    `POST /p/${server.slug} HTTP/1.1\r\nHost: evil\r\n\r\n`,
    `POST /p/${server.slug} HTTP/1.1\r\nHost: localhost:${rig().port}\r\nContent-Length: 9\r\n\r\n{`,
  ]) {
    using client = new RawClient(rig().url);
    client.send(text);
    if (text.endsWith("{")) client.reset();
    else await client.ended();
  }
  await rig().untilCalls({ server_id: server.id }, (calls) => calls.length >= 3, 3_000);
  const figures = await (await fetch(`${rig().url}/metrics`)).text();
  const told = `${rig().output.join("\n")}${figures}`;
  for (const { slug } of [server, removed.server]) expect(told).not.toContain(slug);
  expect(told).not.toContain(rig().apiKey);
});

test("ten thousand fields, and one list of ten thousand names, are a request like any other", async () => {
  const upstream = createServer({ maxHeaderSize: 1_048_576 }, (request, response) => {
    request.resume().once("end", () => response.end('{"jsonrpc":"2.0","id":7,"result":{}}'));
  });
  upstream.maxHeadersCount = 0;
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  const { url } = await rig().register(`http://127.0.0.1:${port}/mcp`);
  const body = JSON.stringify(ping);
  for (const fields of [
    "A:\r\n".repeat(10_000),
    "Cookie:a\r\n".repeat(4_000),
    `Connection: close, ${"ab,".repeat(10_000)}x\r\n`,
    `X-Forwarded-For: ${"1.1.1.1,".repeat(5_000)}\r\n`,
    `Accept: ${"a/b;q=0.1,".repeat(5_000)}*/*\r\n`,
  ]) {
    using client = new RawClient(url);
    const startedMs = performance.now();
    client.send(
      `POST ${new URL(url).pathname} HTTP/1.1\r\nHost: ${new URL(url).host}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    await client.receive('"result":{}');
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  }
  upstream.closeAllConnections();
  upstream.close();
});

test("a head that never ends is cut off, whatever it consists of", async () => {
  for (const piece of ["A: b\r\n", "x".repeat(100), "A:\r\n"]) {
    using client = new RawClient(rig().url);
    client.send("POST /p/x HTTP/1.1\r\n");
    const sending = setInterval(() => client.send(piece.repeat(500)), 2);
    await client.ended(5_000).finally(() => clearInterval(sending));
    // The answer may be lost where more was on its way.
    expect(client.received).toMatch(/^(?:HTTP\/1\.1 431 |$)/);
  }
});

test("a client that leaves amid what it sends is no fault that the host would tell of", async () => {
  const from = rig().output.length;
  for (const path of ["/v1/mcp/servers", "/v1/auth/login", "/v1/nothing", "/p/unknown", "/docs"]) {
    for (const field of ["content-length: 100", "transfer-encoding: chunked"]) {
      using client = new RawClient(rig().url);
      const [name = "", value = ""] = field.split(": ");
      const authorization = `Bearer ${rig().apiKey}`;
      const fields = { authorization, "content-type": "application/json", [name]: value };
      client.sendHead("POST", `${rig().url}${path}`, fields);
      client.send('5\r\n{"na');
      // So that it has been read before the connection is gone.
      await fetch(`${rig().url}/healthz`);
      client.reset();
    }
  }
  for (let round = 0; round < 20; round += 1) await fetch(`${rig().url}/healthz`);
  const told = rig().output.slice(from);
  expect(told.filter((line) => /"level":"(?:warn|error)"/.test(line))).toEqual([]);
});

test("hundreds of clients that say nothing, or nothing whole, hold up nobody", async () => {
  await using upstream = await answering();
  const { url } = await rig().register(upstream.url);
  const idle = Array.from({ length: 300 }, (_, at) => {
    const client = new RawClient(url);
    if (at % 3 === 1) client.send(`POST ${new URL(url).pathname} HTTP/1.1\r\nHo`);
    if (at % 3 === 2) client.sendHead("POST", url, { "content-length": 100 });
    return client;
  });
  for (let round = 0; round < 50; round += 1) {
    const startedMs = performance.now();
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(ping) });
    expect(answer.status).toBe(200);
    expect(performance.now() - startedMs).toBeLessThan(3_000);
  }
  for (const client of idle) client[Symbol.dispose]();
});

test.skipIf(process.platform !== "linux")(
  "connections on both sides ask after half a minute whether anybody is there",
  async () => {
    await using upstream = await startScripted(({ response }) => {
      response.writeHead(200, eventStream);
      response.write(": begin\n\n");
    });
    const { url } = await rig().register(upstream.url);
    using client = new RawClient(url);
    client.sendHead("GET", url, { accept: "text/event-stream" });
    await client.receive(": begin");
    const timers = keepAliveTimers([rig().port, Number(new URL(upstream.url).port)]);
    // Ours of the client's connection, and ours of the upstream's.
    expect(timers.client.length).toBeGreaterThan(0);
    expect(timers.upstream.length).toBeGreaterThan(0);
    for (const seconds of [...timers.client, ...timers.upstream]) {
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(30);
    }
  },
);

/** Seconds until the kernel asks, of our ends of connections: those from our port, and those to the upstream's. */
function keepAliveTimers([ours, upstreams]: readonly [number, number]) {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
  const rows = ["tcp", "tcp6"]
    .flatMap((name) => readFileSync(`/proc/net/${name}`, "utf8").split("\n"))
    .map((line) => line.trim().split(/\s+/))
    // Established, with a timer of kind 2: keep-alive.
    .filter(([, , , state, , timer]) => state === "01" && timer?.startsWith("02:"));
  const seconds = (timer: string | undefined) => Number.parseInt(timer?.slice(3) ?? "", 16) / 100;
  const of = (column: number, port: number) =>
    rows.filter((row) => row[column]?.endsWith(`:${hex(port)}`)).map((row) => seconds(row[5]));
  return { client: of(1, ours), upstream: of(2, upstreams) };
}

test.skipIf(process.platform !== "linux")(
  "where descriptors are few the last clients are told to come again, and those before them are served",
  async () => {
    await using upstream = await startScripted(({ request, response }) => {
      response.writeHead(200, request.method === "GET" ? eventStream : {});
      if (request.method === "GET") response.write(": begin\n\n");
      else response.end("{}");
    });
    await using host = await startWithDescriptors(700);
    const url = await host.register(upstream.url);
    const streams: RawClient[] = [];
    // (700 - 512) / 2 = 94, of which the API's client holds some.
    for (let at = 0; at < 94; at += 1) {
      const client = new RawClient(url);
      streams.push(client);
      client.sendHead("GET", url, { accept: "text/event-stream" });
    }
    const isAnswered = ({ received }: RawClient) =>
      received.includes(": begin") || received.startsWith("HTTP/1.1 503 ");
    await until(
      "all are answered",
      15_000,
      () => streams.filter(isAnswered).length,
      (answered) => answered === streams.length,
    );
    const served = streams.filter(({ received }) => received.includes(": begin"));
    const refused = streams.filter(({ received }) => received.startsWith("HTTP/1.1 503 "));
    expect(served.length).toBeGreaterThan(80);
    expect(refused.length).toBeGreaterThan(0);
    expect(served.length + refused.length).toBe(94);
    for (const { received } of refused) expect(received).toMatch(/\r\nRetry-After: 5\r\n/);
    expect((await fetch(new URL("/healthz", url))).status).toBe(200);
    for (const client of streams.slice(0, 20)) client.reset();
    await until(
      "there is room",
      5_000,
      () => fetch(url, { method: "POST", body: "{}" }).then(({ status }) => status),
      (status) => status === 200,
    );
    for (const client of streams) client[Symbol.dispose]();
  },
);

interface Confined extends AsyncDisposable {
  register(targetUrl: string): Promise<string>;
}

async function startWithDescriptors(most: number): Promise<Confined> {
  const dataDir = await mkdtemp(join(tmpdir(), "hookwatch-e2e-"));
  const apiKey = "test_0123456789abcdef0123456789abcdef";
  const command = `ulimit -n ${most}; exec "${process.execPath}" "${program}" serve`;
  const child = spawn("sh", ["-c", command], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      HOOKWATCH_PORT: "0",
      HOOKWATCH_DATA_DIR: dataDir,
      HOOKWATCH_API_KEY: apiKey,
      HOOKWATCH_LOG_LEVEL: "error",
    },
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const found = new Promise<string>((resolve) => {
    createInterface(child.stdout).on("line", (line) => {
      const [, url] = /listening on (http:\/\/[^\s/]+)/.exec(line) ?? [];
      if (url) resolve(url);
    });
  });
  const url = await within("the host's start", 10_000, found);
  return {
    async register(targetUrl) {
      const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
      const body = JSON.stringify({ name: "confined", target_url: targetUrl });
      const answer = await fetch(`${url}/v1/mcp/servers`, { method: "POST", headers, body });
      const { slug } = (await answer.json()) as { slug: string };
      return `${url}/p/${slug}`;
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await within("the host's end", 10_000, exited);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

test("a reverse proxy that is trusted says who calls, anybody else is who he is", async () => {
  await using upstream = await answering();
  const trusting: Rig = await startRig({
    environment: { HOOKWATCH_TRUSTED_PROXIES: "127.0.0.0/8" },
  });
  await using _ = trusting;
  for (const [host, sourceIp] of [
    [trusting, "203.0.113.9"],
    [rig(), "127.0.0.1"],
  ] as const) {
    const { server, url } = await host.register(upstream.url);
    const headers = { "x-forwarded-for": "6.6.6.6, 203.0.113.9", "x-real-ip": "7.7.7.7" };
    await fetch(url, { method: "POST", headers, body: JSON.stringify(ping) });
    const [call] = await host.untilCalls({ server_id: server.id }, (calls) => calls.length === 1);
    expect(call?.source_ip).toBe(sourceIp);
  }
});

test("a host that strangers could make accounts on does not start until its egress is chosen", async () => {
  const open = { HOOKWATCH_SIGNUP: "open", HOOKWATCH_HOST: "0.0.0.0" };
  await expect(startRig({ environment: open })).rejects.toThrow(
    /HOOKWATCH_EGRESS.*must be set to listen on 0\.0\.0\.0 with open sign-up/,
  );
});
