import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { dataPlane, httpUpstream, post, RawClient, slug, until } from "../../test/proxy/rig.ts";
import { replayTotalMaxBytes } from "./limits.ts";
import { redirection } from "./redirect.ts";

const from = { origin: "http://up.example", path: "/a/mcp?key=1" };

test.for([
  ["307 to a slash", 307, "POST", "/a/mcp/", "http://up.example/a/mcp/", true],
  ["308 beside", 308, "DELETE", "other?x=%2f#y", "http://up.example/a/other?x=%2f#y", true],
  ["301 of a GET", 301, "GET", "http://UP.example:80/x", "http://up.example/x", true],
  ["302 of a HEAD", 302, "HEAD", "?", "http://up.example/a/mcp?", true],
  ["303 of a GET", 303, "GET", "/x", "http://up.example/x", true],
  ["301 of a POST", 301, "POST", "/x", "http://up.example/x", false],
  ["303 of a POST", 303, "POST", "/x", "http://up.example/x", false],
  ["307 to https of the host", 307, "POST", "https://up.example/x", "https://up.example/x", true],
  [
    "307 to https on another port",
    307,
    "POST",
    "https://up.example:8443/",
    "https://up.example:8443/",
    false,
  ],
  ["307 to another host", 307, "POST", "http://evil.example/x", "http://evil.example/x", false],
  ["307 without a scheme", 307, "POST", "//evil.example/x", "http://evil.example/x", false],
  ["307 with backslashes", 307, "GET", "\\\\evil.example", "http://evil.example/", false],
  [
    "307 to a host that begins alike",
    307,
    "GET",
    "http://up.example.evil/",
    "http://up.example.evil/",
    false,
  ],
  ["307 with a user name", 307, "GET", "http://u@up.example/", "http://u@up.example/", false],
  ["307 off the web", 307, "GET", "javascript:alert(1)", "javascript:alert(1)", false],
] as const)(
  "$0 is followed where it stays at home",
  ([, status, method, location, absolute, follows]) => {
    const found = redirection(status, ["X", "1", "location", location], from, method);
    expect(found?.location).toBe(absolute);
    expect(found?.hop !== undefined).toBe(follows);
  },
);

test.for([
  ["no place", 307, []],
  ["two places", 307, ["Location", "/a", "location", "/b"]],
  ["a place that is no URL", 307, ["Location", "http://["]],
  ["another status", 304, ["Location", "/a"]],
  ["a choice", 300, ["Location", "/a"]],
  ["a new resource", 201, ["Location", "/a"]],
] as const)("an answer with $0 is no redirect", ([, status, raw]) => {
  expect(redirection(status, raw, from, "GET")).toBeUndefined();
});

test("from https nothing leads down to http", () => {
  const secure = { origin: "https://up.example", path: "/" };
  const found = redirection(307, ["Location", "http://up.example/"], secure, "GET");
  expect(found?.hop).toBeUndefined();
});

interface Arrival {
  readonly line: string;
  readonly fields: readonly string[];
  readonly body: string;
}

async function redirecting(
  answer: (request: IncomingMessage, response: ServerResponse, body: string) => unknown,
) {
  const arrivals: Arrival[] = [];
  const upstream = await httpUpstream(async (request, response) => {
    const body = await text(request);
    const { method, url, rawHeaders } = request;
    arrivals.push({ line: `${method} ${url}`, fields: rawHeaders, body });
    if (url === "/there")
      response.writeHead(200, { "Content-Type": "text/plain" }).end(`<${body}>`);
    else answer(request, response, body);
  });
  return { upstream, arrivals };
}

const toThere = (_request: IncomingMessage, response: ServerResponse) =>
  response.writeHead(307, { Location: "/there" }).end("moved");

test.for([
  ["nothing", "GET", undefined],
  ["a message", "POST", "hello"],
  ["a body that comes in many pieces", "POST", "x".repeat(900_000)],
] as const)("a redirect at home is followed here, with $0 to carry", async ([, method, body]) => {
  const { upstream, arrivals } = await redirecting(toThere);
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const answer = await fetch(plane.url, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: { Authorization: "Bearer up", "X-A": "1" },
    redirect: "error",
  });
  expect(await answer.text()).toBe(`<${body ?? ""}>`);
  expect(arrivals.map(({ line }) => line)).toEqual([`${method} /mcp`, `${method} /there`]);
  expect(arrivals[1]?.fields).toEqual(arrivals[0]?.fields);
  expect(arrivals[1]?.body === arrivals[0]?.body).toBe(true);
  // One call, and its answer is the last one.
  await until("the end", () => plane.sightings[0]?.end !== undefined);
  expect(plane.sightings).toHaveLength(1);
  expect(plane.sightings[0]).toMatchObject({ statusCode: 200, end: { outcome: "complete" } });
  expect(plane.sightings[0]?.order.filter((step) => step === "head")).toHaveLength(1);
  // Nor does a redirect cost a connection.
  expect(upstream.sockets).toHaveLength(1);
});

test("what is kept to follow a redirect is given back, and room is left for the next", async () => {
  const { upstream, arrivals } = await redirecting(toThere);
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const body = "x".repeat(900_000);
  for (let sentBytes = 0; sentBytes < 1.2 * replayTotalMaxBytes; sentBytes += body.length) {
    const answer = await fetch(plane.url, { method: "POST", body, redirect: "error" });
    expect((await answer.text()).length).toBe(body.length + 2);
    arrivals.length = 0;
  }
});

test("a redirect that ends its connection is followed on another", async () => {
  const { upstream, arrivals } = await redirecting((_request, response) =>
    response.writeHead(307, { Location: "/there", Connection: "close" }).end("moved"),
  );
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const answer = await fetch(plane.url, { method: "POST", body: "hello" });
  expect(await answer.text()).toBe("<hello>");
  expect(arrivals.map(({ line }) => line)).toEqual(["POST /mcp", "POST /there"]);
  expect(upstream.sockets).toHaveLength(2);
});

test("a body in chunks is in chunks again", async () => {
  const { upstream, arrivals } = await redirecting(toThere);
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(
    plane.port,
    `${post("").replace("Content-Length: 0", "Transfer-Encoding: chunked")}3\r\nabc\r\n0\r\n\r\n`,
  );
  await until("the answer", () => client.received.includes("<abc>"));
  for (const { fields, body } of arrivals) {
    expect(fields.join().toLowerCase()).toContain("transfer-encoding,chunked");
    expect(body).toBe("abc");
  }
});

test.for([
  ["a body beyond 1 MiB", "y".repeat(1_048_577), toThere, 1],
  [
    "a chain without end",
    "z",
    (request: IncomingMessage, response: ServerResponse) =>
      response.writeHead(308, { Location: `${request.url}x` }).end(),
    6,
  ],
  [
    "a redirect that changes the method",
    "z",
    (_: unknown, response: ServerResponse) => response.writeHead(303, { Location: "there" }).end(),
    1,
  ],
] as const)("$0 passes to the client, with the absolute place", async ([, body, answer, times]) => {
  const { upstream, arrivals } = await redirecting(answer);
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const passed = await fetch(plane.url, { method: "POST", body, redirect: "manual" });
  expect(passed.status).toBeGreaterThan(302);
  expect(passed.headers.get("location")).toMatch(
    new RegExp(`^http://127.0.0.1:${upstream.port}/(mcpx|there)`),
  );
  await passed.text();
  expect(arrivals).toHaveLength(times);
  expect(plane.sightings[0]?.statusCode).toBe(passed.status);
});

test("a redirect to another origin is never followed, and nothing is sent there", async () => {
  const stranger = await redirecting(toThere);
  await using _ = stranger.upstream;
  const { upstream } = await redirecting((_request, response) =>
    response.writeHead(307, { Location: stranger.upstream.url }).end("gone"),
  );
  await using __ = upstream;
  await using plane = await dataPlane(upstream.url);
  const passed = await fetch(plane.url, { method: "POST", body: "{}", redirect: "manual" });
  expect(passed.status).toBe(307);
  expect(passed.headers.get("location")).toBe(stranger.upstream.url);
  expect(await passed.text()).toBe("gone");
  expect(stranger.arrivals).toEqual([]);
});

test("a redirect that comes before the request's end passes to the client", async () => {
  let requests = 0;
  await using upstream = await httpUpstream((_request, response) => {
    requests += 1;
    response.writeHead(307, { Location: "/there" }).end();
  });
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(
    plane.port,
    post("").replace("Content-Length: 0", "Content-Length: 9"),
  );
  client.send("begin");
  await until("the answer", () => client.received.includes("\r\n\r\n"));
  expect(client.received).toMatch(/^HTTP\/1.1 307 /);
  expect(client.received).toContain(`Location: http://127.0.0.1:${upstream.port}/there\r\n`);
  expect(requests).toBe(1);
});

test("a redirect whose body has no end is a 502, and one whose next place breaks is too", async () => {
  let mode = "endless";
  const { upstream } = await redirecting((_request, response) => {
    if (mode === "endless")
      response.writeHead(307, { Location: "/there" }).write("x".repeat(70_000));
    else if (mode === "first") {
      mode = "second";
      response.writeHead(307, { Location: "/mcp" }).end();
    } else response.destroy();
  });
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const request = () =>
    fetch(plane.url, { method: "POST", body: '{"jsonrpc":"2.0","id":5,"method":"m"}' });
  const endless = await request();
  expect(endless.status).toBe(502);
  expect(await endless.json()).toMatchObject({ id: 5 });
  mode = "first";
  const broken = await request();
  expect(broken.status).toBe(502);
  expect(await broken.json()).toMatchObject({
    id: 5,
    error: { data: { reason: "connection_reset" } },
  });
  await until("nothing is left", () => plane.forwarder.stats().openExchanges === 0);
});

test("what lies below the proxy URL is followed too, and so is what a client asks by HEAD", async () => {
  const { upstream, arrivals } = await redirecting(toThere);
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const answer = await fetch(`http://127.0.0.1:${plane.port}/p/${slug}/x?y`, { method: "HEAD" });
  expect(answer.status).toBe(200);
  expect(arrivals.map(({ line }) => line)).toEqual(["HEAD /mcp/x?y", "HEAD /there"]);
});
