/** Upstreams behind TLS: whose certificate is believed, under which name they are asked, and what a client reads if not. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { type Egress, egressRule, type Resolve } from "../../src/proxy/egress.ts";
import { dataPlane, httpUpstream, post, RawClient, rawUpstream, until } from "./rig.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8");
const cert = fixture("upstream.cert.pem");
const key = fixture("upstream.key.pem");
const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';

const known = getCACertificates();
afterEach(() => setDefaultCACertificates(known));

/** Whatever the name, it is this machine. */
const atHome: Resolve = (_name, _options, callback) =>
  callback(null, [{ address: "127.0.0.1", family: 4 }]);

async function secureUpstream(text?: string) {
  const { promise: told, resolve: answer } = Promise.withResolvers<string>();
  if (text !== undefined) answer(text);
  const seen: { name: string | false | null; host: string | undefined; resumed: boolean }[] = [];
  const https: Server = createServer({ cert, key }, (request, response) => {
    const socket = request.socket as TLSSocket & { servername?: string };
    seen.push({
      name: socket.servername ?? null,
      host: request.headers.host,
      resumed: socket.isSessionReused(),
    });
    request.resume().once("end", async () => response.end(await told));
  });
  https.on("tlsClientError", () => {});
  https.listen(0, "127.0.0.1");
  await once(https, "listening");
  const { port } = https.address() as AddressInfo;
  return {
    port,
    seen,
    answer,
    async [Symbol.asyncDispose]() {
      https.closeAllConnections();
      await new Promise((resolve) => https.close(resolve));
    },
  };
}

test("an upstream behind TLS is asked by its name, and its session is taken up again", async () => {
  setDefaultCACertificates([...known, cert]);
  await using upstream = await secureUpstream();
  const origin = `https://upstream.example:${upstream.port}`;
  await using plane = await dataPlane(`${origin}/mcp`, {
    egress: egressRule({ mode: "local" }, atHome),
  });
  const call = () => fetch(plane.url, { method: "POST", body: ping });
  const first = call();
  await until("the first request", () => upstream.seen.length === 1);
  const second = call();
  await until("the second, on a connection of its own", () => upstream.seen.length === 2);
  upstream.answer("{}");
  for (const answer of await Promise.all([first, second])) expect(await answer.text()).toBe("{}");
  const host = `upstream.example:${upstream.port}`;
  expect(upstream.seen).toEqual([
    { name: "upstream.example", host, resumed: false },
    { name: "upstream.example", host, resumed: true },
  ]);
});

test.for([
  ["a certificate that nobody vouches for", "upstream.example", false],
  ["a certificate of another name", "other.example", true],
] as const)("%s is a 502 that says so, and nothing was sent", async ([, name, trusted]) => {
  if (trusted) setDefaultCACertificates([...known, cert]);
  await using upstream = await secureUpstream();
  const egress = egressRule({ mode: "local" }, atHome);
  await using plane = await dataPlane(`https://${name}:${upstream.port}/mcp`, { egress });
  using client = new RawClient(plane.port, post(ping));
  await until("the answer", () => client.received.endsWith("}}}"));
  expect(client.received).toMatch(/^HTTP\/1.1 502 /);
  expect(client.received).toContain("Proxy-Status: hookwatch; error=tls_certificate_error\r\n");
  expect(client.received).toContain('"id":7,');
  expect(upstream.seen).toEqual([]);
  expect(plane.sightings[0]?.end?.outcome).toBe("upstream_failed");
});

test("an upstream that speaks no TLS where it should is a 502 of its own kind", async () => {
  await using upstream = await rawUpstream((socket) => socket.write("HTTP/1.1 400 Bad\r\n\r\n"));
  await using plane = await dataPlane(`https://127.0.0.1:${upstream.port}/mcp`);
  using client = new RawClient(plane.port, post(ping));
  await until("the answer", () => client.received.endsWith("}}}"));
  expect(client.received).toMatch(/^HTTP\/1.1 502 /);
  expect(client.received).toContain("Proxy-Status: hookwatch; error=tls_protocol_error\r\n");
});

test("a host that moved to https is followed there, on connections of the same server", async () => {
  setDefaultCACertificates([...known, cert]);
  await using secure = await secureUpstream("secure");
  await using plain = await httpUpstream((request, response) => {
    const location = `https://upstream.example${request.url}`;
    request.resume().once("end", () => response.writeHead(308, { Location: location }).end());
  });
  // The schemes' own ports, which tests cannot listen on.
  const rule = egressRule({ mode: "local" }, atHome);
  const egress: Egress = {
    ...rule,
    connector: (origin, timeoutMs) => {
      const connect = rule.connector(origin, timeoutMs);
      const port = String(origin.startsWith("https:") ? secure.port : plain.port);
      return (options, callback) => connect({ ...options, port }, callback);
    },
  };
  await using plane = await dataPlane("http://upstream.example/mcp", { egress });
  for (let round = 0; round < 2; round += 1) {
    const answer = await fetch(plane.url, { method: "POST", body: ping, redirect: "error" });
    expect(await answer.text()).toBe("secure");
  }
  expect(secure.seen).toHaveLength(2);
  expect(secure.seen[0]).toMatchObject({ name: "upstream.example", host: "upstream.example" });
  expect(plane.forwarder.stats()).toMatchObject({ pools: 1, idleConnections: 2 });
});
