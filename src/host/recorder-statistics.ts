/** What the recorder tells of itself, over all threads there were. */
import type { CaptureStats } from "../capture/capture.ts";
import type { SlabWriterStats } from "../capture/slab.ts";
import { type Account, emptyAccount } from "../ingest/accounting.ts";
import type { RecorderReport } from "./recorder-thread.ts";

/** Counts since the start of the host, over all recorder threads there were. */
export interface RecorderStatistics {
  readonly slabs: SlabWriterStats;
  /** Of the present thread; absent while there is none. */
  readonly capture?: CaptureStats;
  readonly account: Account;
  readonly spill: RecorderReport["spill"];
  readonly arrears: RecorderReport["arrears"];
  /** Lost calls by server: of some servers, and of all `other` ones. */
  readonly lostByServer: Readonly<Record<string, number>>;
  /** Lost calls that no loss in the log tells of, because there were too many losses. */
  readonly lossesUntold: number;
  /** Bytes of slabs that no thread has read. */
  readonly lostBytes: number;
  /** Exchanges that a thread took with it: those not read yet, and those it had not seen to their end. */
  readonly lostExchanges: number;
  /** Answers that ended before their call was known to be durable, though they were to wait for it. */
  readonly durableWaitsGivenUp: number;
  readonly deaths: number;
  readonly writerDeaths: number;
  /** Of the present threads: how long their event loops were not idle. */
  readonly busyMs: { readonly recorder: number; readonly writer: number };
}

/** Before the recorder has told anything. */
export const emptyReport: RecorderReport = {
  consumedBytes: 0,
  account: emptyAccount,
  exchangesEnded: 0,
  spill: { files: 0, bytes: 0 },
  crowded: false,
  waitingBytes: 0,
  room: { calls: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY },
  arrears: { silentMs: 0, oldestMs: 0 },
};

/** Whole, or their bodies. */
export function lostCalls({ account }: RecorderReport): number {
  return Object.values(account.dropped).reduce((sum, count) => sum + count, account.bodiesShed);
}

export function addCounts(
  one: Readonly<Record<string, number>>,
  other: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum = { ...one };
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
