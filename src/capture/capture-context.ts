/** What every part of capture works with: one of each, shared by all exchanges. */
import type { Call } from "../call.ts";
import type { Budget } from "./budget.ts";
import type { Loans } from "./held-body.ts";
import type { Pending } from "./pending.ts";
import type { FieldRedactor } from "./redact-fields.ts";
import type { ResumableStreams } from "./resumable-streams.ts";
import type { Rounds } from "./rounds.ts";
import type { Scopes } from "./scopes.ts";
import type { Seal } from "./seal.ts";

export interface CaptureContext {
  readonly limits: CaptureLimits;
  readonly budget: Budget;
  /** Of the slab that is being read. */
  readonly loans: Loans;
  readonly seal: Seal;
  readonly fields: FieldRedactor;
  readonly scopes: Scopes;
  readonly pending: Pending;
  readonly rounds: Rounds;
  readonly streams: ResumableStreams;
  readonly counts: CaptureCounts;
  readonly ids: (atMs: number) => string;
  readonly emit: (call: Call) => void;
}

export interface CaptureLimits {
  /** Of each body, and of the transcript of each call, in bytes of UTF-8. */
  readonly bodyCaptureMaxBytes: number;
  /** A message larger than this is not parsed. */
  readonly messageScanMaxBytes: number;
}

/** Counts since the start. */
export interface CaptureCounts {
  calls: number;
  /** Exchanges whose end was seen, or whose looking at was ended by a bug. */
  exchangesEnded: number;
  /** Bugs: each ended the looking at one exchange. */
  faults: number;
  /** Slabs that could not be read to their end. */
  tornSlabs: number;
  /** Records of exchanges whose opening was never seen, as after a restart of the recorder. */
  strayRecords: number;
  /** Answers to nothing that is known, replays among them. */
  answersUnmatched: number;
  /** Events of a stream that are no JSON-RPC. */
  eventsGarbled: number;
  /** Members of a batch beyond the limit. */
  batchMembersDropped: number;
  transcriptMessagesDropped: number;
}
