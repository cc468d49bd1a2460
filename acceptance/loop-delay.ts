/**
 * Loaded into a host before its program (`--import`): how late its event loop is, written to the file that
 * HOOKWATCH_TEST_LOOP_DELAY names, each second, of all the time since the host began to listen to anybody.
 */
import { renameSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

export interface LoopDelay {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

const path = process.env.HOOKWATCH_TEST_LOOP_DELAY;
/** A start compiles and reads files; that is not what is asked. */
const startMs = 5_000;
const resolutionMs = 10;

if (path !== undefined && isMainThread) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  setTimeout(() => delays.reset(), startMs).unref();
  setInterval(() => {
    // Counted from when the sampler's timer was set, whose own time is none of the delay.
    const late = (nanos: number) => Math.max(0, nanos / 1e6 - resolutionMs);
    const told: LoopDelay = {
      p50Ms: late(delays.percentile(50)),
      p99Ms: late(delays.percentile(99)),
      longestMs: late(delays.max),
    };
    writeFileSync(`${path}.new`, JSON.stringify(told));
    renameSync(`${path}.new`, path);
  }, 1_000).unref();
}
