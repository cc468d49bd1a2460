/**
 * Calls as bars on a line of time, each below the one it belongs to.
 *
 * In: calls, oldest first. Out: rows in the order they are drawn, in milliseconds after the first one's start. What belongs to
 * a call that is not there stands for itself.
 */
import type { WireCall } from "../../src/api/wire.ts";

export interface Bar {
  readonly call: WireCall;
  /** 0 for what agents asked, 1 for what a server asked meanwhile, and so on. */
  readonly depth: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Timeline {
  readonly bars: readonly Bar[];
  /** Wall time of the first start, epoch milliseconds. */
  readonly startMs: number;
  /** From the first start to the last end, at least 1. */
  readonly lengthMs: number;
}

/** Deeper nesting is drawn as this deep. */
const depthMax = 6;

export function toTimeline(calls: readonly WireCall[]): Timeline {
  const startMs = Math.min(...calls.map(({ created_at }) => Date.parse(created_at)));
  const known = new Set(calls.map(({ id }) => id));
  const byParent = Map.groupBy(calls, ({ parent_id }) =>
    parent_id !== null && known.has(parent_id) ? parent_id : "",
  );
  const bars: Bar[] = [];
  const seen = new Set<string>();
  const add = (call: WireCall, depth: number) => {
    // A call that is its own ancestor would never end.
    if (seen.has(call.id)) return;
    seen.add(call.id);
    const fromMs = Date.parse(call.created_at) - startMs;
    bars.push({ call, depth, fromMs, toMs: fromMs + call.duration_ms });
    for (const child of byParent.get(call.id) ?? []) add(child, Math.min(depth + 1, depthMax));
  };
  for (const call of byParent.get("") ?? []) add(call, 0);
  for (const call of calls) add(call, 0);
  const lengthMs = Math.max(1, ...bars.map(({ toMs }) => toMs));
  return { bars, startMs: calls.length === 0 ? 0 : startMs, lengthMs };
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const spanMinMs = 1;

/** `by` below 1 comes nearer. The middle stays where it is, as far as the ends let it. */
export function zoomed({ fromMs, toMs }: Span, by: number, lengthMs: number): Span {
  const width = Math.min(Math.max((toMs - fromMs) * by, spanMinMs), lengthMs);
  return placed((fromMs + toMs) / 2 - width / 2, width, lengthMs);
}

export function moved({ fromMs, toMs }: Span, share: number, lengthMs: number): Span {
  const width = toMs - fromMs;
  return placed(fromMs + width * share, width, lengthMs);
}

function placed(fromMs: number, width: number, lengthMs: number): Span {
  const from = Math.min(Math.max(fromMs, 0), Math.max(0, lengthMs - width));
  return { fromMs: from, toMs: from + width };
}

/** Round steps of time to mark, at most `most` of them within the span. */
export function ticksOf({ fromMs, toMs }: Span, most: number): readonly number[] {
  const rough = (toMs - fromMs) / most;
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  const step =
    [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? power * 10;
  const ticks: number[] = [];
  for (let at = Math.ceil(fromMs / step) * step; at <= toMs; at += step) ticks.push(at);
  return ticks;
}
