/**
 * Requests whose answer, if it comes, comes in another exchange: on a resumed or legacy stream, or
 * from the client to a server that asked it something.
 *
 * In: drafts. Out: those for which waiting is over, to be settled without an answer.
 * Bounds: `pendingMax` drafts, beyond which the server that has most of them gives up its oldest, so that
 * none can make another's requests look unanswered; each waits `answerWaitMs` from
 * the end of its exchange, longer while a stream is open on which it may come, never over `answerMaxWaitMs`;
 * for a stream that was interrupted see `Interruption`.
 */
import { FleetingMap } from "../fleeting.ts";
import type { CallDraft } from "./call-draft.ts";

const answerWaitMs = 120_000;
const answerMaxWaitMs = 3_600_000;
/** An answer that was under way when its request was called off still counts. */
const cancelledWaitMs = 2_000;

interface Waiting {
  readonly draft: CallDraft;
  readonly giveUp: GiveUp;
  /** On the clock of `sweep`, which is not the one that times exchanges. */
  sinceMs: number | undefined;
}

/** `evicted`: there were too many; otherwise the time is over. */
export type GiveUp = (draft: CallDraft, evicted: boolean) => void;

export class Pending {
  readonly #max: number;
  /** By server, oldest first, by the ids of calls. */
  readonly #waiting = new FleetingMap<string, FleetingMap<string, Waiting>>();
  #size = 0;
  #evicted = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  get evicted(): number {
    return this.#evicted;
  }

  add(draft: CallDraft, giveUp: GiveUp): void {
    const { serverId } = draft.facts.opening;
    let own = this.#waiting.get(serverId);
    if (!own) {
      own = new FleetingMap();
      this.#waiting.set(serverId, own);
    }
    if (!own.get(draft.id)) this.#size += 1;
    own.set(draft.id, { draft, giveUp, sinceMs: undefined });
    if (this.#size > this.#max) this.#evict();
  }

  remove(draft: CallDraft): void {
    const { serverId } = draft.facts.opening;
    const own = this.#waiting.get(serverId);
    if (!own?.delete(draft.id)) return;
    this.#size -= 1;
    if (own.size === 0) this.#waiting.delete(serverId);
  }

  sweep(nowMs: number): void {
    for (const own of this.#waiting.values()) {
      for (const waiting of own.values()) {
        waiting.sinceMs ??= nowMs;
        const waitedMs = nowMs - waiting.sinceMs;
        if (isOver(waiting.draft, waitedMs)) this.#giveUp(waiting, false);
      }
    }
  }

  giveUpAll(giveUp: (draft: CallDraft) => void): void {
    for (const own of this.#waiting.values()) {
      for (const { draft } of own.values()) {
        this.remove(draft);
        giveUp(draft);
      }
    }
  }

  #evict(): void {
    let most: FleetingMap<string, Waiting> | undefined;
    for (const own of this.#waiting.values()) if (own.size > (most?.size ?? 0)) most = own;
    const [oldest] = most?.values() ?? [];
    if (!oldest) return;
    this.#evicted += 1;
    this.#giveUp(oldest, true);
  }

  #giveUp(waiting: Waiting, evicted: boolean): void {
    const { draft } = waiting;
    this.remove(draft);
    waiting.giveUp(draft, evicted);
  }
}

function isOver(draft: CallDraft, waitedMs: number): boolean {
  if (waitedMs >= answerMaxWaitMs) return true;
  if (draft.cancelled !== undefined) return waitedMs >= cancelledWaitMs;
  if (!draft.facts.ended || draft.facts.resumptions > 0) return false;
  if (draft.interruption) return waitedMs >= draft.interruption.waitMs;
  return draft.facts.scope.openStreams === 0 && waitedMs >= answerWaitMs;
}
