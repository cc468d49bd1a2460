/** Tables of what was measured, as ratios to the reference of the same rounds. */
import { head, ms, quantile, row } from "../spent.ts";
import type { Contender } from "./contender.ts";
import {
  median,
  p99Of,
  quietRatio,
  type Round,
  type Rounds,
  ratio,
  spread,
  spreadMax,
} from "./rounds.ts";

const cpu = ({ cpu: micros }: Round) => micros;
const thread = ({ thread: micros }: Round) => micros;
const perSecond = (round: Round) => round.perSecond;

export function times(value: number): string {
  return Number.isNaN(value) ? "" : value.toFixed(2);
}

/** What a proxy costs, and how much of it passes. Quiet rounds are told of the data-plane thread where there is one. */
export function printCosts(results: Rounds, reference: Contender): void {
  const base = results.get(reference);
  console.log(
    head([
      "through",
      "CPU µs/call",
      `× ${reference.name}`,
      "data-plane thread µs",
      `× ${reference.name}`,
      "quiet rounds ×",
      "calls/s",
      `× ${reference.name}`,
      "failed",
      "not stored whole",
    ]),
  );
  for (const [one, rounds] of results) {
    const isProxy = one.pid > 0;
    const { hasThreads } = one;
    const sum = (of: (round: Round) => number) => rounds.reduce((all, each) => all + of(each), 0);
    const count = sum((each) => each.count);
    console.log(
      row([
        one.name,
        isProxy ? median(rounds.map(cpu)).toFixed(1) : "",
        isProxy ? times(ratio(rounds, cpu, base)) : "",
        hasThreads ? median(rounds.map(thread)).toFixed(1) : "",
        hasThreads ? times(ratio(rounds, thread, base, cpu)) : "",
        isProxy ? times(quietRatio(rounds, hasThreads ? thread : cpu, base ?? [], cpu)) : "",
        ms(median(rounds.map(perSecond))),
        times(ratio(rounds, perSecond, base)),
        sum((each) => each.failed),
        one.after ? `${((100 * sum((each) => each.lost)) / count).toFixed(1)} %` : "",
      ]),
    );
  }
  console.log(`\n${noise(base)}\n`);
}

/** Whether the machine let anybody tell. */
function noise(base: readonly Round[] | undefined): string {
  const measures = { CPU: cpu, throughput: perSecond, p99: p99Of } as const;
  const told = Object.entries(measures).flatMap(([what, of]) => {
    const by = spread(base, of);
    // Not every load tells latencies, or costs.
    if (Number.isNaN(by)) return [];
    const verdict = by > spreadMax ? ": **too noisy to tell**" : "";
    return [`${what} ${(by * 100).toFixed(0)} %${verdict}`];
  });
  return `The reference's own rounds differ by: ${told.join(", ")} (limit ${spreadMax * 100} %).`;
}

export function printLatencies(results: Rounds, reference: Contender): void {
  const all = (one: Contender) =>
    (results.get(one) ?? []).flatMap(({ latenciesMs }) => latenciesMs);
  const base = all(reference);
  console.log(
    head(["through", "p50 ms", "p99 ms", `p50 more than ${reference.name}`, "p99 more", "calls"]),
  );
  for (const one of results.keys()) {
    const own = all(one);
    const [p50, p99] = [quantile(own, 0.5), quantile(own, 0.99)];
    const more = [p50 - quantile(base, 0.5), p99 - quantile(base, 0.99)];
    console.log(
      row([one.name, times(p50), times(p99), ...more.map(times), own.length.toLocaleString("en")]),
    );
  }
  console.log(`\n${noise(results.get(reference))}\n`);
}

/** Of the median of the rounds' own quantiles, so that a stall of the machine is in one of them; ms more than the reference. */
export function added(results: Rounds, one: Contender, reference: Contender, part: number): number {
  const of = (contender: Contender) =>
    median((results.get(contender) ?? []).map(({ latenciesMs }) => quantile(latenciesMs, part)));
  return of(one) - of(reference);
}
