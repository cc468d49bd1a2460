/**
 * Whether an exchange may begin. Asked before the upstream is contacted and before anything is recorded.
 *
 * In: who asks for what. Out: undefined, or the failure that answers it. A proxy URL that leads nowhere is refused
 * first and by one and the same lookup, so that nothing tells a server that is off from one that never was. Bounds:
 * those of `miss-budget.ts`; a number for each team with open exchanges.
 */
import { type Failure, failures } from "./failure.ts";
import type { UpstreamFields } from "./headers.ts";
import { MissBudget } from "./miss-budget.ts";
import { holdsOwnSecret } from "./own-secrets.ts";
import { isPlainPath, type ProxyPath, type Target } from "./target.ts";

/** Why a server may not be called now, by what its team has agreed on. */
export interface CallRefusal {
  /** 429, or 403 where waiting does not help. */
  readonly status: number;
  readonly retryAfterSeconds?: number;
  /** For people: lower case, without full stop. */
  readonly message: string;
}

export type MayCall = (server: Pick<Target, "serverId" | "teamId">) => CallRefusal | undefined;

/** The other threads that serve the same teams. */
export interface OtherPlanes {
  /** The team's open exchanges there. */
  openThere(teamId: string): number;
  /** It has so many here. */
  openHere(teamId: string, exchanges: number): void;
}

export interface AdmissionOptions {
  /** Monotonic. */
  now(): number;
  /** False while exchanges cannot be recorded and therefore must not take place. */
  readonly mayBegin: (() => boolean) | undefined;
  readonly mayCall: MayCall | undefined;
  /** Open exchanges of one team; 0 is no limit. */
  readonly exchangesPerTeamMax: number;
  /** Absent: there are none. */
  readonly otherPlanes?: OtherPlanes | undefined;
}

export class Admission {
  /** True when the host stops. */
  draining = false;
  readonly #options: AdmissionOptions;
  readonly #misses: MissBudget;
  /** Open exchanges by team. */
  readonly #open = new Map<string, number>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#misses = new MissBudget(() => options.now());
  }

  /** Why an exchange with the target may not begin. */
  refusal(path: ProxyPath, target: Target, fields: UpstreamFields): Failure | undefined {
    if (this.draining) return failures.shuttingDown;
    if (this.#options.mayBegin?.() === false) return failures.notRecorded;
    if (fields.loops) return failures.ownAddress;
    if (fields.leaks || holdsOwnSecret(path.query)) return failures.ownCredential;
    if (!isPlainPath(path)) return failures.ambiguousPath;
    return this.#isCrowded(target.teamId) ? failures.tooManyExchanges : this.overLimit(target);
  }

  /** Why the target may not be called now, if its team has reached a limit. */
  overLimit(target: Target): Failure | undefined {
    const refusal = this.#options.mayCall?.(target);
    if (refusal === undefined) return undefined;
    const { status, retryAfterSeconds, message } = refusal;
    const failure: Failure = { ...failures.limitReached, statusCode: status, message };
    return retryAfterSeconds === undefined ? failure : { ...failure, retryAfterSeconds };
  }

  /** What answers a request for a proxy URL that leads nowhere. */
  miss(sourceIp: string): Failure {
    const retryAfterSeconds = this.#misses.spend(sourceIp);
    if (retryAfterSeconds === 0) return failures.unknownServer;
    return { ...failures.tooManyMisses, retryAfterSeconds };
  }

  /** An exchange of the team has begun. */
  enter(teamId: string): void {
    const open = (this.#open.get(teamId) ?? 0) + 1;
    this.#open.set(teamId, open);
    this.#options.otherPlanes?.openHere(teamId, open);
  }

  leave(teamId: string): void {
    const left = (this.#open.get(teamId) ?? 0) - 1;
    if (left > 0) this.#open.set(teamId, left);
    else this.#open.delete(teamId);
    this.#options.otherPlanes?.openHere(teamId, left);
  }

  #isCrowded(teamId: string): boolean {
    const { exchangesPerTeamMax, otherPlanes } = this.#options;
    if (exchangesPerTeamMax === 0) return false;
    const open = (this.#open.get(teamId) ?? 0) + (otherPlanes?.openThere(teamId) ?? 0);
    return open >= exchangesPerTeamMax;
  }
}
