/**
 * Looks at all calls that match a filter, in steps, for questions whose answer is a number of them.
 *
 * By arrival, the latest first: the order in which a scan can be broken off and taken up again exactly, since a
 * call keeps its seq whatever is appended, removed and merged meanwhile. Bounds: a step, one transaction, takes
 * some 20 ms and one bundle; others get their turn in between.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import type { CallFilter } from "../call-filter.ts";
import type { CallFile } from "./call-file.ts";
import type { Segment } from "./segment.ts";
import { Selection, type SeqSpan } from "./selection.ts";

const stepMs = 20;
/** Calls that arrived one after the other, 32 large segments, are looked at in one step. */
const bundleSeqs = 262_144;

export interface Scan {
  readonly teamId: string;
  readonly filter: CallFilter;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

export interface Scanner {
  /** Shown each segment once, within a transaction, with the span of it that counts. */
  visit(segment: Segment, selection: Selection, span: SeqSpan): void;
  /** Told within the same transaction when all segments of a bundle were shown; bundles have numbers. */
  bundled?(bundle: number, selection: Selection): void;
}

export async function scan(
  file: CallFile,
  { teamId, filter, clock, signal }: Scan,
  scanner: Scanner,
): Promise<void> {
  let belowSeq = Number.MAX_SAFE_INTEGER;
  const step = (): boolean => {
    const selection = Selection.of(teamId, filter, file.names, file.statements);
    if (!selection) return false;
    const endMs = clock.monotonicMs() + stepMs;
    let bundle: number | undefined;
    for (const segment of file.segments.latestFirst(belowSeq)) {
      const { firstSeq, minStartedMs, maxStartedMs } = segment.head;
      const next = Math.floor(firstSeq / bundleSeqs);
      if (bundle !== undefined && next !== bundle) {
        scanner.bundled?.(bundle, selection);
        bundle = undefined;
        if (clock.monotonicMs() >= endMs) return true;
      }
      bundle = next;
      if (minStartedMs < selection.untilMs && maxStartedMs >= selection.sinceMs)
        scanner.visit(segment, selection, { belowSeq });
      belowSeq = firstSeq;
    }
    if (bundle !== undefined) scanner.bundled?.(bundle, selection);
    return false;
  };
  for (;;) {
    signal?.throwIfAborted();
    if (!file.read(step)) return;
    await turn();
  }
}
