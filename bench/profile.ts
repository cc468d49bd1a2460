/**
 * Where the time of a captured call goes on one thread: the product under load with V8's sampling profiler on, self time by
 * area, module and function, µs for each call. Samples before and after the load, and until all of it is stored, do not count.
 *
 *     npm run bench -- profile [--thread=data-plane|recorder|writer] [--kind=json|sse|json-100k|sse-100k] [--seconds=10] [--functions=25]
 *
 * Profiling costs by itself: read shares, and compare runs of this command only.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeScratch } from "../acceptance/scratch.ts";
import { type Kind, kinds } from "./proxy/bodies.ts";
import { Load } from "./proxy/load.ts";
import { coresOf, machineLines } from "./proxy/machine.ts";
import { startProduct } from "./proxy/product.ts";
import { startStreams } from "./proxy/streams.ts";
import { startUpstream } from "./proxy/upstream.ts";
import { head, ms, row } from "./spent.ts";

const { values } = parseArgs({
  options: {
    kind: { type: "string", default: "json" },
    thread: { type: "string", default: "data-plane" },
    seconds: { type: "string", default: "10" },
    functions: { type: "string", default: "25" },
  },
});
const kind = values.kind as Kind;
if (!kinds.includes(kind)) {
  console.error(`--kind is one of ${kinds.join(", ")}`);
  process.exit(2);
}
/** What only this thread runs. */
const markOf: Readonly<Record<string, string>> = {
  "data-plane": "/src/host/host.ts",
  recorder: "/src/host/recorder-thread.ts",
  writer: "/src/host/writer-thread.ts",
};
const mark = markOf[values.thread];
if (mark === undefined) {
  console.error(`--thread is one of ${Object.keys(markOf).join(", ")}`);
  process.exit(2);
}

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  /** Node ids, each with the µs since the one before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
  /** µs of the monotonic clock. */
  readonly startTime: number;
}

for (const line of machineLines()) console.log(line);
const cores = coresOf();
await using scratch = await makeScratch("profile");
const upstream = await startUpstream(scratch.path, cores);
const behind = { calls: upstream.port, streams: await startStreams(cores) };
const load = new Load(scratch.path, cores);
const setting = {
  dataDir: join(scratch.path, "data"),
  environment: {
    NODE_OPTIONS: `--max-semi-space-size=4 --cpu-prof --cpu-prof-interval=200 --cpu-prof-dir=${scratch.path}`,
  },
};
const product = await startProduct("HookWatch", setting, behind, cores);
product.before?.();
const round = {
  kind,
  connections: 32,
  forMs: 1_000,
  ...(kind.endsWith("100k") && { countMax: 64 }),
};
for (let warmUp = 0; warmUp < 4; warmUp += 1) await load.send(product, round);
const spans: [fromMicros: number, untilMicros: number][] = [];
let calls = 0;
for (let second = 0; second < Number(values.seconds); second += 1) {
  const from = monotonicMicros();
  const { count } = await load.send(product, round);
  calls += count;
  const sentAt = monotonicMicros();
  await product.after?.();
  // What is behind the data plane goes on until all calls are stored.
  spans.push([from, values.thread === "data-plane" ? sentAt : monotonicMicros()]);
}
await product.host.stop();
load.end();
print(readProfile());

function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

function readProfile(): Profile {
  const files = readdirSync(scratch.path).filter((file) => file.endsWith(".cpuprofile"));
  for (const file of files) {
    const profile = JSON.parse(readFileSync(join(scratch.path, file), "utf8")) as Profile;
    if (profile.nodes.some(({ callFrame }) => callFrame.url.endsWith(mark ?? ""))) return profile;
  }
  throw new Error(`the host has left no profile of that thread among ${files.length}`);
}

function print({ nodes, samples, timeDeltas, startTime }: Profile): void {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const byArea = new Map<string, number>();
  const byModule = new Map<string, number>();
  const byFunction = new Map<string, number>();
  let [at, all] = [startTime, 0];
  for (const [index, sample] of samples.entries()) {
    const micros = timeDeltas[index + 1] ?? 0;
    at += timeDeltas[index] ?? 0;
    const frame = frames.get(sample);
    if (!frame || frame.functionName === "(idle)") continue;
    if (!spans.some(([from, until]) => at >= from && at < until)) continue;
    all += micros;
    const module = moduleOf(frame.url, frame.functionName);
    const area = areaOf(module, frame.functionName);
    byArea.set(area, (byArea.get(area) ?? 0) + micros);
    byModule.set(module, (byModule.get(module) ?? 0) + micros);
    const name = `${frame.functionName || "(anonymous)"} ${frame.url ? `${module}:${frame.lineNumber + 1}` : ""}`;
    byFunction.set(name, (byFunction.get(name) ?? 0) + micros);
  }
  console.log(
    `\n${calls.toLocaleString("en")} calls (${kind}), ${(all / calls).toFixed(1)} µs of the ${values.thread} thread each, sampled.\n`,
  );
  const table = (what: string, parts: ReadonlyMap<string, number>, atMost: number) => {
    console.log(head([what, "µs/call", "%"]));
    for (const [name, micros] of [...parts].sort(([, a], [, b]) => b - a).slice(0, atMost))
      console.log(row([name, ms(micros / calls), ((100 * micros) / all).toFixed(1)]));
    console.log("");
  };
  table("self time by area", byArea, 30);
  table("by module", byModule, 30);
  table("by function", byFunction, Number(values.functions));
}

function areaOf(module: string, functionName: string): string {
  if (module === "native functions")
    return `native: ${/^write/.test(functionName) ? "writes to sockets" : "others"}`;
  if (module.startsWith("(")) return module;
  if (module.startsWith("undici/") || module.startsWith("wasm/")) return "undici and its parser";
  if (module.startsWith("node:")) return "Node's HTTP, streams, sockets, timers";
  const [top = "", stage = ""] = module.split("/");
  return top === "src" ? `src/${stage.replace(/\.ts$/, "")}` : top;
}

/** `src/proxy/relay.ts`, `node:net`, `undici/lib/…`; of native code what V8 calls it. */
function moduleOf(url: string, functionName: string): string {
  if (url === "") return functionName.startsWith("(") ? functionName : "native functions";
  if (url.startsWith("node:")) return url;
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  const own = /(?:^|\/)(src\/.*)$/.exec(path);
  const foreign = /node_modules\/(?!.*node_modules\/)(.*)$/.exec(path);
  return foreign?.[1] ?? own?.[1] ?? path.split("/").slice(-2).join("/");
}
