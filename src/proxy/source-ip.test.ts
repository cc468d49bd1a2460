import { expect, test } from "vitest";
import { Ranges } from "./ranges.ts";
import { sourceIp } from "./source-ip.ts";

const proxies = new Ranges(["10.0.0.0/8", "::1"]);

const forwarded = (...values: string[]) => values.flatMap((value) => ["X-Forwarded-For", value]);

test.for([
  ["the peer, without trusted proxies", "192.0.2.1", forwarded("1.1.1.1"), undefined, "192.0.2.1"],
  ["a mapped peer as IPv4", "::ffff:192.0.2.1", [], undefined, "192.0.2.1"],
  ["an untrusted peer, whatever it says", "192.0.2.1", forwarded("1.1.1.1"), proxies, "192.0.2.1"],
  ["what a trusted proxy saw", "10.0.0.1", forwarded("1.1.1.1"), proxies, "1.1.1.1"],
  ["what a mapped trusted proxy saw", "::ffff:10.0.0.1", forwarded("1.1.1.1"), proxies, "1.1.1.1"],
  [
    "the rightmost untrusted one",
    "10.0.0.1",
    forwarded("6.6.6.6, 1.1.1.1, 10.2.2.2"),
    proxies,
    "1.1.1.1",
  ],
  ["fields in their order", "::1", forwarded("6.6.6.6", "1.1.1.1", "10.2.2.2"), proxies, "1.1.1.1"],
  [
    "the last proxy before garbage",
    "10.0.0.1",
    forwarded("6.6.6.6, unknown, 10.2.2.2"),
    proxies,
    "10.2.2.2",
  ],
  ["a proxy alone, without a word from it", "10.0.0.1", [], proxies, "10.0.0.1"],
  ["a mapped one as IPv4", "10.0.0.1", forwarded("::ffff:1.1.1.1"), proxies, "1.1.1.1"],
  ["not one with a port", "10.0.0.1", forwarded("6.6.6.6, 1.1.1.1:80"), proxies, "10.0.0.1"],
  ["nothing with a zone", "10.0.0.1", forwarded("fe80::1%eth0"), proxies, "10.0.0.1"],
  [
    "no other field",
    "10.0.0.1",
    ["X-Real-IP", "6.6.6.6", "Forwarded", "for=6.6.6.6"],
    proxies,
    "10.0.0.1",
  ],
] as const)("the caller is %s", ([, peer, rawHeaders, trusted, address]) => {
  expect(sourceIp(peer, rawHeaders, trusted)).toBe(address);
});
