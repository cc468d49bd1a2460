/**
 * Removes calls past their age, sooner those of teams that keep theirs for a shorter time, and the bodies of calls that may
 * stay longer: soon after the start, then every hour, until disposed. A run that fails is told to the operator, and
 * the next one tries again.
 */
import type { Clock } from "../clock.ts";
import type { CallLog } from "../store/call-log.ts";
import type { Log } from "../telemetry.ts";

const firstRunMs = 10_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** As many as one call of `prune` takes. */
const teamsAtOnceMax = 1_000;

export interface RetentionAges {
  /** 0 keeps all calls. */
  readonly retentionDays: number;
  /** 0 keeps bodies as long as their calls. */
  readonly bodyRetentionDays: number;
  /** Teams whose calls have an age of their own; asked before each run. Absent: none has. */
  readonly teams?: () => Promise<readonly TeamRetention[]>;
}

export interface TeamRetention {
  readonly teamId: string;
  /** 0 keeps its calls as long as those of others. */
  readonly retentionDays: number;
}

export class Retention implements Disposable {
  readonly #calls: Pick<CallLog, "prune" | "pruneBodies">;
  readonly #ages: RetentionAges;
  readonly #clock: Clock;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    calls: Pick<CallLog, "prune" | "pruneBodies">,
    ages: RetentionAges,
    clock: Clock,
    log: Log,
  ) {
    this.#calls = calls;
    this.#ages = ages;
    this.#clock = clock;
    this.#log = log;
    if (ages.retentionDays > 0 || ages.bodyRetentionDays > 0 || ages.teams)
      this.#schedule(firstRunMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    this.#timer = setTimeout(() => void this.#run(), delayMs);
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    const { retentionDays, bodyRetentionDays } = this.#ages;
    // Whole calls first: what goes with them needs no work of its own.
    await this.#prune("calls", retentionDays, (beforeMs) => this.#calls.prune(beforeMs));
    for (const [days, teamIds] of await this.#teamsByDays())
      await this.#prune("calls", days, (beforeMs) => this.#calls.prune(beforeMs, teamIds));
    await this.#prune("bodies", bodyRetentionDays, (beforeMs) => this.#calls.pruneBodies(beforeMs));
    if (this.#timer) this.#schedule(hourMs);
  }

  /** Those that keep their calls for a shorter time than all do: many of one age cost hardly more than one. */
  async #teamsByDays(): Promise<(readonly [days: number, teamIds: readonly string[]])[]> {
    const { retentionDays, teams } = this.#ages;
    if (!teams || !this.#timer) return [];
    try {
      const sooner = (await teams()).filter(
        (team) => retentionDays === 0 || team.retentionDays < retentionDays,
      );
      return [...Map.groupBy(sooner, (team) => team.retentionDays)].flatMap(([days, some]) =>
        inParts(some).map((part) => [days, part.map(({ teamId }) => teamId)] as const),
      );
    } catch (cause) {
      const message = "what age calls of each team may reach is not known; the next run asks again";
      this.#log.error({ err: cause }, message);
      return [];
    }
  }

  /** `what` is past its age `days` after its call began; never when that is 0. */
  async #prune(
    what: "calls" | "bodies",
    days: number,
    prune: (beforeMs: number) => Promise<number>,
  ): Promise<void> {
    if (days === 0 || !this.#timer) return;
    try {
      const calls = await prune(this.#clock.nowMs() - days * dayMs);
      if (calls > 0) this.#log.info({ calls, days }, `${what} past their age were removed`);
    } catch (cause) {
      const message = `${what} past their age could not be removed; the next run tries again`;
      this.#log.error({ err: cause, days }, message);
    }
  }
}

function inParts(teams: readonly TeamRetention[]): (readonly TeamRetention[])[] {
  const parts = Math.ceil(teams.length / teamsAtOnceMax);
  return Array.from({ length: parts }, (_, part) =>
    teams.slice(part * teamsAtOnceMax, (part + 1) * teamsAtOnceMax),
  );
}
