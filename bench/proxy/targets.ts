/** The targets of the data plane's design, each with what was measured: met, missed, or not tried. */
import { head, row } from "../spent.ts";
import type { Contender } from "./contender.ts";
import type { Growth } from "./growth.ts";
import type { FirstEvents, Idle } from "./idle.ts";
import { isNoisy, type Round, type Rounds, ratio } from "./rounds.ts";

export interface Costs {
  /** The product's data-plane thread, × the reference's process. */
  readonly thread: number;
  /** The product's process, × the reference's. */
  readonly process: number;
  /** Calls a second, × nginx that keeps an access log. */
  readonly throughput: number;
  /** The product's process, × each peer's. */
  readonly peers: readonly (readonly [name: string, ratio: number, threadRatio: number])[];
  readonly isCpuNoisy: boolean;
  readonly isThroughputNoisy: boolean;
}

/** Filled as the run goes. */
export interface Seen {
  readonly reference: Contender;
  readonly logging: Contender | undefined;
  readonly product: Contender;
  readonly peers: readonly Contender[];
  /** By kind and connections. */
  readonly costs: Map<string, Costs>;
  /** p50 and p99 over the reference, ms. */
  addedMs?: readonly number[];
  isLatencyNoisy?: boolean;
  firstEvent?: FirstEvents;
  idle?: Idle;
  growth?: Growth;
}

const cpu = (round: Round) => round.cpu;

export function costsOf(results: Rounds, { reference, logging, product, peers }: Seen): Costs {
  const own = results.get(product);
  const base = results.get(reference);
  const perSecond = (round: Round) => round.perSecond;
  return {
    thread: ratio(own, (round) => round.thread, base, cpu),
    process: ratio(own, cpu, base),
    throughput: ratio(own, perSecond, logging && results.get(logging)),
    peers: peers.map((peer) => {
      const theirs = results.get(peer);
      const thread = ratio(own, (round) => round.thread, theirs, cpu);
      return [peer.name, ratio(own, cpu, theirs), thread] as const;
    }),
    isCpuNoisy: isNoisy(base, cpu),
    isThroughputNoisy: isNoisy(base, perSecond),
  };
}

/** What is wanted of one figure. */
interface Target {
  readonly what: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly unit: string;
  readonly value: number | undefined;
  /** The reference's own rounds differ so much that a miss says nothing. */
  readonly isNoisy?: boolean | undefined;
}

export function printTargets(seen: Seen): void {
  const { reference, firstEvent, idle, growth, isLatencyNoisy } = seen;
  const name = "nginx";
  const isAgainstNginx = reference.name === name;
  const costs = seen.costs.get("json 32");
  const [p50, p99] = (isAgainstNginx && seen.addedMs) || [];
  const targets: Target[] = [];
  for (const kind of ["json", "sse"]) {
    const of = seen.costs.get(`${kind} 32`);
    const what = `CPU of the data-plane thread for a stored call, ${kind}`;
    const isNoisy = of?.isCpuNoisy;
    const value = isAgainstNginx ? of?.thread : undefined;
    targets.push({ what, atMost: 2, unit: `× ${name}`, value, isNoisy });
  }
  targets.push(
    {
      what: "calls a second, two cores in all",
      atLeast: 0.5,
      unit: "× nginx with access log",
      value: costs?.throughput,
      isNoisy: costs?.isThroughputNoisy,
    },
    ...(
      [
        ["p50", 0.3, p50],
        ["p99", 3, p99],
      ] as const
    ).map(([part, atMost, value]) => {
      const what = `added at 1,000 calls a second, ${part}`;
      return { what, atMost, unit: `ms over ${name}`, value, isNoisy: isLatencyNoisy };
    }),
    {
      what: "first event of a stream, p99",
      atMost: 1,
      unit: "ms over direct",
      value: firstEvent?.addedP99Ms,
      isNoisy: firstEvent?.isNoisy,
    },
    {
      what: `${idle?.streams.toLocaleString("en") ?? ""} idle streams`,
      atMost: 40,
      unit: "KiB each",
      value: idle?.productKib,
    },
  );
  for (const [peer, value, thread] of costs?.peers ?? []) {
    const atMost = /^http-proxy|^@fastify/.test(peer) ? 1 / 3 : 1 / 8;
    const what = `CPU of the whole process against ${peer} (of the data-plane thread ${thread.toFixed(2)})`;
    targets.push({ what, atMost, unit: "×", value, isNoisy: costs?.isCpuNoisy });
  }
  targets.push(
    {
      what: `growth from 6 to ${growth?.servers.toLocaleString("en") ?? "many"} servers`,
      atMost: 1.1,
      unit: "×",
      value: growth?.byServers,
    },
    {
      what: "growth from 1 to 1,000 connections",
      atMost: 1.5,
      unit: "×",
      value: growth?.byConnections,
    },
  );
  console.log("## Targets\n");
  console.log(head(["", "wanted", "measured", ""]));
  for (const target of targets) console.log(row(cellsOf(target)));
  console.log("");
}

function cellsOf({ what, atMost, atLeast, unit, value, isNoisy: noisy }: Target): string[] {
  const wanted = atMost === undefined ? `≥ ${atLeast} ${unit}` : `≤ ${+atMost.toFixed(3)} ${unit}`;
  if (value === undefined || Number.isNaN(value)) return [what, wanted, "", "not measured"];
  const isMet = value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? 0);
  const verdict = isMet ? "met" : noisy ? "missed, but too noisy to tell" : "**missed**";
  return [what, wanted, value.toFixed(2), verdict];
}
