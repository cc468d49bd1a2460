/**
 * Where every accepted call is: to the unit, at any moment,
 * `accepted = stored + bodiesShed + discarded + pendingMemory + pendingSpill + Σ dropped`.
 *
 * A call that an earlier process left in the spill enters the account when its fate is known, and only if the
 * log did not have it yet: so `stored` is what this process added to the log, and no call is counted as
 * stored by two processes (ADR-0013). A recorder that died within this process hands its account on.
 */

/** Why a call was lost. `recorder_died` is told by whoever outlives the thread that ingest runs in. */
export const dropReasons = [
  "queue_full",
  "rejected",
  "shutdown",
  "spill_damaged",
  "recorder_died",
] as const;
export type DropReason = (typeof dropReasons)[number];

export interface Account {
  /** Calls offered since the start, and calls of earlier processes that this one has settled. */
  readonly accepted: number;
  /** Of `accepted`: found in the spill of an earlier process, and new to the log. */
  readonly recovered: number;
  /** Found in the spill of an earlier process, and in the log already: counted there, not here. */
  readonly recoveredKnown: number;
  /** In the store, whole. */
  readonly stored: number;
  /** In the store without their bodies, which there was no room for. */
  readonly bodiesShed: number;
  /** Left out on purpose: their server was removed while they were under way. */
  readonly discarded: number;
  /** In memory, on the way. */
  readonly pendingMemory: number;
  /** On disk, on the way; without what earlier processes left there. */
  readonly pendingSpill: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Times the store could not take a batch. The batch stays pending. */
  readonly storeFailures: number;
  /** Times a spill file failed. What it had not taken durably goes to another one. */
  readonly spillFailures: number;
}

/** What the store says of a batch; see `store/call-log.ts`. */
export interface Taken {
  readonly stored: number;
  readonly known: number;
  readonly discarded: number;
}

/**
 * Where a batch came from, and so which count it leaves: `spill` is what this recorder wrote there, `inherited` what one
 * that died in this process did, `recovered` what an earlier process did.
 */
export type BatchSource = "memory" | "spill" | "inherited" | "recovered";

export class Accounting {
  storeFailures = 0;
  spillFailures = 0;
  #accepted = 0;
  #recovered = 0;
  #recoveredKnown = 0;
  #stored = 0;
  #bodiesShed = 0;
  #discarded = 0;
  #pendingSpill = 0;
  /** Of `#pendingSpill`: what the recorder before this one had accepted and left. */
  #inherited = 0;
  /** Calls of its files that the log had already. */
  #inheritedKnown = 0;
  readonly #dropped: Record<DropReason, number> = { ...noDrops };

  /** Goes on from the account of a recorder that died, as `closeAccount` left it. */
  constructor(before?: Account) {
    if (!before) return;
    this.#accepted = before.accepted;
    this.#recovered = before.recovered;
    this.#recoveredKnown = before.recoveredKnown;
    this.#stored = before.stored;
    this.#bodiesShed = before.bodiesShed;
    this.#discarded = before.discarded;
    this.#pendingSpill = before.pendingSpill;
    this.#inherited = before.pendingSpill;
    this.#dropped = { ...before.dropped };
    this.storeFailures = before.storeFailures;
    this.spillFailures = before.spillFailures;
  }

  accept(): void {
    this.#accepted += 1;
  }

  /** From memory to disk. */
  spill(calls: number): void {
    this.#pendingSpill += calls;
  }

  /**
   * `shed` of the batch's `calls` were sent without their bodies. A known call is a stored call, the reply to whose
   * first delivery was lost; unless who died before may have counted it.
   */
  settle(source: BatchSource, batch: { calls: number; shed: number }, taken: Taken): void {
    const isOurs = source === "memory" || source === "spill";
    const counted = isOurs ? 0 : taken.known;
    if (source === "recovered") this.#recoveredKnown += counted;
    if (source === "inherited") this.#inheritedKnown += counted;
    this.#leave(source, batch.calls - counted);
    const kept = taken.stored + taken.known - counted;
    const shed = Math.min(batch.shed, kept);
    this.#bodiesShed += shed;
    this.#stored += kept - shed;
    this.#discarded += taken.discarded;
  }

  drop(source: BatchSource, reason: DropReason, calls: number): void {
    this.#leave(source, calls);
    this.#dropped[reason] += calls;
  }

  /**
   * Nothing is left on disk of what the recorder before this one had put there. What it took for pending was
   * stored when it died, as far as the log knew calls of those files, and is lost for the rest.
   */
  closeInheritance(): void {
    const untold = Math.min(this.#inherited, this.#inheritedKnown);
    this.#stored += untold;
    this.#inherited -= untold;
    this.#pendingSpill -= untold;
    this.#inheritedKnown = 0;
    if (this.#inherited > 0) this.drop("inherited", "recorder_died", this.#inherited);
  }

  /** A moment's figures; what is nowhere else is in memory. */
  snapshot(): Account {
    const [accepted, stored, discarded] = [this.#accepted, this.#stored, this.#discarded];
    const [bodiesShed, pendingSpill] = [this.#bodiesShed, this.#pendingSpill];
    const elsewhere = stored + bodiesShed + discarded + pendingSpill + sum(this.#dropped);
    return {
      accepted,
      recovered: this.#recovered,
      recoveredKnown: this.#recoveredKnown,
      stored,
      bodiesShed,
      discarded,
      pendingMemory: accepted - elsewhere,
      pendingSpill,
      dropped: { ...this.#dropped },
      storeFailures: this.storeFailures,
      spillFailures: this.spillFailures,
    };
  }

  /** The calls are pending no more; those that never were in this account are accepted now. */
  #leave(source: BatchSource, calls: number): void {
    if (source === "memory") return;
    const before = { spill: calls, inherited: Math.min(this.#inherited, calls), recovered: 0 };
    const pending = before[source];
    if (source === "inherited") this.#inherited -= pending;
    this.#pendingSpill -= pending;
    this.#accepted += calls - pending;
    this.#recovered += calls - pending;
  }
}

/** The account of a recorder that is gone with all that it held in memory. What it left on disk is still on its way. */
export function closeAccount(account: Account): Account {
  const { pendingMemory, dropped } = account;
  const recorder_died = dropped.recorder_died + pendingMemory;
  return { ...account, pendingMemory: 0, dropped: { ...dropped, recorder_died } };
}

const noDrops: Readonly<Record<DropReason, number>> = {
  queue_full: 0,
  rejected: 0,
  shutdown: 0,
  spill_damaged: 0,
  recorder_died: 0,
};

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

export const emptyAccount: Account = new Accounting().snapshot();
