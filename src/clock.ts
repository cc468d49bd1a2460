/** Time, injected: the wall clock for what is shown, the monotonic clock for every difference. */

import { performance } from "node:perf_hooks";

export interface Clock {
  /** Wall time, whole milliseconds since the epoch. May jump in either direction. */
  nowMs(): number;
  /** Milliseconds since an arbitrary point, fractional, never decreasing; the same in every thread of this process. */
  monotonicMs(): number;
}

/** `performance.now()` is cheap but counts from the start of its thread; `hrtime` from one point for all of them. */
const now = performance.now.bind(performance);
const threadStartMs = Math.max(...Array.from({ length: 5 }, startMs));

/** Too early by as long as the thread is held up between the two readings. */
function startMs(): number {
  return Number(process.hrtime.bigint()) / 1e6 - now();
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => threadStartMs + now(),
};
