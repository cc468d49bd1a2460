import { expect, test } from "vitest";
import { FieldRedactor } from "./redact-fields.ts";
import { Seal } from "./seal.ts";

const redactor = new FieldRedactor(new Seal(new Uint8Array(32)));
const judge = (name: string, value: string) => redactor.redact(new Map([[name, value]]))[name];

test.for([
  ["content-type", "application/json"],
  ["accept", "application/json, text/event-stream"],
  ["user-agent", "claude-code/2.3.1 (external, cli)"],
  ["mcp-protocol-version", "2026-07-28"],
  ["mcp-name", "search"],
  ["traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
  ["last-event-id", "b0f1c2d3-4567-89ab-cdef-0123456789ab_7"],
  ["sec-fetch-mode", "cors"],
  ["x-feature", "on"],
  ["x-api-key", ""],
] as const)("a harmless field stays in clear: %s", ([name, value]) => {
  expect(judge(name, value)).toBe(value);
});

test.for([
  ["authorization", "Bearer abc", /^Bearer \[redacted:bearer:[0-9a-f]{8}\]$/],
  ["authorization", "Basic dTpw", /^Basic \[redacted:basic:[0-9a-f]{8}\]$/],
  ["authorization", "raw", /^\[redacted:authorization:[0-9a-f]{8}\]$/],
  ["proxy-authorization", "Bearer", /^\[redacted:authorization:[0-9a-f]{8}\]$/],
  ["cookie", "a=b; c=d", /^\[redacted:cookie:[0-9a-f]{8}\]$/],
  ["x-api-key", "k", /^\[redacted:api_key:[0-9a-f]{8}\]$/],
  ["mcp-session-id", "3f2a", /^\[redacted:session:[0-9a-f]{8}\]$/],
  ["mcp-param-city", "=?base64?QmVybg==?=", /^\[redacted:param:[0-9a-f]{8}\]$/],
  ["x-auth-token", "t", /^\[redacted:token:[0-9a-f]{8}\]$/],
  ["x-unknown", "a1b2c3d4e5f6a7b8c9d0e1f2", /^\[redacted:value:[0-9a-f]{8}\]$/],
  ["x-unknown", "u ghp_0123456789abcdefghij", /^(u )?\[redacted:(key|value):[0-9a-f]{8}\]$/],
  ["referer", "https://x/?token=abc", /^https:\/\/x\/\?token=\[redacted:token:[0-9a-f]{8}\]$/],
] as const)("a secret field is sealed: %s: %s", ([name, value, expected]) => {
  expect(judge(name, value)).toMatch(expected);
});

test("a field named __proto__ is a field", () => {
  const fields = redactor.redact(new Map([["__proto__", "x"]]));
  expect(Object.entries(fields)).toEqual([["__proto__", "x"]]);
});

test("no more than 16 KiB of fields are kept, and no half of a secret", () => {
  const long = "word ".repeat(4_000);
  const fields = redactor.redact(
    new Map([
      ["x-note", long],
      ["authorization", "Bearer abc"],
    ]),
  );
  expect(JSON.stringify(fields).length).toBeLessThan(17_000);
  expect(fields["x-note"]?.startsWith("word word")).toBe(true);
  expect(JSON.stringify(fields)).not.toContain("abc");
});
