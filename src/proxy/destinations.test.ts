import { expect, test } from "vitest";
import { Destinations, isDestination } from "./destinations.ts";

test.for([
  ["mcp.internal", "mcp.internal", true],
  ["MCP.Internal", "mcp.internal", true],
  ["mcp.internal", "x.mcp.internal", false],
  ["*.internal", "mcp.internal", true],
  ["*.internal", "a.b.internal", true],
  ["*.internal", "internal", false],
  ["*.internal", "notinternal", false],
  ["10.0.0.0/8", "mcp.internal", false],
] as const)("%s names %s: %s", ([text, host, named]) => {
  expect(new Destinations([text]).hasName(host)).toBe(named);
});

test("addresses and names stand in one list", () => {
  const list = new Destinations(["10.0.0.0/8", "mcp.internal"]);
  expect(list.hasRanges).toBe(true);
  expect(list.hasAddress("10.1.1.1")).toBe(true);
  expect(list.hasAddress("192.168.1.1")).toBe(false);
  expect(list.hasName("mcp.internal")).toBe(true);
  expect(new Destinations(["mcp.internal"]).hasRanges).toBe(false);
});

test.for([
  ["10.0.0.0/8", true],
  ["::1", true],
  ["localhost", true],
  ["mcp.internal", true],
  ["*.svc.cluster.local", true],
  ["1password.example", true],
  ["", false],
  ["*", false],
  ["*.*.internal", false],
  ["a..b", false],
  ["-a.example", false],
  ["http://mcp.internal", false],
  ["mcp.internal:8080", false],
  ["10.0.0.300", false],
  ["10.0.0.0/40", false],
  ["a b", false],
] as const)("%j is a destination: %s", ([text, good]) => {
  expect(isDestination(text)).toBe(good);
});
