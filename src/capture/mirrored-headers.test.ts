import { expect, test } from "vitest";
import { parseMessages } from "../message.ts";
import { findMirrored, findMismatches } from "./mirrored-headers.ts";

const modern = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
const version = ["mcp-protocol-version", "2026-07-28"] as const;

function mismatches(message: object, ...fields: (readonly [string, string])[]): readonly string[] {
  const parsed = parseMessages(JSON.stringify({ jsonrpc: "2.0", ...message }));
  const one = parsed.kind === "messages" ? parsed.messages[0] : undefined;
  if (!one || one.kind === "response") throw new Error("no request or notification");
  return findMismatches(one, new Map(fields));
}

const request = (method: string, params: object) => ({
  id: 1,
  method,
  params: { ...params, _meta: modern },
});

test.for([
  ["tools/call", "name", "mcp-name"],
  ["prompts/get", "name", "mcp-name"],
  ["resources/read", "uri", "mcp-name"],
  ["tasks/get", "taskId", "mcp-name"],
  ["tasks/update", "taskId", "mcp-name"],
  ["tasks/cancel", "taskId", "mcp-name"],
] as const)("%s is mirrored with its %s", ([method, member, field]) => {
  const message = request(method, { [member]: "it" });
  const agreed = [version, ["mcp-method", method]] as const;
  expect(mismatches(message, ...agreed, [field, "it"])).toEqual([]);
  expect(mismatches(message, ...agreed, [field, "It"])).toEqual([field]);
  expect(mismatches(message, ...agreed)).toEqual([field]);
});

test.for([
  ["=?base64?5pel?=", []],
  ["=?base64??=", ["mcp-name"]],
  ["=?Base64?5pel?=", ["mcp-name"]],
  ["=?base64?5pel", ["mcp-name"]],
  ["日", []],
  ["日, 日", ["mcp-name"]],
] as const)("the name 日 is sent as %s", ([value, expected]) => {
  const fields = [version, ["mcp-method", "tools/call"], ["mcp-name", value]] as const;
  expect(mismatches(request("tools/call", { name: "日" }), ...fields)).toEqual(expected);
});

test("requests of older revisions need none of the fields, and what they have must agree", () => {
  const old = { id: 1, method: "tools/call", params: { name: "add" } };
  expect(mismatches(old)).toEqual([]);
  expect(mismatches(old, ["mcp-protocol-version", "2025-11-25"])).toEqual([]);
  expect(mismatches(old, ["mcp-name", "sub"])).toEqual(["mcp-name"]);
});

test("a modern version is told in the field and in the body alike", () => {
  const method = ["mcp-method", "tools/list"] as const;
  const silent = { id: 1, method: "tools/list", params: {} };
  expect(mismatches(silent, version, method)).toEqual(["mcp-protocol-version"]);
  expect(mismatches(request("tools/list", {}), method)).toEqual(["mcp-protocol-version"]);
  const other = ["mcp-protocol-version", "2025-11-25"] as const;
  expect(mismatches(request("tools/list", {}), other, method)).toEqual(["mcp-protocol-version"]);
});

test("a notification needs no field", () => {
  expect(mismatches({ method: "notifications/x" }, version)).toEqual([]);
  const wrong = ["mcp-method", "x"] as const;
  expect(mismatches({ method: "notifications/x" }, version, wrong)).toEqual(["mcp-method"]);
});

test("only modern fields speak for a body", () => {
  const fields = { "mcp-method": "tools/call", "mcp-name": "=?base64?5pel?=" };
  const of = (more: object) => findMirrored(new Map(Object.entries({ ...fields, ...more })));
  expect(of({ "mcp-protocol-version": "2026-07-28" })).toEqual({
    method: "tools/call",
    name: "日",
  });
  expect(of({ "mcp-protocol-version": "2027-01-01" })).toBeDefined();
  expect(of({ "mcp-protocol-version": "2025-11-25" })).toBeUndefined();
  expect(of({ "mcp-protocol-version": "draft" })).toBeUndefined();
  expect(of({})).toBeUndefined();
});
