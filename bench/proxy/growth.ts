/** Whether a call costs more when many servers are registered, or many connections are open. */
import { head, ms, row } from "../spent.ts";
import type { Behind, Contender } from "./contender.ts";
import { rssKib } from "./cpu.ts";
import type { Load } from "./load.ts";
import type { Cores } from "./machine.ts";
import { type Product, startProduct } from "./product.ts";
import { measure, median, type Round, ratio } from "./rounds.ts";
import { times } from "./table.ts";

const atOnce = 8;
const connectionsMany = 1_000;

export interface Growth {
  readonly servers: number;
  /** Data-plane thread for each call, with so many servers against with a few. */
  readonly byServers: number;
  /** With 1,000 connections against one. */
  readonly byConnections: number;
}

export interface GrowthOptions {
  readonly load: Load;
  readonly product: Product;
  readonly reference: Contender;
  readonly behind: Behind;
  readonly cores: Cores | undefined;
  readonly dataDir: string;
  readonly servers: number;
  readonly rounds: number;
}

export async function compareGrowth(options: GrowthOptions): Promise<Growth> {
  const { load, product, reference, behind, cores, dataDir, servers, rounds } = options;
  console.log(`## ${servers.toLocaleString("en")} registered servers\n`);
  const many = await startProduct("with them", { dataDir }, behind, cores);
  const beforeKib = rssKib(many.pid);
  await register(many, servers, behind);
  const kib = (rssKib(many.pid) - beforeKib) / servers;
  const small = { kind: "json", connections: 32, forMs: 1_000 } as const;
  const results = await measure(load, [reference, product, many], small, rounds);
  const base = results.get(reference);
  const thread = (round: Round) => round.thread;
  const cpu = (round: Round) => round.cpu;
  console.log(head(["", "data-plane thread µs/call", `× ${reference.name}`]));
  for (const [name, one] of [
    ["with six servers", product],
    ["with them", many],
  ] as const) {
    const own = results.get(one) ?? [];
    const over = ratio(own, thread, base, cpu);
    console.log(row([name, median(own.map(thread)).toFixed(1), times(over)]));
  }
  const byServers = ratio(results.get(many), thread, results.get(product));
  console.log(`\n${ms(kib)} KiB of memory for each server.\n`);
  await many.host.stop();

  console.log(`## ${connectionsMany} connections against one\n`);
  const one = await measure(load, [product], { ...small, connections: 1 }, rounds);
  const all = await measure(load, [product], { ...small, connections: connectionsMany }, rounds);
  const micros = [one, all].map((result) => median((result.get(product) ?? []).map(thread)));
  const [oneMicros = Number.NaN, manyMicros = Number.NaN] = micros;
  console.log(
    `Data-plane thread: ${oneMicros.toFixed(1)} µs a call with one, ${manyMicros.toFixed(1)} with ${connectionsMany}.\n`,
  );
  return { servers, byServers, byConnections: manyMicros / oneMicros };
}

async function register({ host }: Product, servers: number, behind: Behind): Promise<void> {
  let left = servers;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      await host.api.addServer(`server ${left}`, `http://127.0.0.1:${behind.calls}/json`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
