/**
 * Interleaved rounds: in each, every contender once, in an order that turns. What is told of a contender is the median of its
 * rounds, and of its ratios to the reference in the same round.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../spent.ts";
import type { Contender } from "./contender.ts";
import { cpuOf } from "./cpu.ts";
import type { Demand, Load } from "./load.ts";

/** What is left to do for an answered call, such as handing its record on, is done after so long. */
const afterMs = 60;
const firstCalls = 12_000;
const kindCalls = 1_000;
const warmUpMaxMs = 12_000;
/** Beyond this the rounds of the reference differ too much to tell: a tenth from the lowest to a tenth from the highest, of the median. */
export const spreadMax = 0.3;

export interface Round {
  /** µs of the proxy's process for each call. */
  readonly cpu: number;
  /** µs of its first thread. */
  readonly thread: number;
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
  readonly failed: number;
  readonly lost: number;
  readonly count: number;
}

export type Rounds = ReadonlyMap<Contender, readonly Round[]>;

export async function measure(
  load: Load,
  contenders: readonly Contender[],
  demand: Demand,
  rounds: number,
): Promise<Rounds> {
  const able = contenders.filter(({ path }) => path(demand.kind) !== undefined);
  const results = new Map(able.map((one) => [one, [] as Round[]]));
  for (const one of able) await warmUp(load, one, demand);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < able.length; turn += 1) {
      const one = able[(turn + round) % able.length];
      if (!one) continue;
      results.get(one)?.push(await measureOnce(load, one, demand));
    }
  }
  return results;
}

const warm = new WeakSet<Contender>();

/** Code is compiled and optimised in the course of some thousand calls; each kind of call needs a few. */
async function warmUp(load: Load, one: Contender, demand: Demand): Promise<void> {
  const startedMs = performance.now();
  const wanted = warm.has(one) ? (demand.countMax ?? kindCalls) : firstCalls;
  warm.add(one);
  for (let count = 0; count < wanted && performance.now() - startedMs < warmUpMaxMs; ) {
    count += (await measureOnce(load, one, demand)).count;
  }
}

async function measureOnce(load: Load, one: Contender, demand: Demand): Promise<Round> {
  one.before?.();
  const before = cpuOf(one.pid);
  const { count, failed, ms, latenciesMs } = await load.send(one, demand);
  await sleep(afterMs);
  const after = cpuOf(one.pid);
  const lost = (await one.after?.()) ?? 0;
  return {
    cpu: (after.process - before.process) / count,
    thread: (after.firstThread - before.firstThread) / count,
    perSecond: (count / ms) * 1_000,
    latenciesMs,
    failed,
    lost,
    count,
  };
}

export function median(values: readonly number[]): number {
  return quantile(
    values.filter((value) => !Number.isNaN(value)),
    0.5,
  );
}

/** Median of the ratios to the reference's round of the same turn. */
export function ratio(
  rounds: readonly Round[] | undefined,
  of: (round: Round) => number,
  reference: readonly Round[] | undefined,
  ofReference: (round: Round) => number = of,
): number {
  if (!rounds || !reference) return Number.NaN;
  return median(
    rounds.map((round, at) => {
      const base = reference[at];
      return base ? of(round) / ofReference(base) : Number.NaN;
    }),
  );
}

/** Of what each of two cost in its quietest rounds, a quarter of them: what else the machine does only adds. */
export function quietRatio(
  rounds: readonly Round[],
  of: (round: Round) => number,
  reference: readonly Round[],
  ofReference: (round: Round) => number = of,
): number {
  return quantile(rounds.map(of), 0.25) / quantile(reference.map(ofReference), 0.25);
}

/** From the lower tenth to the upper, as a part of the median. */
export function spread(rounds: readonly Round[] | undefined, of: (round: Round) => number): number {
  const values = (rounds ?? []).map(of);
  return (quantile(values, 0.9) - quantile(values, 0.1)) / median(values);
}

export function isNoisy(
  rounds: readonly Round[] | undefined,
  of: (round: Round) => number,
): boolean {
  return spread(rounds, of) > spreadMax;
}

export function p99Of({ latenciesMs }: Round): number {
  return quantile(latenciesMs, 0.99);
}
