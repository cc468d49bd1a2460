/** What the data plane measures of the way to the upstream and back, against upstreams that take their time. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { systemClock } from "../../src/clock.ts";
import { egressRule, type Resolve } from "../../src/proxy/egress.ts";
import {
  dataPlane,
  httpUpstream,
  type Plane,
  post,
  RawClient,
  rawUpstream,
  type Sighting,
  until,
} from "./rig.ts";

const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';
const phases = [
  "resolvingMs",
  "connectingMs",
  "securingMs",
  "sendingMs",
  "waitingMs",
  "receivingMs",
] as const;

const known = getCACertificates();
afterEach(() => setDefaultCACertificates(known));

const atHome: Resolve = (_name, _options, callback) =>
  setTimeout(() => callback(null, [{ address: "127.0.0.1", family: 4 }]), 20);

/** How long each call took, from the client's side. */
const elapsedMs = new WeakMap<Sighting, number>();

/** Of all the time that a call took, others spent so much. */
function expectNotOurs(sighting: Sighting, othersMs: number): void {
  const allMs = elapsedMs.get(sighting) ?? 0;
  expect(allMs).toBeGreaterThanOrEqual(othersMs);
  expect(sighting.times?.overheadMs).toBeLessThanOrEqual(allMs - othersMs);
}

async function call(plane: Plane, body: string | ReadableStream = ping): Promise<Sighting> {
  const before = plane.sightings.length;
  const fromMs = performance.now();
  const answer = await fetch(plane.url, { method: "POST", body, duplex: "half" } as RequestInit);
  await answer.text();
  await until("the end of the exchange", () => plane.sightings[before]?.end !== undefined);
  const sighting = plane.sightings[before] as Sighting;
  elapsedMs.set(sighting, performance.now() - fromMs);
  return sighting;
}

/** Which phases were entered; that they follow each other is what every exchange promises. */
function entered({ times }: Sighting): string[] {
  if (!times) throw new Error("the witness was told of no times");
  const begun = phases.filter((phase) => times[phase] !== undefined);
  const moments = begun.map((phase) => times[phase]);
  expect(moments).toEqual(moments.toSorted((a = 0, b = 0) => a - b));
  expect(times.overheadMs).toBeGreaterThanOrEqual(0);
  return begun.map((phase) => phase.slice(0, -2));
}

test("the first exchange of a connection connects, the second finds it made", async () => {
  await using upstream = await httpUpstream((_request, response) => response.end("{}"));
  await using plane = await dataPlane(upstream.url);
  const fromMs = systemClock.monotonicMs();
  const first = await call(plane);
  const untilMs = systemClock.monotonicMs();
  expect(entered(first)).toEqual(["connecting", "sending", "waiting", "receiving"]);
  for (const phase of phases) {
    expect(first.times?.[phase] ?? fromMs).toBeGreaterThanOrEqual(fromMs);
    expect(first.times?.[phase] ?? fromMs).toBeLessThanOrEqual(untilMs);
  }
  expect(entered(await call(plane))).toEqual(["sending", "waiting", "receiving"]);
  expect(upstream.sockets).toHaveLength(1);
  expect(first.order.indexOf("upstream")).toBeGreaterThan(first.order.indexOf("requestEnd"));
  expect(first.order.indexOf("upstream")).toBe(first.order.indexOf("head") - 1);
});

test("a name is resolved and TLS set up before anything is sent", async () => {
  const fixture = (name: string) =>
    readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), "utf8");
  const cert = fixture("upstream.cert.pem");
  setDefaultCACertificates([...known, cert]);
  const https = createServer({ cert, key: fixture("upstream.key.pem") }, (_request, response) =>
    response.end("{}"),
  );
  https.listen(0, "127.0.0.1");
  await once(https, "listening");
  const { port } = https.address() as AddressInfo;
  await using plane = await dataPlane(`https://upstream.example:${port}/mcp`, {
    egress: egressRule({ mode: "local" }, atHome),
  });
  const first = await call(plane);
  expect(entered(first)).toEqual(phases.map((phase) => phase.slice(0, -2)));
  const { resolvingMs = 0, connectingMs = 0 } = first.times ?? {};
  expect(connectingMs - resolvingMs).toBeGreaterThanOrEqual(19);
  expect(entered(await call(plane))).toEqual(["sending", "waiting", "receiving"]);
  https.closeAllConnections();
  https.close();
});

test("waiting lasts as long as the upstream thinks, and is no time of ours", async () => {
  await using upstream = await httpUpstream((_request, response) => {
    setTimeout(() => response.end("{}"), 100);
  });
  await using plane = await dataPlane(upstream.url);
  const sighting = await call(plane);
  const { waitingMs = 0, receivingMs = 0 } = sighting.times ?? {};
  expect(receivingMs - waitingMs).toBeGreaterThanOrEqual(99);
  expectNotOurs(sighting, 99);
});

test("the way of an upload that goes on is no time of ours", async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  await using upstream = await httpUpstream((request, response) => {
    request.once("data", () => begin());
    request.resume().once("end", () => response.end("{}"));
  });
  await using plane = await dataPlane(upstream.url);
  const pieces = new ReadableStream({
    async start(controller) {
      controller.enqueue(Buffer.from(ping.slice(0, 5)));
      await begun;
      await new Promise((resolve) => setTimeout(resolve, 100));
      controller.enqueue(Buffer.from(ping.slice(5)));
      controller.close();
    },
  });
  const sighting = await call(plane, pieces);
  expect(entered(sighting)).toEqual(["connecting", "sending", "waiting", "receiving"]);
  expectNotOurs(sighting, 99);
});

test("a client that is slow to send its request is no time of ours", async () => {
  await using upstream = await httpUpstream((_request, response) => response.end("{}"));
  await using plane = await dataPlane(upstream.url);
  const text = post(ping);
  const fromMs = performance.now();
  using client = new RawClient(plane.port, text.slice(0, -ping.length));
  await until("the head is there", () => plane.sightings.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.send(ping);
  await until("the answer", () => client.received.endsWith("{}"));
  const sighting = plane.sightings[0] as Sighting;
  elapsedMs.set(sighting, performance.now() - fromMs);
  expectNotOurs(sighting, 99);
});

test("of a redirect that is followed, what counts is the way after it; the way before is not ours", async () => {
  await using upstream = await httpUpstream((request, response) => {
    const answer = () => {
      if (request.url === "/mcp") response.writeHead(308, { Location: "/there" });
      response.end("{}");
    };
    setTimeout(answer, request.url === "/mcp" ? 100 : 0);
  });
  await using plane = await dataPlane(upstream.url);
  const sighting = await call(plane);
  expect(sighting.statusCode).toBe(200);
  expect(entered(sighting)).toEqual(["sending", "waiting", "receiving"]);
  expect(sighting.order.filter((what) => what === "upstream")).toHaveLength(1);
  expectNotOurs(sighting, 99);
});

test("an answer that never comes is waited for, and a connection that breaks was made", async () => {
  await using upstream = await rawUpstream((socket) => socket.resetAndDestroy());
  await using plane = await dataPlane(upstream.url);
  const broken = await call(plane);
  expect(broken.statusCode).toBe(502);
  expect(entered(broken)).toEqual(["connecting", "sending", "waiting"]);
});

test("a server that is not there was tried, and nothing was sent to it", async () => {
  const upstream = await httpUpstream(() => {});
  await upstream[Symbol.asyncDispose]();
  await using plane = await dataPlane(upstream.url);
  expect(entered(await call(plane))).toEqual(["connecting"]);
});

test("a client that leaves while its answer is waited for leaves the times behind", async () => {
  await using upstream = await httpUpstream(() => {});
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, post(ping));
  await until("the request upstream", () => upstream.sockets.length === 1);
  await until("it is sent", () => (upstream.sockets[0]?.bytesRead ?? 0) > 0);
  client.socket.destroy();
  await until("the end", () => plane.sightings[0]?.end?.outcome === "client_left");
  expect(entered(plane.sightings[0] as Sighting)).toEqual(["connecting", "sending", "waiting"]);
});

test("what our policy refuses went nowhere, and says so", async () => {
  await using upstream = await httpUpstream((_request, response) => response.end("{}"));
  await using plane = await dataPlane(upstream.url, {
    mayCall: () => ({ status: 429, message: "no calls are left" }),
  });
  const refused = await call(plane);
  expect(refused.times).toBeUndefined();
});
