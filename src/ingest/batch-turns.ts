/**
 * Whose calls the store is sent next, where some wait in memory and some in the spill, and how many.
 *
 * They take turns. Were what waits on disk sent first, all that comes meanwhile would have to go there, which costs more than
 * to store it, and a host that fell behind once would stay behind. Where the store is so slow that memory's calls have to go
 * there anyway, it is sent what is there, in large batches, or it never catches up.
 */

/** Of one batch, one transaction. */
export interface BatchLimits {
  readonly batchCallsMax: number;
  readonly batchBytesMax: number;
}

/** Of the spill while calls wait in memory. */
const stepBytesMax = 1_048_576;
/** For as much, and for a batch of less: half of what calls wait before they go to the spill. */
const stepMaxMs = 60;
/**
 * That many batches from the spill before a slow store is tried with turns again: each of them may be too large to tell whether
 * small ones are still slow.
 */
const batchesWhenSlow = 6;
/** Calls of the spill are bytes, which a batch may have more of. */
const callsShare = 4;

export class BatchTurns {
  readonly #limits: BatchLimits;
  /** Batches from the spill that are still to be sent before turns are taken. */
  #owed = 0;
  #spillWasLast = false;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** How long it was until the store had taken the batch. */
  took(ms: number, batch: readonly { readonly bytes: number }[]): void {
    const bytes = batch.reduce((sum, one) => sum + one.bytes, 0);
    if (ms > stepMaxMs * Math.max(1, bytes / stepBytesMax)) this.#owed = batchesWhenSlow;
    else if (this.#spillWasLast) this.#owed = Math.max(0, this.#owed - 1);
  }

  /** Whether the spill is next, given whether something waits on each side. */
  isForSpill(spillWaits: boolean, memoryWaits: boolean): boolean {
    const memoryIsNext = this.#spillWasLast && memoryWaits && this.#owed === 0;
    this.#spillWasLast = spillWaits && !memoryIsNext;
    return this.#spillWasLast;
  }

  /** Of a batch from the spill. */
  spillLimits(memoryWaits: boolean): { readonly callsMax: number; readonly bytesMax: number } {
    const { batchCallsMax, batchBytesMax } = this.#limits;
    const inSteps = memoryWaits && this.#owed === 0;
    const bytesMax = inSteps ? Math.min(stepBytesMax, batchBytesMax) : batchBytesMax;
    return { callsMax: batchCallsMax * callsShare, bytesMax };
  }
}
