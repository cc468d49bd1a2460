import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, test } from "vitest";
import {
  dataPlane,
  get,
  httpUpstream,
  post,
  RawClient,
  rawUpstream,
  server,
  slug,
  type Upstream,
  until,
} from "../../test/proxy/rig.ts";

const prm = "/.well-known/oauth-protected-resource";

type Page = (request: IncomingMessage, response: ServerResponse) => unknown;
type Pages = Readonly<Record<string, string | number | Page>>;

/** Serves the pages, by path and query, and 404 elsewhere; tells what was asked for. */
async function pagesOf(make: (upstream: { readonly origin: string }) => Pages) {
  const asked: string[] = [];
  let pages: Pages = {};
  const upstream = await httpUpstream((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const page = pages[request.url ?? ""] ?? 404;
    if (typeof page === "function") page(request, response);
    else if (typeof page === "number") response.writeHead(page).end("page");
    else response.writeHead(200, { "Content-Type": "application/json" }).end(page);
  });
  const origin = `http://127.0.0.1:${upstream.port}`;
  pages = make({ origin });
  return { upstream, origin, asked };
}

const challenge =
  (value: string): Page =>
  (_request, response) =>
    response
      .writeHead(401, ["WWW-Authenticate", 'Basic realm="x"', "WWW-Authenticate", value])
      .end("no");

test("a challenge leads the client to us, and we lead it back to the upstream's authorization server", async () => {
  const { upstream, asked } = await pagesOf(({ origin }) => ({
    "/mcp": challenge(
      `Bearer error="invalid_token", resource_metadata="${origin}/meta", scope="a b"`,
    ),
    "/meta": JSON.stringify({
      resource: `${origin}/mcp`,
      authorization_servers: ["https://as.example"],
      x: [1],
    }),
  }));
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const host = `127.0.0.1:${plane.port}`;
  const refused = await fetch(plane.url, { method: "POST", body: "{}" });
  expect(refused.status).toBe(401);
  expect(refused.headers.get("www-authenticate")).toBe(
    `Basic realm="x", Bearer error="invalid_token", resource_metadata="http://${host}${prm}/p/${slug}", scope="a b"`,
  );
  const answer = await fetch(`http://${host}${prm}/p/${slug}`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(await answer.json()).toEqual({
    resource: plane.url,
    authorization_servers: ["https://as.example"],
    x: [1],
  });
  expect(asked).toEqual(["POST /mcp", "GET /meta"]);
  expect(plane.sightings[1]).toMatchObject({
    opening: { method: "GET", path: prm },
    order: ["requestEnd", "head", "response", "end"],
    statusCode: 200,
    end: { outcome: "complete", reason: "" },
  });
});

test.for([
  ["", "/mcp"],
  ["/", "/mcp"],
  ["?a=b", "/mcp?a=b"],
  ["/below", "/mcp/below"],
] as const)("the resource is the very URL that the client uses: %s", async ([below, inserted]) => {
  const { upstream, asked } = await pagesOf(({ origin }) => ({
    [`/mcp${below}`]: challenge(`Bearer resource_metadata="${origin}/elsewhere"`),
    [`${prm}${inserted}`]: JSON.stringify({ resource: origin }),
  }));
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const document = await fetch(`http://127.0.0.1:${plane.port}${prm}/p/${slug}${below}`);
  expect(await document.json()).toEqual({ resource: plane.url + below });
  expect(asked).toEqual([`GET ${prm}${inserted}`]);
  const refused = await fetch(plane.url + below, { method: "POST", body: "{}" });
  const told = /resource_metadata="([^"]*)"/.exec(
    refused.headers.get("www-authenticate") ?? "",
  )?.[1];
  expect(told).toBe(`http://127.0.0.1:${plane.port}${prm}/p/${slug}${below}`);
});

test.for([
  ["the public URL", "proxy.example", "https://proxy.example"],
  ["the public URL with its port", "Proxy.Example:443", "https://proxy.example"],
  ["another name of ours", "localhost:7070", "http://localhost:7070"],
] as const)("a client that addressed us by %s reads that name", async ([, host, origin]) => {
  const { upstream } = await pagesOf(({ origin: own }) => ({
    "/mcp": challenge(`Bearer resource_metadata=${own}/m`),
    [`${prm}/mcp`]: JSON.stringify({ resource: `${own}/mcp` }),
  }));
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url, { publicUrl: "https://proxy.example" });
  using client = new RawClient(plane.port, post("{}").replace("Host: localhost", `Host: ${host}`));
  await until("the answer", () => client.received.includes("no"));
  expect(client.received).toContain(`Bearer resource_metadata=${origin}${prm}/p/${slug}\r\n`);
  using reader = new RawClient(
    plane.port,
    get("", `${prm}/p/${slug}`).replace("Host: localhost", `Host: ${host}`),
  );
  await until("the document", () => reader.received.endsWith("}"));
  expect(reader.received).toContain(`"resource":"${origin}/p/${slug}"`);
});

test("a document that is not about the upstream passes untouched, for the client to refuse", async () => {
  const document = '{ "resource":"https://other.example/mcp", "signed_metadata":"x" }';
  const { upstream } = await pagesOf(() => ({ [`${prm}/mcp`]: document }));
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const answer = await fetch(`http://127.0.0.1:${plane.port}${prm}/p/${slug}`);
  expect(await answer.text()).toBe(document);
});

test("metadata is looked for where a client would: at the path, then at the root", async () => {
  const { upstream, asked } = await pagesOf(({ origin }) => ({
    [`${prm}/mcp`]: 401,
    [prm]: JSON.stringify({ resource: origin }),
  }));
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const answer = await fetch(`http://127.0.0.1:${plane.port}${prm}/p/${slug}`);
  expect(await answer.json()).toEqual({ resource: plane.url });
  expect(asked).toEqual([`GET ${prm}/mcp`, `GET ${prm}`]);
});

test("a metadata URL of another origin is never fetched, not even if an upstream names it", async () => {
  const stranger = await pagesOf(() => ({ "/meta": "{}" }));
  await using _ = stranger.upstream;
  const { upstream, asked } = await pagesOf(() => ({
    "/mcp": challenge(`Bearer resource_metadata="${stranger.origin}/meta"`),
  }));
  await using __ = upstream;
  await using plane = await dataPlane(upstream.url);
  await fetch(plane.url, { method: "POST", body: "{}" });
  await fetch(`http://127.0.0.1:${plane.port}${prm}/p/${slug}`);
  expect(stranger.asked).toEqual([]);
  expect(asked).toEqual(["POST /mcp", `GET ${prm}/mcp`, `GET ${prm}`]);
});

test("an upstream without metadata that asks for a token gets some made, once it is known to ask", async () => {
  let status = 401;
  const { upstream, origin, asked } = await pagesOf(() => ({
    "/mcp": (_request, response) => response.writeHead(status).end("no"),
  }));
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const url = `http://127.0.0.1:${plane.port}${prm}/p/${slug}`;
  const made = await fetch(url);
  expect(await made.json()).toEqual({ resource: plane.url, authorization_servers: [origin] });
  expect(asked.at(-1)).toBe("GET /mcp");
  status = 405;
  const none = await fetch(url);
  expect(none.status).toBe(404);
  expect(none.headers.get("access-control-allow-origin")).toBe("*");
});

test.for([
  ["/.well-known/oauth-authorization-server", "/mcp", ""],
  ["/.well-known/openid-configuration", "/mcp", ""],
  ["/.well-known/openid-configuration", "", "/mcp"],
] as const)(
  "metadata of authorization servers passes as it is: %s%s",
  async ([name, behind, before]) => {
    const document = '{"issuer" : "https://as.example/mcp","n":1.0}';
    const { upstream } = await pagesOf(() => ({ [before + name + behind]: document }));
    await using _ = upstream;
    await using plane = await dataPlane(upstream.url);
    const path = before === "" ? `${name}/p/${slug}` : `/p/${slug}${name}`;
    const answer = await fetch(`http://127.0.0.1:${plane.port}${path}`);
    expect(await answer.text()).toBe(document);
    expect(plane.sightings[0]?.opening.path).toBe(name);
  },
);

test.for([
  prm,
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
  `${prm}/p/${"b".repeat(26)}`,
  `${prm}/p/${slug}/../x`,
  `${prm}/p/`,
  `/.well-known/other/p/${slug}`,
])("there is no metadata at %s", async (path) => {
  const { upstream, asked } = await pagesOf(() => ({}));
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  using client = new RawClient(plane.port, get("", path));
  await until("the answer", () => client.received.endsWith("}"));
  expect(client.received).toMatch(/^HTTP\/1.1 404 /);
  expect(asked).toEqual([]);
  expect(plane.sightings).toEqual([]);
});

test("any page may ask, any method but reading is refused, and a HEAD gets no body", async () => {
  const { upstream, asked } = await pagesOf(({ origin }) => ({
    [`${prm}/mcp`]: JSON.stringify({ resource: origin }),
  }));
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const url = `http://127.0.0.1:${plane.port}${prm}/p/${slug}`;
  const preflight = await fetch(url, { method: "OPTIONS" });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-headers")).toMatch(/MCP-Protocol-Version/);
  expect((await fetch(url, { method: "POST" })).status).toBe(405);
  expect(asked).toEqual([]);
  using client = new RawClient(plane.port, get("", `${prm}/p/${slug}`).replace("GET", "HEAD"));
  await until("the head", () => client.received.endsWith("\r\n\r\n"));
  expect(client.received).toMatch(/Content-Length: [1-9]/);
});

test.for([
  ["an error", 500, "metadata_refused"],
  ["a plea for patience", 429, "metadata_refused"],
  ["no JSON", "<html>", "metadata_unusable"],
  ["an evil place", '{"authorization_servers":["javascript:alert(1)"]}', "metadata_unusable"],
  ["too much", JSON.stringify({ x: "x".repeat(70_000) }), "metadata_too_large"],
  [
    "a redirect to elsewhere",
    (_: unknown, response: ServerResponse) =>
      response.writeHead(302, { Location: "http://127.0.0.1:1/" }).end(),
    "metadata_elsewhere",
  ],
  [
    "redirects in a circle",
    (_: unknown, response: ServerResponse) => response.writeHead(302, { Location: "?" }).end(),
    "metadata_elsewhere",
  ],
  [
    "a broken answer",
    (_: unknown, response: ServerResponse) =>
      response.writeHead(200, { "Content-Length": 9 }).write("{", () => response.destroy()),
    "cut_short",
  ],
] as const)(
  "an upstream that answers with %s is a 503, which no client takes for none",
  async ([, page, reason]) => {
    const { upstream } = await pagesOf(() => ({ [`${prm}/mcp`]: page, [`${prm}/mcp?`]: page }));
    await using _ = upstream;
    await using plane = await dataPlane(upstream.url);
    using client = new RawClient(
      plane.port,
      get("Origin: http://localhost:1\r\n", `${prm}/p/${slug}`),
    );
    await until("the answer", () => client.received.endsWith("}"));
    expect(client.received).toMatch(/^HTTP\/1.1 503 /);
    expect(client.received).toContain("Access-Control-Allow-Origin: *\r\n");
    expect(client.received).toContain('"code":"unavailable"');
    expect(plane.forwarder.stats().failures[reason]).toBe(1);
    expect(plane.sightings[0]?.end?.outcome).toBe("upstream_failed");
  },
);

test("an upstream that is not there is a 503, also for the name behind the path", async () => {
  const upstream = await rawUpstream(() => {});
  await upstream[Symbol.asyncDispose]();
  await using plane = await dataPlane(upstream.url);
  const origin = `http://127.0.0.1:${plane.port}`;
  const statuses = [];
  for (const path of [`${prm}/p/${slug}`, `/p/${slug}/.well-known/openid-configuration`]) {
    statuses.push((await fetch(origin + path)).status);
  }
  expect(statuses).toEqual([503, 503]);
});

test("a redirect on the upstream's own origin is followed", async () => {
  const { upstream } = await pagesOf(({ origin }) => ({
    [`${prm}/mcp`]: (_request, response) => response.writeHead(301, { Location: "/there" }).end(),
    "/there": JSON.stringify({ resource: `${origin}/mcp` }),
  }));
  await using _ = upstream;
  await using plane = await dataPlane(upstream.url);
  const answer = await fetch(`http://127.0.0.1:${plane.port}${prm}/p/${slug}`);
  expect(await answer.json()).toEqual({ resource: plane.url });
});

test("a client that leaves, and a host that stops, leave no request running", async () => {
  const silent: Upstream = await rawUpstream(() => {});
  await using _ = silent;
  const plane = await dataPlane(silent.url);
  const client = new RawClient(plane.port, get("", `${prm}/p/${slug}`));
  await until("the request", () => silent.sockets.length === 1);
  client.socket.destroy();
  await until("the upstream is left", () => silent.sockets[0]?.destroyed === true);
  expect(plane.sightings[0]?.end?.outcome).toBe("client_left");
  using __ = new RawClient(plane.port, get("", `${prm}/p/${slug}`));
  await until("another request", () => silent.sockets.length === 2);
  await plane[Symbol.asyncDispose]();
  await until("it is ended", () => silent.sockets[1]?.destroyed === true);
});

test("nothing that one server said is another's", async () => {
  const one = await pagesOf(({ origin }) => ({
    "/mcp": challenge(`Bearer resource_metadata="${origin}/meta"`),
    "/meta": JSON.stringify({ resource: `${origin}/mcp` }),
  }));
  await using _ = one.upstream;
  const other = await pagesOf(() => ({ "/mcp": 200 }));
  await using __ = other.upstream;
  await using plane = await dataPlane(one.upstream.url);
  const theirs = "b".repeat(26);
  plane.directory.put(server(other.upstream.url, { id: "s2", slug: theirs }));
  await fetch(plane.url, { method: "POST", body: "{}" });
  expect((await fetch(`http://127.0.0.1:${plane.port}${prm}/p/${theirs}`)).status).toBe(404);
  // Nor is what a server said before its target changed.
  plane.directory.put(server(other.upstream.url));
  expect((await fetch(`http://127.0.0.1:${plane.port}${prm}/p/${slug}`)).status).toBe(404);
});
