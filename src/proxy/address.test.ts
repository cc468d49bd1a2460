import { expect, test } from "vitest";
import { type AddressKind, addressKind, canonicalAddress } from "./address.ts";

const kinds: Record<AddressKind, readonly string[]> = {
  global: [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.169.0.0",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
  ],
  loopback: [
    "127.0.0.1",
    "127.255.255.254",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "::ffff:0:127.0.0.1",
  ],
  private: [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:c0a8:101::",
  ],
  link_local: ["169.254.0.1", "169.254.255.255", "fe80::1", "febf::1", "::ffff:169.254.1.1"],
  metadata: [
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fd00:42::42",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "::169.254.169.254",
    "0:0:0:0:0:FFFF:A9FE:A9FE",
  ],
  forbidden: [
    "0.0.0.0",
    "0.1.2.3",
    "192.0.0.8",
    "192.0.2.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "ff02::1",
    "fec0::1",
    "2001::1",
    "2001:db8::1",
    "64:ff9b:1::7f00:1",
    "100::1",
    "4000::1",
    "fe80::1%eth0",
    "1.2.3",
    "0177.0.0.1",
    "2130706433",
    "0x7f.1",
    "localhost",
    "",
    "1.2.3.4.5",
    ":::",
  ],
};

test.for(
  Object.entries(kinds).flatMap(([kind, addresses]) =>
    addresses.map((address) => [address, kind] as const),
  ),
)("%j is %s", ([address, kind]) => {
  expect(addressKind(address)).toBe(kind);
});

test.for([
  ["::ffff:1.2.3.4", "1.2.3.4"],
  ["1.2.3.4", "1.2.3.4"],
  ["2001:DB8:0::1", "2001:db8::1"],
  ["fe80::1%eth0", undefined],
  ["unknown", undefined],
] as const)("an address has one spelling: %s", ([text, spelling]) => {
  expect(canonicalAddress(text)).toBe(spelling);
});
