/**
 * Who is calling: the address of the connection, or, when that is a trusted proxy of the operator, the one
 * it reports.
 *
 * In: the peer's address and the request's fields. Out: one address, IPv4-mapped IPv6 written as IPv4.
 * `X-Forwarded-For` is read from its right end, where each trusted proxy has appended what it saw; what
 * lies left of the first untrusted address is hearsay. No other field is believed.
 */
import { canonicalAddress } from "./address.ts";
import type { Ranges } from "./ranges.ts";

export function sourceIp(
  peer: string | undefined,
  rawHeaders: readonly string[],
  trusted: Ranges | undefined,
): string {
  const address = withoutMapping(peer ?? "");
  if (!trusted?.has(address)) return address;
  let seen = address;
  for (const hop of forwardedFor(rawHeaders).reverse()) {
    const next = canonicalAddress(hop);
    if (next === undefined) break;
    seen = next;
    if (!trusted.has(next)) break;
  }
  return seen;
}

/** Node writes addresses in their one spelling, but an IPv4 peer of an IPv6 socket as mapped. */
function withoutMapping(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

function forwardedFor(rawHeaders: readonly string[]): string[] {
  const hops: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== "x-forwarded-for") continue;
    for (const hop of (rawHeaders[at + 1] ?? "").split(",")) hops.push(hop.trim());
  }
  return hops;
}
