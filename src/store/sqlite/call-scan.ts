/**
 * Looks at all calls that match a filter, bundle by bundle, for questions whose answer is a number of them.
 *
 * By arrival, the latest first: the order in which a scan can be broken off and taken up again exactly, since a
 * call keeps its seq whatever is appended, removed and merged meanwhile. Guarantees: a bundle that lies whole in the
 * filter's window is looked at once, and its answer remembered for as long as its segments are the same
 * (bundle-answers.ts). Bounds: a step, one transaction, takes some 20 ms and one bundle; others get their turn in
 * between.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import type { CallFilter } from "../call-filter.ts";
import { type Bundle, bundleBefore, bundleSeqs } from "./bundles.ts";
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

/** What is asked of the calls that match. */
export interface Question<Answer> {
  /** With the filter, but for its window, it decides the answer of a bundle. */
  readonly name: string;
  /** Within a transaction: the answer of a bundle. */
  begin(): Gathering<Answer>;
  /** Within a transaction: as many answers as there are bundles. */
  add(answer: Answer): void;
}

export interface Gathering<Answer> {
  /** Shown each segment of the bundle once, with the span of it that counts. */
  visit(segment: Segment, selection: Selection, span: SeqSpan): void;
  /** `bytes`: what the answer takes in memory. */
  end(): { readonly answer: Answer; readonly bytes: number };
}

export async function scan<Answer>(
  file: CallFile,
  { teamId, filter, clock, signal }: Scan,
  question: Question<Answer>,
): Promise<void> {
  let beforeSeq = Number.MAX_SAFE_INTEGER;
  const step = (): boolean => {
    const selection = Selection.of(teamId, filter, file.names, file.statements);
    if (!selection) return false;
    const answers = file.answers.to<Answer>(nameOf(question, teamId, filter, selection));
    const endMs = clock.monotonicMs() + stepMs;
    do {
      const bundle = bundleBefore(file.statements, beforeSeq);
      if (!bundle) return false;
      const isWhole = liesWhole(bundle, selection, beforeSeq);
      const known = isWhole ? answers.recall(bundle) : undefined;
      if (known !== undefined) question.add(known);
      else if (liesPartly(bundle, selection)) {
        const { answer, bytes } = answerOf(file, bundle, selection, beforeSeq, question);
        question.add(answer);
        if (isWhole) answers.remember(bundle, answer, bytes);
      }
      beforeSeq = bundle.firstSeq;
    } while (clock.monotonicMs() < endMs);
    return true;
  };
  for (;;) {
    signal?.throwIfAborted();
    if (!file.read(step)) return;
    await turn();
  }
}

/** What the answers of whole bundles depend on besides their segments: names keep their ids for as long as calls have them. */
function nameOf(
  { name }: Pick<Question<unknown>, "name">,
  teamId: string,
  { window, ...filter }: CallFilter,
  { hidden }: Selection,
): string {
  return JSON.stringify([name, teamId, hidden, filter]);
}

function answerOf<Answer>(
  file: CallFile,
  { segments }: Bundle,
  selection: Selection,
  belowSeq: number,
  question: Question<Answer>,
): ReturnType<Gathering<Answer>["end"]> {
  const gathering = question.begin();
  for (const segment of file.segments.latestFirst(belowSeq, segments)) {
    const { head } = segment;
    if (head.minStartedMs < selection.untilMs && head.maxStartedMs >= selection.sinceMs)
      gathering.visit(segment, selection, { belowSeq });
  }
  return gathering.end();
}

/** True when all calls of the bundle are within the window, and none of them was looked at before. */
function liesWhole(
  { number, lastSeq, minStartedMs, maxStartedMs }: Bundle,
  { sinceMs, untilMs }: Selection,
  beforeSeq: number,
): boolean {
  const isInWindow = minStartedMs >= sinceMs && maxStartedMs < untilMs;
  return isInWindow && lastSeq < beforeSeq && (number + 1) * bundleSeqs <= beforeSeq;
}

function liesPartly({ minStartedMs, maxStartedMs }: Bundle, selection: Selection): boolean {
  return minStartedMs < selection.untilMs && maxStartedMs >= selection.sinceMs;
}
