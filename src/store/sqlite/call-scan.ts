/**
 * Looks at all calls that match a filter, bundle by bundle, for questions whose answer is a number of them.
 *
 * By arrival, the latest first: the order in which a scan can be broken off and taken up again exactly, since a
 * call keeps its seq whatever is appended, removed and merged meanwhile. Guarantees: a bundle that lies whole in the
 * filter's window is looked at once, and its answer remembered for as long as its segments are the same
 * (bundle-answers.ts); of a shelf that is asked again, as one. Bounds: a step, one transaction, takes some 20 ms and
 * one bundle; others get their turn in between.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../../clock.ts";
import type { CallFilter } from "../call-filter.ts";
import type { AnswersTo } from "./bundle-answers.ts";
import { type Bundle, bundleBefore, shelfSeqs } from "./bundles.ts";
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
  /** Within a transaction: the answer of a bundle, or of several. */
  add(answer: Answer): void;
}

export interface Gathering<Answer> {
  /** Shown each segment of the bundle once, with the span of it that counts. */
  visit(segment: Segment, selection: Selection, span: SeqSpan): void;
  /** Adds what another one of the same question has found. */
  absorb(answer: Answer): void;
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
    const looking = new Looking(file, { question, selection, answers, beforeSeq });
    const endMs = clock.monotonicMs() + stepMs;
    while (looking.next()) {
      beforeSeq = looking.beforeSeq;
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

/** What the answers of whole bundles depend on besides their segments: names keep their ids for as long as calls have them. */
function nameOf(
  { name }: Pick<Question<unknown>, "name">,
  teamId: string,
  { window, ...filter }: CallFilter,
  { hidden }: Selection,
): string {
  return JSON.stringify([name, teamId, hidden, filter]);
}

interface Aim<Answer> {
  readonly question: Question<Answer>;
  readonly selection: Selection;
  readonly answers: AnswersTo<Answer>;
  readonly beforeSeq: number;
}

/** One step: goes from bundle to bundle within one transaction. */
class Looking<Answer> {
  readonly #file: CallFile;
  readonly #aim: Aim<Answer>;
  /** That `beforeSeq` lies in, once it was looked at. */
  #shelf: Bundle | undefined;
  /** What was found in the shelf, if all of it was looked at in this step. */
  #onShelf: { readonly bundle: Bundle; readonly answer: Answer }[] | undefined;
  beforeSeq: number;

  constructor(file: CallFile, aim: Aim<Answer>) {
    this.#file = file;
    this.#aim = aim;
    this.beforeSeq = aim.beforeSeq;
  }

  /** Looks at the bundle, or shelf, before `beforeSeq`. False when there is none. */
  next(): boolean {
    const { statements } = this.#file;
    if (!this.#shelf && this.#passShelf()) return true;
    const bundle = bundleBefore(statements, this.beforeSeq);
    if (!bundle) return false;
    if (liesPartly(bundle, this.#aim.selection)) this.#ask(bundle);
    this.beforeSeq = bundle.firstSeq;
    if (this.beforeSeq === this.#shelf?.firstSeq) this.#fillShelf(this.#shelf);
    return true;
  }

  /** True when the shelf's answer is known. */
  #passShelf(): boolean {
    const { question, selection, answers, beforeSeq } = this.#aim;
    this.#shelf = bundleBefore(this.#file.statements, this.beforeSeq, shelfSeqs);
    // That of the latest calls will be another with the next ones.
    const isOpen = this.beforeSeq === beforeSeq && beforeSeq === Number.MAX_SAFE_INTEGER;
    const isWhole = this.#shelf && !isOpen && liesWhole(this.#shelf, selection, this.beforeSeq);
    this.#onShelf = isWhole ? [] : undefined;
    const known = this.#shelf && isWhole ? answers.recall(this.#shelf) : undefined;
    if (!this.#shelf || known === undefined) return false;
    question.add(known);
    this.beforeSeq = this.#shelf.firstSeq;
    this.#shelf = undefined;
    return true;
  }

  #ask(bundle: Bundle): void {
    const { question, selection, answers } = this.#aim;
    const isWhole = liesWhole(bundle, selection, this.beforeSeq);
    let answer = isWhole ? answers.recall(bundle) : undefined;
    if (answer === undefined) {
      const gathering = question.begin();
      for (const segment of this.#file.segments.latestFirst(this.beforeSeq, bundle.segments))
        if (liesPartly(segment.head, selection))
          gathering.visit(segment, selection, { belowSeq: this.beforeSeq });
      const found = gathering.end();
      answer = found.answer;
      if (isWhole) answers.remember(bundle, answer, found.bytes);
    }
    question.add(answer);
    this.#onShelf?.push({ bundle, answer });
  }

  /** What its bundles answered becomes the answer of all. */
  #fillShelf(shelf: Bundle): void {
    const { question, answers } = this.#aim;
    if (this.#onShelf) {
      const together = question.begin();
      for (const { bundle, answer } of this.#onShelf) {
        together.absorb(answer);
        answers.forget(bundle);
      }
      const { answer, bytes } = together.end();
      answers.remember(shelf, answer, bytes);
    }
    this.#shelf = undefined;
  }
}

/** True when all of its calls are within the window, and none of them was looked at before. */
function liesWhole(
  { endSeq, lastSeq, minStartedMs, maxStartedMs }: Bundle,
  { sinceMs, untilMs }: Selection,
  beforeSeq: number,
): boolean {
  const isInWindow = minStartedMs >= sinceMs && maxStartedMs < untilMs;
  return isInWindow && lastSeq < beforeSeq && endSeq <= beforeSeq;
}

function liesPartly(
  { minStartedMs, maxStartedMs }: Pick<Bundle, "minStartedMs" | "maxStartedMs">,
  { sinceMs, untilMs }: Selection,
): boolean {
  return minStartedMs < untilMs && maxStartedMs >= sinceMs;
}
