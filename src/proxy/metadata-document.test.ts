import { expect, test } from "vitest";
import { isResourceOf, proxiedResource, readMetadata } from "./metadata-document.ts";

const names = { upstreamUrl: "https://up.example/a/mcp", clientUrl: "http://localhost:7070/p/x" };

const proxied = (document: unknown) =>
  proxiedResource(Buffer.from(JSON.stringify(document)), names)?.toString();

test("only the resource is replaced, and the signature over it goes", () => {
  const document = {
    resource: "https://up.example/a",
    authorization_servers: ["https://as.example/x"],
    signed_metadata: "a.b.c",
    scopes_supported: ["a"],
    "x-more": { resource: 1 },
  };
  expect(JSON.parse(proxied(document) ?? "")).toEqual({
    resource: names.clientUrl,
    authorization_servers: ["https://as.example/x"],
    scopes_supported: ["a"],
    "x-more": { resource: 1 },
  });
});

test("a resource that is not the upstream stays, so that the client refuses it", () => {
  const document = { signed_metadata: "a.b.c", resource: "https://other.example/a/mcp" };
  expect(proxied(document)).toBe(JSON.stringify(document));
  expect(proxied({ issuer: "https://x.example" })).toBe('{"issuer":"https://x.example"}');
});

// The cases of the TypeScript SDK's `checkResourceAllowed`.
test.for([
  ["https://up.example/a/mcp", true],
  ["https://up.example/a/mcp/", true],
  ["https://up.example/a", true],
  ["https://up.example", true],
  ["https://up.example/a/mc", false],
  ["https://up.example/a/mcp/x", false],
  ["https://up.example/A/mcp", false],
  ["http://up.example/a/mcp", false],
  ["https://up.example:8443/a/mcp", false],
  ["https://sub.up.example/a/mcp", false],
  ["https://up.example.evil/a/mcp", false],
  ["/a/mcp", false],
  ["", false],
  [7, false],
  [undefined, false],
] as const)("the upstream is judged as a client would: %s", ([resource, allowed]) => {
  expect(isResourceOf(resource, names.upstreamUrl)).toBe(allowed);
});

test.for([
  "[]",
  "null",
  '"x"',
  "{",
  "<html>",
  '{"authorization_servers":["javascript:alert(1)"]}',
  '{"authorization_servers":"https://x.example"}',
  '{"issuer":"data:text/html,x"}',
  '{"authorization_endpoint":"javascript:alert(1)"}',
  '{"authorization_endpoint":" javascript:alert(1)"}',
  '{"token_endpoint":"file:///etc/passwd"}',
  '{"jwks_uri":7}',
  '{"resource_policy_uri":"vbscript:x"}',
])("what is no metadata, or leads nowhere on the web, is not passed on: %s", (text) => {
  expect(readMetadata(Buffer.from(text), names.upstreamUrl)).toBeUndefined();
  expect(proxiedResource(Buffer.from(text), names)).toBeUndefined();
});

test("metadata of the web is passed on, whatever else it says", () => {
  const text =
    '{"issuer":"http://127.0.0.1:9/","token_endpoint":"HTTPS://as.example/t","__proto__":{"a":1},"n":1.0}';
  expect(readMetadata(Buffer.from(text), names.upstreamUrl)).toBeDefined();
});

test.for([
  ["https://upstream.example", "http://as.example/token", false],
  ["https://upstream.example", "http://localhost:9/token", true],
  ["https://upstream.example", "http://127.0.0.1/token", true],
  ["https://upstream.example", "http://[::1]:9/token", true],
  ["https://upstream.example", "http://127.0.0.1.evil.example/token", false],
  ["http://upstream.lan", "http://as.lan/token", true],
  ["http://upstream.lan", "javascript:alert(1)", false],
] as const)("metadata of %s may name %s: %s", ([upstream, place, good]) => {
  const text = JSON.stringify({ token_endpoint: place });
  expect(readMetadata(Buffer.from(text), upstream) !== undefined).toBe(good);
});

test("a page for people may be behind plain http", () => {
  const text = '{"resource_documentation":"http://docs.example/"}';
  expect(readMetadata(Buffer.from(text), "https://upstream.example")).toBeDefined();
});
