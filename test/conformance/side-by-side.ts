/**
 * One set of scenarios run twice, direct and through the product, and compared.
 *
 * Some scenarios depend on time. One that differs, or that fails where it should not even without us,
 * is run once more by itself, and the second result counts; it says so. Says the figures of both runs.
 */
import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";
import { covers, differencesBetween, readExpected } from "./comparison.ts";
import { type Results, runSuite, type Score, scoreOf } from "./suite.ts";

export interface ScenarioSet {
  readonly name: string;
  /** As the suite's command line has it. */
  readonly choice: readonly string[];
  /** The same for one scenario of the set. */
  readonly version: readonly string[];
}

/** What a run is told beside the choice of scenarios. */
export interface Route {
  readonly options: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Routes {
  readonly direct: Route;
  readonly proxied: Route;
}

/** Exactly what a revision requires, and what the suite adds to it. */
export function requirementsOf(revision: string): ScenarioSet {
  return {
    name: revision,
    choice: ["--requirements", revision],
    version: ["--spec-version", revision, "--force"],
  };
}

/** Whatever the suite has for a revision; without one, each scenario at its newest. */
export function everythingOf(suite: string, revision?: string): ScenarioSet {
  const version = revision === undefined ? [] : ["--spec-version", revision];
  const name = revision === undefined ? suite : `${suite} of ${revision}`;
  return { name, choice: ["--suite", suite, ...version], version };
}

/** @param score Of the run without us: lest both be equally broken. */
export async function compareSideBySide(
  leg: "server" | "client",
  set: ScenarioSet,
  routes: Routes,
  score: Score,
): Promise<void> {
  const first = await runBoth(leg, set.choice, routes);
  const runs = await withoutChance(leg, set, routes, score, first);
  console.log(`${set.name}: ${figures(runs.direct)} direct, ${figures(runs.proxied)} proxied`);
  const expected = readExpected(leg).filter(({ scenario }) => runs.direct.has(scenario));
  const found = differencesBetween(runs.direct, runs.proxied);
  const unexpected = found.filter((each) => !expected.some((entry) => covers(entry, each)));
  expect(unexpected, "differences").toEqual([]);
  const over = expected.filter((entry) => !found.some((each) => covers(entry, each)));
  expect(over, "differences that are expected and are there no more").toEqual([]);
  expect(scoreOf(runs.direct), "the run without us").toEqual(score);
}

interface Runs {
  readonly direct: Results;
  readonly proxied: Results;
}

/** The runs, with a second look at each scenario whose result one would not believe. */
async function withoutChance(
  leg: "server" | "client",
  { name, version }: ScenarioSet,
  routes: Routes,
  score: Score,
  first: Runs,
): Promise<Runs> {
  const direct = new Map(first.direct);
  const proxied = new Map(first.proxied);
  for (const scenario of doubtful(leg, first, score)) {
    const again = await runBoth(leg, ["--scenario", scenario, ...version], routes);
    for (const [known, results] of [
      [direct, again.direct],
      [proxied, again.proxied],
    ] as const) {
      known.delete(scenario);
      for (const [each, checks] of results) known.set(each, checks);
    }
    console.log(`${name}: ${scenario} was run again, as its first result was not as expected`);
  }
  return { direct, proxied };
}

function doubtful(leg: "server" | "client", { direct, proxied }: Runs, score: Score): Set<string> {
  const expected = readExpected(leg);
  const doubted = new Set<string>();
  for (const difference of differencesBetween(direct, proxied)) {
    if (!expected.some((entry) => covers(entry, difference))) doubted.add(difference.scenario);
  }
  if (isDeepStrictEqual(scoreOf(direct), score)) return doubted;
  for (const [scenario, checks] of direct) {
    if (checks.some(({ status }) => status === "FAILURE")) doubted.add(scenario);
  }
  return doubted;
}

function figures(results: Results): string {
  const { passed, failed } = scoreOf(results);
  return `${passed}/${failed}`;
}

async function runBoth(
  leg: "server" | "client",
  choice: readonly string[],
  routes: Routes,
): Promise<Runs> {
  const run = ({ options, environment }: Route) =>
    runSuite(leg, [...options, ...choice], environment);
  if (leg === "server") {
    const [direct, proxied] = await Promise.all([run(routes.direct), run(routes.proxied)]);
    return { direct, proxied };
  }
  // The suite starts a process for each scenario, all at the same time: one run is as much as a small machine bears.
  return { direct: await run(routes.direct), proxied: await run(routes.proxied) };
}
