/**
 * What kind of network address a text is. Addresses are compared as numbers, never as text: the same
 * address has many spellings, and an IPv4 one may travel inside IPv6.
 *
 * Ranges: the IANA special-purpose registries (RFC 6890), RFC 6052 (NAT64), RFC 3056 (6to4). What cannot
 * be read is `forbidden`.
 */
import { BlockList, isIP } from "node:net";
import ipaddr from "ipaddr.js";

export type AddressKind =
  | "global"
  | "loopback"
  /** RFC 1918, unique local, and the shared space that overlay networks use. */
  | "private"
  | "link_local"
  /** Where clouds hand out credentials to whoever asks from inside. */
  | "metadata"
  /** Unspecified, multicast, reserved, documentation, deprecated. */
  | "forbidden";

export function addressKind(text: string): AddressKind {
  // A zone id names an interface of this machine; nothing outside should.
  if (text.includes("%")) return "forbidden";
  if (isIP(text) === 4) return kindOfV4(text);
  if (isIP(text) !== 6) return "forbidden";
  const inner = carriedV4(text);
  return inner === undefined ? kindOfV6(text) : kindOfV4(inner);
}

/** One spelling for each address; an IPv4-mapped one as IPv4. Undefined for what is none. */
export function canonicalAddress(text: string): string | undefined {
  if (text.includes("%") || isIP(text) === 0) return undefined;
  return ipaddr.process(text).toString();
}

function kindOfV4(text: string): AddressKind {
  for (const [kind, list] of v4) if (list.check(text, "ipv4")) return kind;
  return "global";
}

function kindOfV6(text: string): AddressKind {
  for (const [kind, list] of v6) if (list.check(text, "ipv6")) return kind;
  return globalV6.check(text, "ipv6") ? "global" : "forbidden";
}

/** The IPv4 address that an IPv6 address without a zone carries or stands for, if any. */
export function carriedV4(text: string): string | undefined {
  const bytes = ipaddr.parse(text).toByteArray();
  const startsWith = (...prefix: readonly number[]) =>
    prefix.every((byte, at) => bytes[at] === byte);
  const zeros = (from: number, to: number) => bytes.slice(from, to).every((byte) => byte === 0);
  const dotted = (at: number) => bytes.slice(at, at + 4).join(".");
  const mapped = zeros(0, 10) && bytes[10] === 0xff && bytes[11] === 0xff;
  const translated = zeros(0, 8) && bytes[8] === 0xff && bytes[9] === 0xff && zeros(10, 12);
  // Not `::` and `::1`, which are addresses of their own.
  const compatible = zeros(0, 12) && !(zeros(12, 15) && (bytes[15] ?? 0) <= 1);
  const nat64 = startsWith(0x00, 0x64, 0xff, 0x9b) && zeros(4, 12);
  if (mapped || translated || compatible || nat64) return dotted(12);
  if (startsWith(0x20, 0x02)) return dotted(2);
  return undefined;
}

function ranges(family: "ipv4" | "ipv6", ...subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = "", bits] = subnet.split("/");
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}

// The first list that holds an address names its kind.
const v4: readonly (readonly [AddressKind, BlockList])[] = [
  [
    "metadata",
    // AWS, Azure, Google and most others; AWS ECS; Azure's wire server; Alibaba; Oracle.
    ranges(
      "ipv4",
      "169.254.169.254/32",
      "169.254.170.2/32",
      "168.63.129.16/32",
      "100.100.100.200/32",
      "192.0.0.192/32",
    ),
  ],
  ["link_local", ranges("ipv4", "169.254.0.0/16")],
  ["loopback", ranges("ipv4", "127.0.0.0/8")],
  ["private", ranges("ipv4", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")],
  [
    "forbidden",
    ranges(
      "ipv4",
      "0.0.0.0/8",
      "192.0.0.0/24",
      "192.0.2.0/24",
      "192.88.99.0/24",
      "198.18.0.0/15",
      "198.51.100.0/24",
      "203.0.113.0/24",
      "224.0.0.0/4",
      "240.0.0.0/4",
    ),
  ],
];

const v6: readonly (readonly [AddressKind, BlockList])[] = [
  // AWS, Google, Scaleway.
  ["metadata", ranges("ipv6", "fd00:ec2::254/128", "fd20:ce::254/128", "fd00:42::42/128")],
  ["loopback", ranges("ipv6", "::1/128")],
  ["link_local", ranges("ipv6", "fe80::/10")],
  ["private", ranges("ipv6", "fc00::/7")],
  // Teredo and the other protocol assignments, documentation, segment routing.
  ["forbidden", ranges("ipv6", "2001::/23", "2001:db8::/32", "3fff::/20")],
];

const globalV6 = ranges("ipv6", "2000::/3");
