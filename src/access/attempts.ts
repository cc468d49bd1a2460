/**
 * Slows down who guesses: failed attempts are counted for each account and network together, and for each network alone.
 *
 * Guarantees: an attempt is counted before it is looked at, so that many at once are no way around; what a stranger
 * does from elsewhere never keeps the owner of an account out. Bounds: 50,000 counters of each kind, those not touched for longest
 * forgotten first.
 */
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { clientNetwork } from "../client-network.ts";
import { Problem } from "../problem.ts";
import { digestOf } from "./secret-text.ts";

export interface AttemptLimit {
  readonly attemptsMax: number;
  readonly windowS: number;
  /** How long nothing is let through once there were more. */
  readonly lockoutS: number;
}

export interface AttemptLimits {
  /** Two for the same, so that it gets slower for who goes on. */
  readonly byAccount: AttemptLimit;
  readonly byAccountDaily: AttemptLimit;
  readonly byNetwork: AttemptLimit;
}

export const attemptLimits: AttemptLimits = {
  byAccount: { attemptsMax: 5, windowS: 300, lockoutS: 60 },
  byAccountDaily: { attemptsMax: 50, windowS: 86_400, lockoutS: 3_600 },
  byNetwork: { attemptsMax: 100, windowS: 900, lockoutS: 900 },
};

export interface Attempt {
  /** It was no guess, and those before it for the same account were none either. */
  succeeded(): Promise<void>;
  /** What `look` resolves to; if it could not look, the attempt does not count. */
  looked<Outcome>(look: () => Promise<Outcome>): Promise<Outcome>;
}

export class Attempts {
  readonly #byAccount: Counters;
  readonly #byAccountDaily: Counters;
  readonly #byNetwork: Counters;

  constructor(limits = attemptLimits) {
    this.#byAccount = new Counters(limits.byAccount);
    this.#byAccountDaily = new Counters(limits.byAccountDaily);
    this.#byNetwork = new Counters(limits.byNetwork);
  }

  /**
   * `account`: what is tried to get into, whether it exists or not; absent for what is not about one.
   *
   * @throws Problem `rate_limited` — with the seconds to wait.
   */
  async begin(sourceIp: string, account?: string): Promise<Attempt> {
    const network = clientNetwork(sourceIp);
    await this.#byNetwork.count(network);
    const pair = account === undefined ? undefined : digestOf(`${network} ${account}`);
    if (pair !== undefined) {
      await this.#byAccount.count(pair);
      await this.#byAccountDaily.count(pair);
    }
    return {
      succeeded: async () => {
        await this.#byNetwork.uncount(network);
        if (pair === undefined) return;
        await this.#byAccount.forget(pair);
        await this.#byAccountDaily.forget(pair);
      },
      looked: async (look) => {
        try {
          return await look();
        } catch (error) {
          await this.#byNetwork.uncount(network);
          if (pair !== undefined) {
            await this.#byAccount.uncount(pair);
            await this.#byAccountDaily.uncount(pair);
          }
          throw error;
        }
      },
    };
  }
}

const countersMax = 50_000;

/** The limiter keeps what it counts for as long as its window; this keeps it from keeping too much. */
class Counters {
  readonly #limiter: RateLimiterMemory;
  /** The one touched longest ago first. */
  readonly #keys = new Set<string>();

  constructor({ attemptsMax, windowS, lockoutS }: AttemptLimit) {
    const limits = { points: attemptsMax, duration: windowS, blockDuration: lockoutS };
    this.#limiter = new RateLimiterMemory(limits);
  }

  async count(key: string): Promise<void> {
    this.#keys.delete(key);
    const [oldest] = this.#keys.size < countersMax ? [] : this.#keys;
    if (oldest !== undefined) await this.forget(oldest);
    this.#keys.add(key);
    try {
      await this.#limiter.consume(key);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const retryAfterS = Math.max(1, Math.ceil(refusal.msBeforeNext / 1_000));
      const message = `too many attempts, try again in ${retryAfterS} s`;
      throw new Problem("rate_limited", message, { retryAfterS });
    }
  }

  async uncount(key: string): Promise<void> {
    await this.#limiter.reward(key);
  }

  async forget(key: string): Promise<void> {
    this.#keys.delete(key);
    await this.#limiter.delete(key);
  }
}
