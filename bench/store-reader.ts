/**
 * A process that asks a log that was made before, so that its memory and its caches are its own.
 *
 *     node bench/store-reader.ts hot|cold|loaded|removal <folder> <turns, or number of the question>
 *
 * Prints one line of JSON.
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { giveWay } from "../src/host/give-way.ts";
import { openCallLog } from "../src/host/stores.ts";
import type { CallLog } from "../src/store/call-log.ts";
import { silentLog } from "../src/telemetry.ts";
import { sampleServers } from "./sample-calls.ts";
import { quantile } from "./spent.ts";
import { readFacts } from "./store-facts.ts";
import { isAsked, questions } from "./store-questions.ts";
import type { WriterAnswer, WriterOrder } from "./store-writer.ts";

/** Milliseconds; JSON has `null` for what was not asked. */
export interface Answered {
  readonly p50: number | null;
  readonly p95: number | null;
  /** Why there is no figure. */
  readonly failure?: string;
}

export interface HotReport {
  readonly answers: readonly Answered[];
  readonly rssMiB: number;
}

export interface ColdReport {
  readonly openMs: number;
  readonly askMs: number;
}

export interface LoadedReport extends HotReport {
  readonly quietCommitP99: number;
  readonly askedCommitP99: number;
  /** While nobody asked, and while somebody did. */
  readonly commits: readonly [quiet: number, asked: number];
}

export interface RemovalReport {
  readonly rows: readonly {
    readonly what: string;
    readonly tookMs: number;
    readonly writerMaxMs: number;
    readonly readerMaxMs: number;
  }[];
  readonly removed: number;
}

const warmUpTurns = 3;
/** Slow questions are asked fewer times, but at least twice. */
const questionMaxMs = 10_000;
const pacedRowsPerSecond = 2_000;
const quietMs = 4_000;
const questionsPerRest = 4;
const loadedTurns = 3;

const [mode = "", folder = "", number = "20"] = process.argv.slice(2);
const facts = readFacts(folder);
const modes: Readonly<Record<string, () => Promise<object>>> = { hot, cold, loaded, removal };
const chosen = modes[mode];
if (!chosen) throw new Error(`there is no mode "${mode}"`);
process.stdout.write(`${JSON.stringify(await chosen())}\n`);
process.exit();

async function hot(): Promise<HotReport> {
  await using log = openCallLog("sqlite:", folder, "read");
  const answers = await askAll(log, Number(number));
  return { answers, rssMiB: rssMiB() };
}

async function cold(): Promise<ColdReport> {
  const startedMs = performance.now();
  await using log = openCallLog("sqlite:", folder, "read");
  const openMs = performance.now() - startedMs;
  await questions[Number(number)]?.ask(log, facts, 0);
  return { openMs, askMs: performance.now() - startedMs - openMs };
}

/** Reader and writer as the host has them, each in its thread. Rests from questions come in between: what else the machine does is in both figures. */
async function loaded(): Promise<LoadedReport> {
  const writer = await openWriter();
  giveWay(silentLog);
  await using log = openCallLog("sqlite:", folder, "read");
  await writer.send({ order: "pace", rowsPerSecond: pacedRowsPerSecond });
  await sleep(quietMs);
  await writer.send({ order: "tell" });
  const commitsMs: Record<"quiet" | "asked", number[]> = { quiet: [], asked: [] };
  let asked = 0;
  const rest = async () => {
    asked += 1;
    if (asked % questionsPerRest !== 0) return;
    commitsMs.asked.push(...(await writer.send({ order: "tell" })).commitsMs);
    await sleep(quietMs);
    commitsMs.quiet.push(...(await writer.send({ order: "tell" })).commitsMs);
  };
  // Asked more often, for there to be enough commits meanwhile.
  const answers = await askAll(log, loadedTurns * Number(number), rest);
  commitsMs.asked.push(...(await writer.send({ order: "rest" })).commitsMs);
  return {
    answers,
    rssMiB: rssMiB(),
    quietCommitP99: quantile(commitsMs.quiet, 0.99),
    askedCommitP99: quantile(commitsMs.asked, 0.99),
    commits: [commitsMs.quiet.length, commitsMs.asked.length],
  };
}

/** What a removal holds up: appends at a steady pace, and a reader who asks for the first page all the time. */
async function removal(): Promise<RemovalReport> {
  const writer = await openWriter();
  await using log = openCallLog("sqlite:", folder, "read");
  await writer.send({ order: "pace", rowsPerSecond: pacedRowsPerSecond / 4 });
  const rows: RemovalReport["rows"][number][] = [];
  const during = async (what: string, order: WriterOrder | undefined) => {
    await writer.send({ order: "tell" });
    const reader = readOn(log);
    const answer = order ? await writer.send(order) : undefined;
    // What follows by itself counts, too.
    await sleep(quietMs);
    const { waitsMs } = await writer.send({ order: "tell" });
    const readerMaxMs = Math.max(...(await reader.end()));
    const writerMaxMs = Math.max(...waitsMs, ...(answer?.waitsMs ?? []));
    rows.push({ what, tookMs: answer?.tookMs ?? 0, writerMaxMs, readerMaxMs });
    return answer?.result;
  };
  await during("nothing removed", undefined);
  const { callIds } = facts;
  for (const part of [0.2, 0.5, 0.9]) {
    const id = callIds[Math.floor(callIds.length * part)] ?? "";
    const was = await during("one call removed", { order: "remove", id });
    if (was !== true) throw new Error(`the call ${id} was not there`);
  }
  const serverId = sampleServers[8] ?? "";
  const removed = await during("a server with 2 % removed", { order: "removeServer", serverId });
  await during("and erased", { order: "sweep" });
  if ((await log.count(facts.teamId, { serverIds: [serverId] })) !== 0)
    throw new Error("calls of the removed server are left");
  await writer.send({ order: "rest" });
  return { rows, removed: Number(removed) };
}

function readOn(log: CallLog): { end(): Promise<readonly number[]> } {
  const timesMs: number[] = [];
  let over = false;
  const reading = (async () => {
    while (!over) {
      const startedMs = performance.now();
      await log.page(facts.teamId, { limit: 50, bodyMaxLength: 16_384 });
      timesMs.push(performance.now() - startedMs);
      await sleep(5);
    }
  })();
  return {
    async end() {
      over = true;
      await reading;
      return timesMs;
    },
  };
}

async function askAll(
  log: CallLog,
  turns: number,
  rest: () => Promise<void> = async () => undefined,
): Promise<Answered[]> {
  const answers: Answered[] = [];
  for (const { ask, kind } of questions) {
    if (!isAsked(kind, facts)) {
      answers.push({ p50: Number.NaN, p95: Number.NaN });
      continue;
    }
    try {
      const timesMs: number[] = [];
      const startedMs = performance.now();
      for (let turn = -warmUpTurns; turn < turns; turn += 1) {
        const beganMs = performance.now();
        const isSlow = beganMs - startedMs > questionMaxMs;
        if (turn < 0 && isSlow) continue;
        if (turn >= 2 && isSlow) break;
        await ask(log, facts, turn + warmUpTurns);
        if (turn >= 0) timesMs.push(performance.now() - beganMs);
        // A thread that reads has other things to do in between, and gives way to the writer.
        await sleep(0);
      }
      answers.push({ p50: quantile(timesMs, 0.5), p95: quantile(timesMs, 0.95) });
      await rest();
    } catch (cause) {
      answers.push({ p50: Number.NaN, p95: Number.NaN, failure: String(cause) });
    }
  }
  return answers;
}

interface Writer {
  send(order: WriterOrder): Promise<WriterAnswer>;
}

async function openWriter(): Promise<Writer> {
  const worker = new Worker(new URL("./store-writer.ts", import.meta.url), { workerData: folder });
  worker.on("error", (cause) => {
    throw cause;
  });
  await new Promise((resolve) => worker.once("message", resolve));
  return {
    send: (order) =>
      new Promise((resolve) => {
        worker.once("message", resolve);
        worker.postMessage(order);
      }),
  };
}

function rssMiB(): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kib ?? Number.NaN) / 1_024;
}
