/** Whether traffic passed during a fault as it did before and after. */
import type { Run } from "./run.ts";
import { type LoadCall, latencyMs, quantile } from "./steady-load.ts";

/** What a shared machine adds to a percentile of some thousand calls by itself; a smaller difference is no finding. */
const noiseMs = 5;

export interface Fault {
  readonly fromMs: number;
  readonly untilMs: number;
  /** The 99th percentile during the fault against that without it. */
  readonly ratioMax: number;
}

export function checkPassage(run: Run, calls: readonly LoadCall[], fault: Fault): void {
  const failed = calls.filter(({ failure }) => failure !== undefined);
  const first = failed[0] ? `, the first: ${failed[0].failure}` : "";
  run.check(
    "every call passes",
    `${failed.length} of ${calls.length} failed${first}`,
    failed.length === 0 && calls.length > 0,
  );
  const during = latencyMs(calls, 0.99, fault.fromMs, fault.untilMs);
  const calm = calls.filter(({ dueAtMs }) => dueAtMs < fault.fromMs || dueAtMs >= fault.untilMs);
  const without = latencyMs(calm, 0.99);
  run.check(
    `p99 ≤ ${fault.ratioMax} × that without the fault (or ${noiseMs} ms more)`,
    `${during.toFixed(1)} and ${without.toFixed(1)} ms, longest ${latencyMs(calls, 1, fault.fromMs, fault.untilMs).toFixed(0)} and ${latencyMs(calm, 1).toFixed(0)} ms`,
    during <= Math.max(fault.ratioMax * without, without + noiseMs),
  );
}

export interface Windows {
  /** Of `with`. */
  readonly what: string;
  readonly with: readonly Span[];
  readonly without: readonly Span[];
  readonly ratioMax: number;
}

/** Times of the monotonic clock, milliseconds. */
export type Span = readonly [fromMs: number, untilMs: number];

/**
 * Compares the median window with and without something that a host is to do beside its traffic: what else a machine does
 * for some seconds is in one or two of them.
 */
export function checkWindows(run: Run, calls: readonly LoadCall[], windows: Windows): void {
  const failed = calls.filter(({ failure }) => failure);
  run.check("every call passes", `${failed.length} of ${calls.length} failed`, failed.length === 0);
  const [busy, calm] = [windows.with, windows.without].map((spans) =>
    spans.map(([fromMs, untilMs]) => latencyMs(calls, 0.99, fromMs, untilMs)),
  ) as [number[], number[]];
  const [busyMs, calmMs] = [quantile(busy, 0.5), quantile(calm, 0.5)];
  const inOrder = (timesMs: readonly number[]) => timesMs.map((each) => each.toFixed(1)).join(" ");
  const { what, ratioMax } = windows;
  run.check(
    `p99 of the proxied calls with ${what} ≤ ${ratioMax} × that without (or ${noiseMs} ms more)`,
    `${busyMs.toFixed(1)} and ${calmMs.toFixed(1)} ms, medians of ${inOrder(busy)} and ${inOrder(calm)}`,
    busyMs <= Math.max(ratioMax * calmMs, calmMs + noiseMs),
  );
}
