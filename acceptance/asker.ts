/**
 * Entry of a thread that asks the log over HTTP, one question after the other: apart from the load, so that what asking
 * costs this process is in no call's latency.
 *
 * In: a host's URL as `workerData`; then "begin" and "end" in turn. Out: for each "end" how long each question
 * took since "begin".
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { sampleServers } from "../bench/sample-calls.ts";
import { Api } from "../test/e2e/api.ts";
import { apiKey } from "./host-process.ts";

/** Milliseconds that each question took. */
export type Answered = Readonly<Record<"list" | "count" | "metrics", readonly number[]>>;
export type AskerOrder = "begin" | "end";

/** A person who looks at a dashboard, and a few more. */
const pauseMs = 50;

const paths: Readonly<Record<keyof Answered, (round: number) => string>> = {
  list: (round) => `?limit=50${filterOf(round)}`,
  count: (round) => `/count?kind=request${filterOf(round)}`,
  metrics: (round) =>
    `/metrics?days=30${round % 2 === 0 ? "" : `&server_id=${sampleServers[round % 10]}`}`,
};

let asking: { over: boolean; answered: Promise<Answered> } | undefined;
let round = 0;

parentPort?.on("message", async (order: AskerOrder) => {
  if (order === "begin") asking = begin(new Api(workerData as string, apiKey));
  else if (asking) {
    asking.over = true;
    parentPort?.postMessage(await asking.answered);
  }
});

function begin(api: Api): NonNullable<typeof asking> {
  const timesMs = { list: [] as number[], count: [] as number[], metrics: [] as number[] };
  const mine = { over: false, answered: Promise.resolve<Answered>(timesMs) };
  const ask = async () => {
    for (; !mine.over; round += 1) {
      for (const question of ["list", "count", "metrics"] as const) {
        const startedMs = performance.now();
        await api.send("GET", `/v1/mcp/calls${paths[question](round)}`);
        timesMs[question].push(performance.now() - startedMs);
        await sleep(pauseMs);
      }
    }
    return timesMs;
  };
  mine.answered = ask();
  return mine;
}

/** In turn: none, and what a person would click on. */
function filterOf(number: number): string {
  const filters = [
    "",
    "&status=error",
    `&server_id=${sampleServers[0]}`,
    `&server_id=${sampleServers[20]}&status=error`,
    "&tool_name=search_0",
    "&method=tools/call&client_name=cursor",
    "&min_duration_ms=60000",
  ];
  return filters[number % filters.length] ?? "";
}
