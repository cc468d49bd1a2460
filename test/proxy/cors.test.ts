/**
 * Clients in web pages. Whether a page may read an upstream's answer is the upstream's to say: its fields pass, and
 * none is added, so that what a page can do through us is what it can do without. Our own answers say it themselves.
 */
import { expect, test } from "vitest";
import { dataPlane, httpUpstream, post, RawClient, rawUpstream, slug, until } from "./rig.ts";

const ping = '{"jsonrpc":"2.0","id":7,"method":"ping"}';
const page = "http://localhost:6274";
const preflight = {
  Origin: page,
  "Access-Control-Request-Method": "POST",
  "Access-Control-Request-Headers": "authorization, mcp-protocol-version, mcp-param-a",
};
const allowed = {
  "access-control-allow-origin": page,
  "access-control-allow-methods": "GET, POST, DELETE",
  "access-control-allow-headers": "authorization, mcp-protocol-version, mcp-param-a",
  "access-control-expose-headers": "Mcp-Session-Id",
  "access-control-max-age": "600",
  vary: "Origin",
};

const corsFields = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => /^access-control-|^vary$/.test(name)));

test.for(["OPTIONS", "POST", "GET"])(
  "what an upstream lets a page do passes, and so does the page's question: %s",
  async (method) => {
    const seen: Record<string, unknown>[] = [];
    await using upstream = await httpUpstream((request, response) => {
      seen.push(request.headers);
      response.writeHead(method === "OPTIONS" ? 204 : 200, allowed).end();
    });
    await using plane = await dataPlane(upstream.url);
    const answer = await fetch(plane.url, { method, headers: preflight });
    expect(answer.status).toBe(method === "OPTIONS" ? 204 : 200);
    expect(corsFields(answer.headers)).toEqual(allowed);
    expect(seen[0]).toMatchObject({ origin: page, "access-control-request-method": "POST" });
  },
);

test.for([
  ["OPTIONS", 405],
  ["OPTIONS", 204],
  ["POST", 200],
  ["POST", 401],
] as const)(
  "what an upstream does not let a page read is not opened by us: %s, %s",
  async ([method, status]) => {
    await using upstream = await httpUpstream((_request, response) => {
      response.writeHead(status, { "WWW-Authenticate": "Bearer" }).end();
    });
    await using plane = await dataPlane(upstream.url);
    const answer = await fetch(plane.url, { method, headers: preflight });
    expect(answer.status).toBe(status);
    expect(corsFields(answer.headers)).toEqual({});
  },
);

test("our own failures can be read by the page that asked, and by no other", async () => {
  const upstream = await rawUpstream(() => {});
  await upstream[Symbol.asyncDispose]();
  await using plane = await dataPlane(upstream.url);
  for (const [path, status] of [
    [`/p/${slug}`, 502],
    ["/p/unknown", 404],
  ] as const) {
    using client = new RawClient(plane.port, post(ping, `Origin: ${page}\r\n`, path));
    await until("the answer", () => client.received.endsWith("}}}"));
    expect(client.received).toContain(`HTTP/1.1 ${status} `);
    expect(client.received).toContain(`Access-Control-Allow-Origin: ${page}\r\nVary: Origin\r\n`);
    expect(client.received).toContain(
      "Access-Control-Expose-Headers: Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, Proxy-Status, Retry-After\r\n",
    );
    expect(client.received).not.toContain("Allow-Credentials");
    using other = new RawClient(plane.port, post(ping, "", path));
    await until("the answer", () => other.received.endsWith("}}}"));
    expect(other.received).not.toMatch(/access-control/i);
  }
});
