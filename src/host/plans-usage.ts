/**
 * Counts each team's exchanges of a calendar month (UTC), and says when its plan has no room for another.
 *
 * In: every exchange before it is forwarded, on the main thread. Out: counts, added to the registry every few seconds
 * and at the end. Guarantees: a count is never added twice; a registry that is away for a while loses none. What a
 * process that is killed had not added yet is lost: at most 5 s. A plan changed elsewhere holds within 5 s. Bounds: one
 * number a team.
 */
import type { Clock } from "../clock.ts";
import type { CallRefusal } from "../proxy/admission.ts";
import type { Registry } from "../store/registry.ts";
import type { Log } from "../telemetry.ts";
import type { Plans } from "./plans.ts";

const tickMs = 5_000;

export interface PlanUsageOptions {
  readonly registry: Pick<Registry, "addUsage" | "usage" | "teams">;
  readonly plans: Pick<Plans, "default" | "of" | "limitCalls">;
  readonly clock: Pick<Clock, "nowMs">;
  readonly log: Log;
  /** Between two additions to the registry. */
  readonly tickMs?: number;
}

export class PlanUsage implements AsyncDisposable {
  readonly #options: PlanUsageOptions;
  #month: string;
  /** When the next one begins. */
  #nextMonthMs: number;
  /** In that month, by team. */
  #used = new Map<string, number>();
  /** Not in the registry yet: by month, then by team. */
  readonly #pending = new Map<string, Map<string, number>>();
  /** Of teams that are not on the default plan. */
  #limits = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> = Promise.resolve();

  private constructor(options: PlanUsageOptions) {
    this.#options = options;
    const nowMs = options.clock.nowMs();
    this.#month = monthOf(nowMs);
    this.#nextMonthMs = nextMonthMs(nowMs);
    this.#timer = setInterval(() => {
      this.#ticking = this.#ticking.then(() => this.#tick());
    }, options.tickMs ?? tickMs).unref();
  }

  static async open(options: PlanUsageOptions): Promise<PlanUsage> {
    const usage = new PlanUsage(options);
    usage.#used = new Map(await options.registry.usage(usage.#month));
    await usage.#learnLimits();
    return usage;
  }

  /** Counts an exchange; why not, where the plan has no room for it, and then it does not count. */
  refusal(teamId: string): CallRefusal | undefined {
    this.#turnMonth();
    const used = this.#used.get(teamId) ?? 0;
    const refusal = this.#refusalAt(teamId, used);
    if (refusal) return refusal;
    this.#used.set(teamId, used + 1);
    this.#note(this.#month, teamId, 1);
    return undefined;
  }

  /** So many exchanges of the team have begun on another thread. */
  noteElsewhere(teamId: string, calls: number): void {
    this.#turnMonth();
    this.#used.set(teamId, (this.#used.get(teamId) ?? 0) + calls);
    this.#note(this.#month, teamId, calls);
  }

  /** What other threads are to answer, by team, whose plans have no room. */
  refusals(): ReadonlyMap<string, CallRefusal> {
    const refusals = new Map<string, CallRefusal>();
    if (!this.#options.plans.limitCalls) return refusals;
    this.#turnMonth();
    for (const [teamId, used] of this.#used) {
      const refusal = this.#refusalAt(teamId, used);
      if (refusal) refusals.set(teamId, refusal);
    }
    return refusals;
  }

  usedBy(teamId: string): { readonly month: string; readonly calls: number } {
    this.#turnMonth();
    return { month: this.#month, calls: this.#used.get(teamId) ?? 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking;
    await this.#add();
  }

  async #tick(): Promise<void> {
    await this.#add();
    try {
      await this.#learnLimits();
    } catch (cause) {
      this.#options.log.warn({ err: cause }, "the teams' plans could not be read");
    }
  }

  #refusalAt(teamId: string, used: number): CallRefusal | undefined {
    const limit = this.#limits.get(teamId) ?? this.#options.plans.default.callsPerMonth;
    return limit > 0 && used >= limit ? refusalOf(limit, this.#options.clock.nowMs()) : undefined;
  }

  /** A new month begins at nothing; a clock that is set back does not begin one. */
  #turnMonth(): void {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#nextMonthMs) return;
    this.#month = monthOf(nowMs);
    this.#nextMonthMs = nextMonthMs(nowMs);
    this.#used = new Map();
  }

  #note(month: string, teamId: string, calls: number): void {
    const counts = this.#pending.get(month);
    if (counts === undefined) this.#pending.set(month, new Map([[teamId, calls]]));
    else counts.set(teamId, (counts.get(teamId) ?? 0) + calls);
  }

  async #add(): Promise<void> {
    for (const [month, counts] of [...this.#pending]) {
      this.#pending.delete(month);
      const used = [...counts].map(([teamId, calls]) => ({ teamId, calls }));
      try {
        await this.#options.registry.addUsage(month, used);
      } catch (cause) {
        this.#options.log.warn({ err: cause }, "calls of a month could not be counted yet");
        for (const { teamId, calls } of used) this.#note(month, teamId, calls);
      }
    }
  }

  async #learnLimits(): Promise<void> {
    const { registry, plans } = this.#options;
    if (!plans.limitCalls) return;
    const limits = new Map<string, number>();
    for (const team of await registry.teams()) {
      const plan = plans.of(team);
      if (plan !== plans.default) limits.set(team.id, plan.callsPerMonth);
    }
    this.#limits = limits;
  }
}

function refusalOf(limit: number, nowMs: number): CallRefusal {
  return {
    status: 429,
    retryAfterSeconds: Math.ceil((nextMonthMs(nowMs) - nowMs) / 1_000),
    message: `the plan has room for ${limit} calls a month, and they are used up`,
  };
}

function nextMonthMs(nowMs: number): number {
  const now = new Date(nowMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
}

/** `2026-11`. */
function monthOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 7);
}
