/**
 * Entry of a thread that writes: appends at a steady pace and removes what it is told to, as the recorder's does.
 *
 * In: a folder as `workerData`, then orders. Out: an answer to each. The time of an append counts from when it was
 * due, so that whatever holds up the writer shows in it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { openCallLog } from "../src/host/stores.ts";
import { sampleCalls } from "./sample-calls.ts";
import { readFacts } from "./store-facts.ts";

export type WriterOrder =
  | { readonly order: "pace"; readonly rowsPerSecond: number }
  | { readonly order: "tell" }
  | { readonly order: "rest" }
  | { readonly order: "remove"; readonly id: string }
  | { readonly order: "removeServer"; readonly serverId: string }
  | { readonly order: "sweep" };

export interface WriterAnswer {
  /** That the order took. */
  readonly tookMs: number;
  /** Of each append since the last answer: from when it was due and the one before it was done, to when it was durable. */
  readonly waitsMs: readonly number[];
  /** Of that, the append itself. */
  readonly commitsMs: readonly number[];
  readonly result: unknown;
}

const appendEveryMs = 25;

const folder = workerData as string;
const facts = readFacts(folder);
const log = openCallLog("sqlite:", folder, "write");
const port = parentPort;
if (!port) throw new Error("this is the entry of a thread");

let waitsMs: number[] = [];
let commitsMs: number[] = [];
let pacing: { over: boolean; done: Promise<void> } | undefined;

port.on("message", (order: WriterOrder) => void answer(order));
port.postMessage("open");

async function answer(order: WriterOrder): Promise<void> {
  const startedMs = performance.now();
  const result = await obey(order);
  const tookMs = performance.now() - startedMs;
  port?.postMessage({ tookMs, waitsMs, commitsMs, result } satisfies WriterAnswer);
  waitsMs = [];
  commitsMs = [];
}

async function obey(order: WriterOrder): Promise<unknown> {
  switch (order.order) {
    case "pace": {
      const mine = { over: false, done: Promise.resolve() };
      mine.done = pace(order.rowsPerSecond, mine);
      pacing = mine;
      return;
    }
    case "tell":
      return undefined;
    case "rest":
      if (pacing) pacing.over = true;
      return pacing?.done;
    case "remove":
      return log.remove(facts.teamId, order.id);
    case "removeServer":
      return log.removeServer(facts.teamId, order.serverId);
    case "sweep":
      return log.sweep();
  }
}

async function pace(rowsPerSecond: number, mine: { readonly over: boolean }): Promise<void> {
  const { teamIds, untilMs, bodies } = facts;
  const source = sampleCalls({
    teamIds,
    sinceMs: untilMs,
    stepMs: 1_000 / rowsPerSecond,
    bodies,
    seed: Math.ceil(performance.now() * 1_000),
  });
  const batchRows = Math.round((rowsPerSecond * appendEveryMs) / 1_000);
  const startedMs = performance.now();
  let endedMs = startedMs;
  for (let turn = 0; !mine.over; turn += 1) {
    // Made before it is due: what the sample costs is no part of the log.
    const batch = Array.from({ length: batchRows }, () => source.next().value);
    const dueAtMs = startedMs + turn * appendEveryMs;
    const readyMs = Math.max(dueAtMs, endedMs);
    await sleep(Math.max(0, dueAtMs - performance.now()));
    const beganMs = performance.now();
    await log.append(batch);
    endedMs = performance.now();
    commitsMs.push(endedMs - beganMs);
    waitsMs.push(endedMs - readyMs);
  }
}
