/**
 * Looks at all calls that match a filter, in steps, for questions whose answer is a number of them.
 *
 * By arrival, the latest first: the order in which a scan can be broken off and taken up again exactly, since a
 * call keeps its seq whatever is appended, removed and merged meanwhile. Bounds: a step, one transaction, takes
 * some 20 ms; others get their turn in between.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import type { CallFilter } from "../call-log.ts";
import type { CallFile } from "./call-file.ts";
import type { Segment } from "./segment.ts";
import { Selection, type SeqSpan } from "./selection.ts";

const stepMs = 20;

export interface Scan {
  readonly teamId: string;
  readonly filter: CallFilter;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/** `visit` is shown each segment once, within a transaction, with the span of it that counts. */
export async function scan(
  file: CallFile,
  { teamId, filter, clock, signal }: Scan,
  visit: (segment: Segment, selection: Selection, span: SeqSpan) => void,
): Promise<void> {
  let belowSeq = Number.MAX_SAFE_INTEGER;
  const step = (): boolean => {
    const selection = Selection.of(teamId, filter, file.names, file.statements);
    if (!selection) return false;
    const endMs = clock.monotonicMs() + stepMs;
    for (const segment of file.segments.latestFirst(belowSeq)) {
      const { firstSeq, minStartedMs, maxStartedMs } = segment.head;
      if (minStartedMs < selection.untilMs && maxStartedMs >= selection.sinceMs)
        visit(segment, selection, { belowSeq });
      belowSeq = firstSeq;
      if (clock.monotonicMs() >= endMs) return true;
    }
    return false;
  };
  for (;;) {
    signal?.throwIfAborted();
    if (!file.read(step)) return;
    await turn();
  }
}
