import { expect, test } from "vitest";
import { isRange, Ranges } from "./ranges.ts";

test.for([
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["10.0.0.0/8", "::ffff:10.0.0.1", true],
  ["10.0.0.0/8", "64:ff9b::a00:1", true],
  ["10.0.0.0/8", "2002:a00:1::", true],
  ["192.0.2.7", "192.0.2.7", true],
  ["192.0.2.7", "192.0.2.8", false],
  ["0.0.0.0/0", "8.8.8.8", true],
  ["0.0.0.0/0", "2606:4700::1", false],
  ["::/0", "2606:4700::1", true],
  ["fd00::/8", "fd12::1", true],
  ["FD00::/8", "FD12:0::1", true],
  ["fd00::/8", "fe80::1", false],
  ["::1", "::1", true],
  ["::ffff:10.0.0.0/104", "10.1.2.3", true],
  ["::ffff:10.0.0.0/104", "11.1.2.3", false],
  ["10.0.0.0/8", "not an address", false],
  ["fe80::/10", "fe80::1%eth0", false],
] as const)("%s holds %s: %s", ([range, address, holds]) => {
  expect(new Ranges([range]).has(address)).toBe(holds);
});

test.for([
  "",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0.0/-1",
  "10.0.0/8",
  "::/129",
  "::ffff:10.0.0.0/95",
  "fe80::1%eth0/64",
  "example.com",
  "10.0.0.0/8/8",
])("%j is no range", (text) => {
  expect(isRange(text)).toBe(false);
});

test("no range holds nothing", () => {
  expect(new Ranges([]).has("10.0.0.1")).toBe(false);
});
