import { expect, test } from "vitest";
import { redactPath } from "./redact-path.ts";
import { Seal } from "./seal.ts";

const seal = new Seal(new Uint8Array(32).fill(1));
const shown = (path: string) => redactPath(path, seal).replace(/:[0-9a-f]{8}\]/g, "]");

test.for([
  ["", ""],
  ["/", "/"],
  ["/.well-known/openid-configuration", "/.well-known/openid-configuration"],
  ["/messages?sessionId=abc", "/messages?sessionId=[redacted:session]"],
  ["/m?page=2&flag=&&x", "/m?page=[redacted:value]&flag=&&[redacted:value]"],
  ["?a=b=c", "?a=[redacted:value]"],
  ["?", "?"],
  ["/m/3f2a9c77-aaaa-4bbb-8ccc-0123456789ab/x", "/m/[redacted:value]/x"],
  ["/m?api_key=k&q=%20%3D", "/m?api_key=[redacted:api_key]&q=[redacted:value]"],
  ["/~endpoint.L21lc3NhZ2Vz.q83vEjRWeJCrze8SNFZ4kA?id=7", "/messages?id=[redacted:value]"],
  ["/~endpoint.L21lc3NhZ2Vz.short", "/~endpoint.L21lc3NhZ2Vz.short"],
] as const)("%s is shown as %s", ([path, expected]) => {
  expect(shown(path)).toBe(expected);
});

test("a path of any length is cut", () => {
  expect(shown(`/${"a/".repeat(40_000)}`)).toHaveLength(2_000);
  expect(redactPath(`?${"a=1&".repeat(16_000)}`, seal)).toHaveLength(2_000);
  expect(shown(`?${"=&".repeat(500)}`)).toMatch(/^\?=(?:&=){99}&…$/);
});
