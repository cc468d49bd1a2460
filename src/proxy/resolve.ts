/** Names into addresses. */
import type { LookupAddress } from "node:dns";

/** How names become addresses: as `dns.lookup` does it. */
export type Resolve = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * Asks once for all who ask while the answer is on its way: few threads resolve names, and a server whose name is slow to
 * resolve takes one of them, however many connections wait for it. For one name.
 */
export function shared(resolve: Resolve): Resolve {
  let waiting: Parameters<Resolve>[2][] | undefined;
  return (hostname, options, callback) => {
    if (waiting) {
      waiting.push(callback);
      return;
    }
    const asking = [callback];
    waiting = asking;
    resolve(hostname, options, (error, addresses) => {
      waiting = undefined;
      for (const one of asking) one(error, addresses);
    });
  };
}
