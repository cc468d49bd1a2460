/**
 * Ranges of network addresses that an operator names: `10.0.0.0/8`, `192.0.2.7`, `fd00::/8`.
 *
 * In: text. Out: whether an address lies in one of them, in whatever spelling either came. An address that carries
 * an IPv4 one (`::ffff:10.0.0.1`, NAT64, 6to4) lies where that lies, too.
 */
import { BlockList, isIP } from "node:net";
import { canonicalAddress, carriedV4 } from "./address.ts";

const knownMax = 1_024;
/** What an address has at most, with a zone. */
const addressMaxLength = 64;

interface Range {
  readonly address: string;
  readonly bits: number;
}

export class Ranges {
  readonly #list = new BlockList();
  /** Answers given, at most `knownMax`: each request asks about the same few addresses. */
  readonly #known = new Map<string, boolean>();
  /** How many there are. */
  readonly size: number;

  /** Text that is no range is left out; `isRange` tells beforehand. */
  constructor(texts: readonly string[]) {
    const ranges = texts.map(parseRange).filter((range) => range !== undefined);
    for (const { address, bits } of ranges) {
      this.#list.addSubnet(address, bits, isIP(address) === 4 ? "ipv4" : "ipv6");
    }
    this.size = ranges.length;
  }

  has(address: string): boolean {
    if (this.size === 0 || address.length > addressMaxLength) return false;
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    const has = this.#has(address);
    if (this.#known.size >= knownMax) this.#known.clear();
    this.#known.set(address, has);
    return has;
  }

  #has(address: string): boolean {
    const canonical = canonicalAddress(address);
    if (canonical === undefined) return false;
    if (isIP(canonical) === 4) return this.#list.check(canonical, "ipv4");
    const inner = carriedV4(canonical);
    if (inner !== undefined && this.#list.check(inner, "ipv4")) return true;
    return this.#list.check(canonical, "ipv6");
  }
}

export function isRange(text: string): boolean {
  return parseRange(text) !== undefined;
}

function parseRange(text: string): Range | undefined {
  const [, address = "", given] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const canonical = canonicalAddress(address);
  if (canonical === undefined) return undefined;
  const most = isIP(canonical) === 4 ? 32 : 128;
  // The length of a mapped prefix counts from the IPv6 end.
  const mappedBits = isIP(address) === 6 && most === 32 ? 96 : 0;
  const bits = given === undefined ? most : Number(given) - mappedBits;
  return bits >= 0 && bits <= most ? { address: canonical, bits } : undefined;
}
