import { expect, test } from "vitest";
import { clientNetwork } from "./client-network.ts";

test.for([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:0:7:1:2:3:4", "2001:db8:0:7"],
  ["2001:db8:0:7::9", "2001:db8:0:7"],
  ["2001:db8::7:1:2:3:4", "2001:db8:0:7"],
  ["2001:db8::1", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  ["", ""],
] as const)("%s counts as %s", ([address, network]) => {
  expect(clientNetwork(address)).toBe(network);
});
