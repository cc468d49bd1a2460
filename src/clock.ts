/** Time, injected: the wall clock for what is shown, the monotonic clock for every difference. */

export interface Clock {
  /** Wall time, whole milliseconds since the epoch. May jump in either direction. */
  nowMs(): number;
  /** Milliseconds since an arbitrary point, fractional, never decreasing; comparable within one thread. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
