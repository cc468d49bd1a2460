/**
 * Where every accepted call is: to the unit, at any moment,
 * `accepted = stored + bodiesShed + discarded + pending + Σ dropped`.
 */

/** Why a call was lost. `recorder_died` is told by whoever outlives the thread that ingest runs in. */
export const dropReasons = ["queue_full", "rejected", "shutdown", "recorder_died"] as const;
export type DropReason = (typeof dropReasons)[number];

export interface Account {
  /** Calls offered since the start. */
  readonly accepted: number;
  /** In the store, whole. */
  readonly stored: number;
  /** In the store without their bodies, which memory had no room for. */
  readonly bodiesShed: number;
  /** Left out on purpose: their server was removed while they were under way. */
  readonly discarded: number;
  /** In memory, on the way. */
  readonly pending: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Times the store could not take a batch. The batch stays pending. */
  readonly storeFailures: number;
}

export class Accounting {
  accepted = 0;
  stored = 0;
  bodiesShed = 0;
  discarded = 0;
  storeFailures = 0;
  readonly dropped: Record<DropReason, number> = {
    queue_full: 0,
    rejected: 0,
    shutdown: 0,
    recorder_died: 0,
  };

  /** A moment's figures; what is nowhere else is pending. */
  snapshot(): Account {
    const { accepted, stored, bodiesShed, discarded, storeFailures } = this;
    const dropped = { ...this.dropped };
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    const pending = accepted - stored - bodiesShed - discarded - lost;
    return { accepted, stored, bodiesShed, discarded, pending, dropped, storeFailures };
  }
}

export const emptyAccount: Account = new Accounting().snapshot();

/** The account of an ingest that is gone with all that it held: what was pending is lost. */
export function closeAccount(account: Account): Account {
  const { pending, dropped } = account;
  const recorder_died = dropped.recorder_died + pending;
  return { ...account, pending: 0, dropped: { ...dropped, recorder_died } };
}

export function addAccounts(one: Account, other: Account): Account {
  const dropped = dropReasons.map((reason) => [
    reason,
    one.dropped[reason] + other.dropped[reason],
  ]);
  return {
    accepted: one.accepted + other.accepted,
    stored: one.stored + other.stored,
    bodiesShed: one.bodiesShed + other.bodiesShed,
    discarded: one.discarded + other.discarded,
    pending: one.pending + other.pending,
    dropped: Object.fromEntries(dropped) as Account["dropped"],
    storeFailures: one.storeFailures + other.storeFailures,
  };
}
