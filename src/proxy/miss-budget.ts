/**
 * How often one client may ask for proxy URLs that do not exist, so that nobody tries them out. Never asked about one
 * that does: a guesser cannot keep those out who share an address with it.
 *
 * In: the client's address at each miss. Out: how long to wait, if for a while it has missed too often. Bounds: 10,000
 * clients; of more the one that has missed nothing for the longest is forgotten.
 */
import { clientNetwork } from "../client-network.ts";
import { missClientsMax, missesPerMinute } from "./limits.ts";

interface Budget {
  /** Misses left, up to `missesPerMinute`. */
  left: number;
  atMs: number;
}

export class MissBudget {
  readonly #now: () => number;
  /** By client; who has missed last, last. */
  readonly #budgets = new Map<string, Budget>();

  /** `now` is monotonic. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes a miss off the client's budget: 0, or, when none is left, the seconds until there is one. */
  spend(address: string): number {
    const client = clientNetwork(address);
    const nowMs = this.#now();
    const known = this.#budgets.get(client);
    const earned = known === undefined ? missesPerMinute : (nowMs - known.atMs) * perMs;
    const left = Math.min(missesPerMinute, (known?.left ?? 0) + earned);
    const spent = left >= 1 ? left - 1 : left;
    this.#budgets.delete(client);
    this.#budgets.set(client, { left: spent, atMs: nowMs });
    if (this.#budgets.size > missClientsMax) this.#forgetOldest();
    return left >= 1 ? 0 : Math.ceil((1 - left) / perMs / 1_000);
  }

  #forgetOldest(): void {
    for (const client of this.#budgets.keys()) {
      this.#budgets.delete(client);
      return;
    }
  }
}

const perMs = missesPerMinute / 60_000;
