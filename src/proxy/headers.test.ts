import { expect, test } from "vitest";
import { toClient, toUpstream } from "./headers.ts";

const own = { isCredential: (text: string) => text === "configured", via: "hookwatch-0a1b2c" };
const upstream = (...raw: string[]) => toUpstream(raw, own);
const slug = "abc";

test("every field but those of the list passes, in its order, case and number", () => {
  const raw = [
    "B",
    "1",
    "a",
    "2",
    "B",
    "3",
    "Mcp-Name",
    "x",
    "Origin",
    "http://localhost:1",
    "Accept",
    "*/*",
  ];
  expect(upstream(...raw).headers).toEqual(raw);
  expect(toClient(raw, slug, false)).toEqual(raw);
});

test.for([
  "Connection",
  "Keep-Alive",
  "Proxy-Connection",
  "Proxy-Authorization",
  "Proxy-Authenticate",
  "TE",
  "Trailer",
  "TRANSFER-ENCODING",
  "Upgrade",
  "HTTP2-Settings",
])("%s belongs to one connection and passes in neither direction", (name) => {
  const value = name === "TRANSFER-ENCODING" ? "chunked" : "y";
  expect(upstream("X", "1", name, value).headers).toEqual(["X", "1"]);
  expect(toClient(["X", "1", name, value], slug, false)).toEqual(["X", "1"]);
});

test.for(["Host", "Expect", "X-HookWatch-Capture"])("%s is for us", (name) => {
  expect(upstream(name, "x").headers).toEqual([]);
});

test("what Connection names goes with it, but never what a message needs", () => {
  const raw = ["Connection", "close, X-One ,x-two", "x-ONE", "1", "X-Two", "2", "X-Three", "3"];
  expect(upstream(...raw).headers).toEqual(["X-Three", "3"]);
  expect(toClient(raw, slug, false)).toEqual(["X-Three", "3"]);
  const framing = [
    "Connection",
    "content-length, content-type",
    "Content-Length",
    "2",
    "Content-Type",
    "a/b",
  ];
  expect(upstream(...framing).headers).toEqual(framing.slice(2));
});

test.for([
  "Accept-CH",
  "Alt-Svc",
  "Clear-Site-Data",
  "Critical-CH",
  "Expect-CT",
  "Link",
  "NEL",
  "Origin-Agent-Cluster",
  "Public-Key-Pins",
  "Public-Key-Pins-Report-Only",
  "Refresh",
  "Report-To",
  "Reporting-Endpoints",
  "Secure-Session-Registration",
  "Sec-Session-Registration",
  "Service-Worker-Allowed",
  "Set-Login",
  "SourceMap",
  "Speculation-Rules",
  "Strict-Transport-Security",
  "Use-As-Dictionary",
  "X-DNS-Prefetch-Control",
  "X-SourceMap",
])("%s of an answer would act on our origin and does not pass", (name) => {
  expect(toClient([name.toLowerCase(), "x", "X", "1"], slug, false)).toEqual(["X", "1"]);
});

test.for([
  ["a=1", "a=1; Path=/p/abc"],
  ["a=1; Domain=example.com; Path=/; HttpOnly; Secure", "a=1; HttpOnly; Secure; Path=/p/abc"],
  ["a=1;domain=x;PATH=/y", "a=1; Path=/p/abc"],
  ["a=path; SameSite=Lax", "a=path; SameSite=Lax; Path=/p/abc"],
  ["hookwatch_session=1", undefined],
  ["__Host-hookwatch=1; Path=/; Secure", undefined],
] as const)("a cookie is set for the server's proxy URL alone: %s", ([sent, passed]) => {
  const expected = passed === undefined ? [] : ["Set-Cookie", passed];
  expect(toClient(["Set-Cookie", sent], slug, false)).toEqual(expected);
});

test.for([
  ["a=1; hookwatch_session=x; b=2", "a=1; b=2"],
  ["HookWatch=1", undefined],
  ["__Host-hookwatch_session=1; c=hookwatch", "c=hookwatch"],
  ["a=1; b=2", "a=1; b=2"],
] as const)("cookies of ours stay here: %s", ([sent, passed]) => {
  expect(upstream("Cookie", sent).headers).toEqual(passed === undefined ? [] : ["Cookie", passed]);
});

test.for([
  ["Authorization", "Bearer hw_0123456789abcdef0123456789abcdef", true],
  ["authorization", "hw_0123456789abcdef0123456789abcdef", true],
  ["X-Api-Key", "hw_0123456789abcdef0123456789abcdef_x", true],
  ["Authorization", "Bearer configured", true],
  ["X-API-Key", "configured", true],
  ["Authorization", "Bearer hw_short", false],
  ["Authorization", "Bearer sk-0123456789abcdef0123456789abcdef", false],
  ["X-Other", "hw_0123456789abcdef0123456789abcdef", true],
  ["api_key", "hw_0123456789abcdef0123456789abcdef", true],
  ["X_API_KEY", "configured", true],
  ["X-Other", "configured", false],
  ["Authorization", "Bearer hwa_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", true],
  ["X-Token", "hwr_0123456789abcdef0123456789abcdef", true],
  ["Cookie", "a=hws_0123456789abcdef0123456789abcdef", true],
  ["Mcp-Param-Key", "hw_0123456789abcdef0123456789abcdef", false],
  ["X-Other", "chw_0123456789abcdef0123456789abcdef", false],
] as const)("a credential of ours is noticed: %s: %s", ([name, value, leaks]) => {
  expect(upstream(name, value).leaks).toBe(leaks);
});

test.for([
  ["Via", "1.1 hookwatch-0a1b2c", true],
  ["via", "1.1 other, 1.1 hookwatch-0a1b2c (x), 1.1 cdn", true],
  ["Via", "1.1 hookwatch-ffffff", false],
  ["X-Via", "1.1 hookwatch-0a1b2c", false],
] as const)("a request that was here before is noticed: %s: %s", ([name, value, loops]) => {
  expect(upstream(name, value)).toMatchObject({ loops, headers: [name, value] });
});

test.for([
  ["Transfer_Encoding", "chunked", false],
  ["content_length", "7", false],
  ["HOST", "evil.example", false],
  ["Proxy_Connection", "x", false],
  ["Via_", "x", true],
  ["api_key", "x", true],
  ["x_api_key", "x", true],
  ["X_Custom_Field", "x", true],
] as const)("%s passes only if its other spelling would: %s, %s", ([name, value, passes]) => {
  expect(upstream(name, value).headers).toEqual(passes ? [name, value] : []);
});

test.for([
  ["application/json", false, true],
  ["application/json; charset=utf-8", true, true],
  ["application/problem+json", true, true],
  ["text/event-stream", true, true],
  ["text/plain;charset=x", true, true],
  ["text/html", false, false],
  ["TEXT/HTML; charset=utf-8", true, false],
  ["image/svg+xml", false, false],
  ["application/xhtml+xml", false, false],
  ["application/json, text/html", true, false],
  ["application/jsonx", true, false],
  [undefined, false, true],
  [undefined, true, false],
] as const)(
  "only what no browser runs as a page goes without a box: %s, %s",
  ([type, page, plain]) => {
    const raw = type === undefined ? ["X", "1"] : ["Content-Type", type];
    const box = [
      ["Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'"],
      ["X-Content-Type-Options", "nosniff"],
      ["Referrer-Policy", "no-referrer"],
    ].flat();
    expect(toClient(raw, slug, page)).toEqual(plain ? raw : [...raw, ...box]);
  },
);

test("an empty answer without a type needs no box", () => {
  expect(toClient(["Content-Length", "0"], slug, true)).toEqual(["Content-Length", "0"]);
});
