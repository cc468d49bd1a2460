/** The network that one client is known by where clients are counted, since each has more addresses than anyone can count. */

/**
 * An IPv4 address as it is, of an IPv6 one the /64 that providers give to one subscriber: `2001:db8:0:7`. Takes
 * addresses as Node writes them; an IPv4-mapped one is IPv4.
 */
export function clientNetwork(address: string): string {
  if (!address.includes(":")) return address;
  if (address.startsWith("::ffff:") && address.includes(".")) return address.slice(7);
  const [text = ""] = address.split("%");
  const [head = "", tail] = text.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...new Array<string>(zeros).fill("0"), ...right].slice(0, 4).join(":");
}
