/**
 * Requests whose answer, if it comes, comes in another exchange: on a resumed or legacy stream, or
 * from the client to a server that asked it something.
 *
 * In: drafts. Out: those for which waiting is over, to be settled without an answer.
 * Bounds: `pendingMax` drafts, beyond which the oldest is given up; each waits `answerWaitMs` from
 * the end of its exchange, longer while a stream of its session is open, never over `answerMaxWaitMs`.
 */
import type { CallDraft } from "./call-draft.ts";

const answerWaitMs = 120_000;
const answerMaxWaitMs = 3_600_000;
/** An answer that was under way when its request was called off still counts. */
const cancelledWaitMs = 2_000;

interface Waiting {
  readonly giveUp: GiveUp;
  /** On the clock of `sweep`, which is not the one that times exchanges. */
  sinceMs: number | undefined;
}

/** `evicted`: there were too many; otherwise the time is over. */
export type GiveUp = (draft: CallDraft, evicted: boolean) => void;

export class Pending {
  readonly #max: number;
  readonly #waiting = new Map<CallDraft, Waiting>();
  #evicted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#waiting.size;
  }

  get evicted(): number {
    return this.#evicted;
  }

  add(draft: CallDraft, giveUp: GiveUp): void {
    this.#waiting.set(draft, { giveUp, sinceMs: undefined });
    if (this.#waiting.size <= this.#max) return;
    const [oldest] = this.#waiting;
    if (!oldest) return;
    this.#evicted += 1;
    this.#giveUp(oldest[0], oldest[1], true);
  }

  remove(draft: CallDraft): void {
    this.#waiting.delete(draft);
  }

  sweep(nowMs: number): void {
    for (const [draft, waiting] of this.#waiting) {
      waiting.sinceMs ??= nowMs;
      const waitedMs = nowMs - waiting.sinceMs;
      if (isOver(draft, waitedMs)) this.#giveUp(draft, waiting, false);
    }
  }

  giveUpAll(giveUp: (draft: CallDraft) => void): void {
    for (const draft of this.#waiting.keys()) {
      this.#waiting.delete(draft);
      giveUp(draft);
    }
  }

  #giveUp(draft: CallDraft, waiting: Waiting, evicted: boolean): void {
    this.#waiting.delete(draft);
    waiting.giveUp(draft, evicted);
  }
}

function isOver(draft: CallDraft, waitedMs: number): boolean {
  if (waitedMs >= answerMaxWaitMs) return true;
  if (draft.cancelled !== undefined) return waitedMs >= cancelledWaitMs;
  if (!draft.facts.ended || draft.facts.scope.openStreams > 0) return false;
  return waitedMs >= answerWaitMs;
}
