/**
 * Which plan a team is on. A team whose plan is no longer there is on the default plan: an operator who removes one
 * locks nobody out.
 */
import type { Plan } from "../plan.ts";
import type { Registry } from "../store/registry.ts";
import type { Team } from "../team.ts";
import type { Config } from "./config.ts";
import { readPlansFile } from "./plans-file.ts";
import type { TeamRetention } from "./retention.ts";

/** The one that teams are on where there is no file of plans. */
export const builtInPlanName = "default";

type PlansOptions = Pick<Config, "plansFile" | "serversMax" | "retentionDays" | "signup">;

/** No plan keeps calls longer than the installation does. */
export class Plans {
  /** That of new teams. */
  readonly default: Plan;
  readonly #byName: ReadonlyMap<string, Plan>;
  readonly #registry: Pick<Registry, "findTeam" | "teams">;

  /** @throws Problem `validation_error` — the file of plans cannot be used. */
  constructor(
    { plansFile, serversMax, retentionDays, signup }: PlansOptions,
    registry: Pick<Registry, "findTeam" | "teams">,
  ) {
    const [first, ...others] = plansFile
      ? readPlansFile(plansFile)
      : ([builtInPlan(serversMax, signup)] as const);
    const bounded = (plan: Plan) => ({
      ...plan,
      retentionDays: shorter(plan.retentionDays, retentionDays),
    });
    this.default = bounded(first);
    this.#byName = new Map([this.default, ...others.map(bounded)].map((plan) => [plan.name, plan]));
    this.#registry = registry;
  }

  get names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  /** True where any plan limits calls a month. */
  get limitCalls(): boolean {
    return [...this.#byName.values()].some(({ callsPerMonth }) => callsPerMonth > 0);
  }

  /** How long each team keeps its calls; undefined where no plan limits that. */
  get retention(): (() => Promise<readonly TeamRetention[]>) | undefined {
    const limits = [...this.#byName.values()].some(({ retentionDays }) => retentionDays > 0);
    if (!limits) return undefined;
    return async () => {
      const teams = await this.#registry.teams();
      return teams.map((team) => ({
        teamId: team.id,
        retentionDays: this.of(team).retentionDays,
      }));
    };
  }

  of({ plan }: Pick<Team, "plan">): Plan {
    return this.#byName.get(plan) ?? this.default;
  }

  async ofTeam(teamId: string): Promise<Plan> {
    const team = await this.#registry.findTeam(teamId);
    return team ? this.of(team) : this.default;
  }
}

/** Each change is a commit on the thread of all exchanges: who lets anyone in bounds how many one team makes. */
const strangersRequestsPerMinute = 600;

function builtInPlan(serversMax: number, signup: Config["signup"]): Plan {
  return {
    name: builtInPlanName,
    serversMax,
    ...{ keysMax: 0, callsPerMonth: 0, retentionDays: 0 },
    apiRequestsPerMinute: signup === "open" ? strangersRequestsPerMinute : 0,
  };
}

/** Of two limits, of which 0 is none. */
function shorter(a: number, b: number): number {
  return a === 0 || b === 0 ? Math.max(a, b) : Math.min(a, b);
}
