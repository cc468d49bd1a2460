/** How many of something may be open at once: by team, so that one leaves room for others, and in all. */
import { Problem } from "../problem.ts";

export interface SlotLimits {
  readonly hostMax: number;
  readonly teamMax: number;
}

export class Slots {
  readonly #what: string;
  readonly #limits: SlotLimits;
  /** Teams that hold none are not listed. */
  readonly #byTeam = new Map<string, number>();
  #taken = 0;

  /** `what`: plural, for messages. */
  constructor(what: string, limits: SlotLimits) {
    this.#what = what;
    this.#limits = limits;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Teams that hold at least one. */
  teams(): readonly string[] {
    return [...this.#byTeam.keys()];
  }

  /**
   * Takes one; what is returned gives it back, once however often it is called.
   *
   * @throws Problem `rate_limited` — the team has as many as it may have.
   * @throws Problem `unavailable` — the host has.
   */
  take(teamId: string): () => void {
    const { hostMax, teamMax } = this.#limits;
    const ofTeam = this.#byTeam.get(teamId) ?? 0;
    if (ofTeam >= teamMax) {
      const message = `${teamMax} ${this.#what} of this team are open, which is the limit; end one first`;
      throw new Problem("rate_limited", message);
    }
    if (this.#taken >= hostMax) {
      const message = `${hostMax} ${this.#what} are open, which is the limit; try again later`;
      throw new Problem("unavailable", message);
    }
    this.#add(teamId, 1);
    let held = true;
    return () => {
      if (held) this.#add(teamId, -1);
      held = false;
    };
  }

  #add(teamId: string, change: 1 | -1): void {
    const ofTeam = (this.#byTeam.get(teamId) ?? 0) + change;
    if (ofTeam === 0) this.#byTeam.delete(teamId);
    else this.#byTeam.set(teamId, ofTeam);
    this.#taken += change;
  }
}
