/**
 * How many requests a minute: of a team, as its plan says, and of one network without a credential that is good.
 *
 * Guarantees: requests with a good credential are never held back by what others of their network do. Networks
 * are told apart by one of 65,536 numbers, so that no flood from many addresses fills memory; a team has a place of
 * its own. Clients on this very machine are not counted: a reverse proxy there speaks for everybody.
 */
import { createHmac, randomBytes } from "node:crypto";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { clientNetwork } from "../client-network.ts";
import { Problem } from "../problem.ts";

const windowS = 60;
/** Of one network. */
export const anonymousPerMinute = 120;

export interface Allowance {
  readonly limit: number;
  /** In this minute. */
  readonly remaining: number;
  /** Until the next minute begins for them, 1 to 60. */
  readonly resetS: number;
  readonly exceeded: boolean;
}

export class RequestLimits {
  // Counts for us; what is too many differs from team to team, so that is decided here.
  readonly #ofTeams = new RateLimiterMemory({ points: 1, duration: windowS });
  readonly #ofNetworks = new RateLimiterMemory({ points: 1, duration: windowS });
  /** So that nobody can choose an address that shares a number with another. */
  readonly #networkKey = randomBytes(32);
  readonly #anonymousPerMinute: number;

  /** 0 is no limit. */
  constructor(perMinute = anonymousPerMinute) {
    this.#anonymousPerMinute = perMinute;
  }

  /** Counts a request of a team; undefined where there is no limit (0). */
  async ofTeam(teamId: string, perMinute: number): Promise<Allowance | undefined> {
    return perMinute === 0 ? undefined : count(this.#ofTeams, teamId, perMinute);
  }

  /** Counts a request that came without a good credential; undefined where there is no limit. */
  async ofAddress(address: string): Promise<Allowance | undefined> {
    if (this.#anonymousPerMinute === 0 || isThisMachine(address)) return undefined;
    const digest = createHmac("sha256", this.#networkKey).update(clientNetwork(address)).digest();
    return count(this.#ofNetworks, `${digest.readUInt16BE()}`, this.#anonymousPerMinute);
  }
}

export function tooMany({ limit, resetS }: Allowance, whose: string): Problem {
  const message = `${limit} requests a minute ${whose} is the limit; try again in ${resetS} s`;
  return new Problem("rate_limited", message, { retryAfterS: resetS });
}

/** Header fields that tell of it; `X-RateLimit-Reset` in seconds since the epoch. */
export function allowanceFields(
  { limit, remaining, resetS }: Allowance,
  nowMs: number,
): Readonly<Record<string, string>> {
  return {
    "X-RateLimit-Limit": `${limit}`,
    "X-RateLimit-Remaining": `${remaining}`,
    "X-RateLimit-Reset": `${Math.ceil(nowMs / 1_000) + resetS}`,
  };
}

async function count(limiter: RateLimiterMemory, key: string, limit: number): Promise<Allowance> {
  const { consumedPoints, msBeforeNext } = await limiter.penalty(key);
  // It goes by the wall clock, which may jump; a window is never longer than that.
  const resetS = Math.min(windowS, Math.max(1, Math.ceil(msBeforeNext / 1_000)));
  const remaining = Math.max(0, limit - consumedPoints);
  return { limit, remaining, resetS, exceeded: consumedPoints > limit };
}

/** Nothing at all: asked without a socket, as in tests. */
function isThisMachine(address: string): boolean {
  return address === "" || address === "::1" || address.startsWith("127.");
}
