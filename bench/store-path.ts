/**
 * The real write path, full throttle: bytes of exchanges seen in passing on this thread, slabs to the recorder thread,
 * captured, queued, committed. A process of its own, since what it costs is the processor time of a process.
 *
 *     node bench/store-path.ts <folder> <calls>
 *
 * Prints one line of JSON.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "../src/call.ts";
import { Recorder } from "../src/host/recorder.ts";
import { Writer } from "../src/host/writer.ts";
import type { Account } from "../src/ingest/accounting.ts";
import type { Log } from "../src/telemetry.ts";
import { sampleCalls } from "./sample-calls.ts";

export interface PathReport {
  readonly calls: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Of `cpuMs`, by thread: `MainThread` serves traffic, `recorder` captures and queues, `writer` commits. */
  readonly byThreadMs: Readonly<Record<string, number>>;
  readonly shed: number;
  readonly dropped: number;
}

/** Half of what the path takes before it leaves out bodies: as fast as it goes without loss. */
const backlogMaxBytes = 16_777_216;
const pendingMax = 8_000;
const chunkCalls = 200;

const [folder = "", number = "100000"] = process.argv.slice(2);
const total = Number(number);
const silence = () => undefined;
const complain = (fields: object, message: string) => console.error(message, fields);
const log: Log = { debug: silence, info: silence, warn: complain, error: complain };

await using writer = await Writer.open({ callsUrl: "sqlite:", dataDir: folder }, log);
await using recorder = await Recorder.open(
  {
    bodyCaptureMaxBytes: 1_048_576,
    digestKey: new Uint8Array(32),
    spill: { folder: join(folder, "spill"), maxBytes: 1_073_741_824 },
  },
  writer,
  log,
);
const team = "01990000-0000-7000-8000-000000000001";
const source = sampleCalls({ teamIds: [team], sinceMs: Date.now(), stepMs: 1 });
const exchanges: Call[] = [];
// One call an exchange, as they are on the wire.
while (exchanges.length < 20_000) {
  const call = source.next().value;
  if (call.kind === "request" && call.messages.length === 0) exchanges.push(call);
}
const bytes = exchanges.map((call) => ({
  call,
  request: Buffer.from(call.requestBody),
  response: Buffer.from(call.responseBody),
  rawHeaders: Object.entries(call.headers).flat(),
}));

const startedMs = performance.now();
const cpu = process.cpuUsage();
const threads = cpuByThread();
let sent = 0;
for (; sent < total; ) {
  for (const end = Math.min(total, sent + chunkCalls); sent < end; sent += 1) see(sent);
  for (;;) {
    const { slabs, account } = await recorder.statistics();
    const waiting = pending(account) + (sent - account.accepted);
    if (slabs.backlogBytes < backlogMaxBytes && waiting < pendingMax) break;
    await sleep(2);
  }
}
let account = (await recorder.statistics()).account;
for (; account.accepted < total || pending(account) > 0; ) {
  await sleep(5);
  account = (await recorder.statistics()).account;
}
const spent = process.cpuUsage(cpu);
const byThreadMs = Object.fromEntries(
  Object.entries(cpuByThread()).map(([name, ms]) => [name, ms - (threads[name] ?? 0)]),
);
const dropped = Object.values(account.dropped).reduce((sum, calls) => sum + calls, 0);
const report: PathReport = {
  calls: total,
  wallMs: performance.now() - startedMs,
  cpuMs: (spent.user + spent.system) / 1_000,
  byThreadMs,
  shed: account.bodiesShed,
  dropped,
};
process.stdout.write(`${JSON.stringify(report)}\n`);

/** Milliseconds so far, threads of one name together; empty where the system does not tell. */
function cpuByThread(): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  if (!existsSync("/proc/self/task")) return sums;
  for (const id of readdirSync("/proc/self/task")) {
    const name = readFileSync(`/proc/self/task/${id}/comm`, "utf8").trim();
    const [nanos] = readFileSync(`/proc/self/task/${id}/schedstat`, "utf8").split(" ");
    sums[name] = (sums[name] ?? 0) + Number(nanos) / 1e6;
  }
  return sums;
}

function pending({ pendingMemory, pendingSpill }: Account): number {
  return pendingMemory + pendingSpill;
}

function see(at: number): void {
  const one = bytes[at % bytes.length];
  if (!one) return;
  const witness = recorder.watch({
    serverId: one.call.serverId,
    teamId: team,
    startedAtMs: Date.now(),
    method: "POST",
    path: "",
    rawHeaders: one.rawHeaders,
    sourceIp: one.call.sourceIp,
    captureLevel: "redacted",
  });
  witness.request(one.request);
  witness.requestEnd();
  witness.head(one.call.statusCode, ["Content-Type", "application/json"]);
  witness.response(one.response);
  witness.end({ outcome: "complete", reason: "" });
}
