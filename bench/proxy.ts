/**
 * What the data plane costs, beside proxies that everybody knows, peers, and our own forwarder without capture and store:
 * interleaved rounds in one run, told as ratios to nginx of the same round.
 *
 *     npm run bench -- proxy [--quick] [--rounds=7] [--cases=json,sse-100k] [--connections=1,32] [--no-peers] [--costs] [--precedence]
 *
 * `--precedence` lets this session go before others of a busy machine, which is root's to say. `--costs` leaves out latencies, streams and growth. Takes a quarter of an hour, `--quick` under two minutes. Ends with the targets of the design, each met or missed.
 */
import { parseArgs } from "node:util";
import { makeScratch } from "../acceptance/scratch.ts";
import { type Kind, kinds } from "./proxy/bodies.ts";
import type { Contender } from "./proxy/contender.ts";
import { compareGrowth } from "./proxy/growth.ts";
import { compareFirstEvents, compareIdle } from "./proxy/idle.ts";
import { Load } from "./proxy/load.ts";
import { coresOf, machineLines, takePrecedence } from "./proxy/machine.ts";
import { startPeers } from "./proxy/peers.ts";
import { startBare, startProduct } from "./proxy/product.ts";
import { direct, startHaproxy, startNginx } from "./proxy/references.ts";
import { isNoisy, measure, p99Of } from "./proxy/rounds.ts";
import { startStreams } from "./proxy/streams.ts";
import { added, printCosts, printLatencies } from "./proxy/table.ts";
import { costsOf, printTargets, type Seen } from "./proxy/targets.ts";
import { startUpstream } from "./proxy/upstream.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    cases: { type: "string" },
    connections: { type: "string" },
    "no-peers": { type: "boolean", default: false },
    precedence: { type: "boolean", default: false },
    costs: { type: "boolean", default: false },
  },
});
const { quick } = values;
const rounds = Number(values.rounds ?? (quick ? 3 : 7));
const chosen = (values.cases?.split(",") ??
  (quick ? ["json", "sse"] : ["json", "sse", "json-100k", "sse-100k"])) as Kind[];
const connections = (values.connections ?? (quick ? "32" : "1,32,256")).split(",").map(Number);
const wrong = chosen.filter((kind) => !kinds.includes(kind));
if (wrong.length > 0 || !connections.every((count) => count > 0) || !(rounds > 0)) {
  console.error(
    `--cases are ${kinds.join(", ")}; --connections and --rounds whole numbers above 0`,
  );
  process.exit(2);
}

const roundMs = 1_000;
/** Of large bodies: what the recorder has room for while it redacts, if it can be; as many as connections in any case. */
const largeCalls = 64;
const perSecond = 1_000;
const rateRoundMs = quick ? 1_000 : 3_000;
const main = { kind: "json", connections: 32 } as const;

for (const line of machineLines()) console.log(line);
const cores = coresOf();
if (values.precedence) {
  const reason = takePrecedence();
  console.log(
    reason
      ? `\nOther sessions are not put behind: ${reason}`
      : "\nOther sessions of the machine are put behind this one.",
  );
}
console.log(
  cores
    ? `\nProxies, and of ours the data-plane thread, have core ${cores.proxy}; the load, what is proxied and our other threads ${cores.rest}.`
    : "\nNothing is pinned to cores here.",
);
await using scratch = await makeScratch("bench");
const upstream = await startUpstream(scratch.path, cores);
const behind = { calls: upstream.port, streams: await startStreams(cores) };
const load = new Load(scratch.path, cores);
console.log(`Proxied: ${upstream.what}. Load: ${load.what}.\n`);

const nginx = await startNginx(scratch.path, behind, cores, false);
const logging = await startNginx(scratch.path, behind, cores, true);
const haproxy = await startHaproxy(scratch.path, behind, cores);
const bare = await startBare(behind, cores);
const product = await startProduct("HookWatch", { dataDir: `${scratch.path}/data` }, behind, cores);
const peers = values["no-peers"] ? [] : await startPeers(behind.calls, cores);
const reference = nginx ?? haproxy ?? bare;
if (!nginx) console.log(`nginx is not installed: ratios are to ${reference.name}.\n`);
if (!haproxy) console.log("haproxy is not installed and left out.\n");
const way = direct(behind.calls);
const known = [nginx, logging, haproxy].filter((one) => one !== undefined);
const proxies: readonly Contender[] = [...known, bare, product, ...peers];

/** Without those that pass one kind only. */
const some = [way, ...proxies].filter((one) => !one.withIds);

const seen: Seen = { reference, logging, product, peers, costs: new Map() };
for (const kind of chosen) {
  for (const count of connections) {
    console.log(`## ${kind}, ${count} connections\n`);
    const isLarge = kind.endsWith("100k");
    const demand = {
      kind,
      connections: count,
      forMs: roundMs,
      ...(isLarge && { countMax: Math.max(largeCalls, count) }),
    };
    const isMain = kind === main.kind && count === main.connections;
    const few = [reference, bare, product];
    const compared = isMain ? [way, ...proxies] : quick ? few : some;
    const results = await measure(load, compared, demand, rounds);
    printCosts(results, reference);
    seen.costs.set(`${kind} ${count}`, costsOf(results, seen));
  }
}

if (!values.costs) await compareRest();
await product.host.stop();
printTargets(seen);
load.end();

async function compareRest(): Promise<void> {
  console.log(`## At ${perSecond} calls a second, 32 connections\n`);
  for (const kind of quick ? (["json"] as const) : (["json", "sse"] as const)) {
    console.log(`${kind}:\n`);
    const demand = { kind, connections: 32, forMs: rateRoundMs, perSecond };
    const results = await measure(load, [way, reference, bare, product], demand, quick ? 3 : 5);
    printLatencies(results, reference);
    if (kind === "json") {
      seen.addedMs = [0.5, 0.99].map((part) => added(results, product, reference, part));
      seen.isLatencyNoisy = isNoisy(results.get(reference), p99Of);
    }
  }
  const streaming = [...known, bare, product];
  seen.firstEvent = await compareFirstEvents(behind, streaming, quick ? 200 : 1_000);
  seen.idle = await compareIdle(
    // Of processes that are new: a heap that has grown under load has room for streams.
    [
      ...known,
      await startBare(behind, cores),
      await startProduct("HookWatch", { dataDir: `${scratch.path}/idle` }, behind, cores),
    ],
    quick ? 1_000 : 9_000,
  );
  seen.growth = await compareGrowth({
    load,
    product,
    reference,
    behind,
    cores,
    dataDir: `${scratch.path}/many`,
    servers: quick ? 500 : 10_000,
    rounds: quick ? 2 : rounds,
  });
}
