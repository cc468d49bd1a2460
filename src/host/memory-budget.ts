/**
 * What calls on their way into the log may take of memory, stage by stage: one sum, of which each bound is a share.
 *
 * A host is to stay below 350 MiB resident whatever the load (docs/benchmarks.md, Q6); at rest it takes some 170, 53 to
 * 59 of which are the runtime's own file. What finds no room among calls waits on disk (ingest/spill.ts); what finds none
 * among bytes and bodies is left out of the log, and counted.
 */
import { wholeCallsShare } from "../ingest/queue.ts";

const mebibyte = 1_048_576;

export const memoryBudget = {
  /**
   * Copied by a data plane and not read by the recorder yet: half of it for one team alone, so a body of 16 MiB. Each plane
   * has as much, since each must be able to hand over such a body.
   */
  backlogMaxBytes: 32 * mebibyte,
  /** Bodies of exchanges and calls that are not over: half of it for one team alone, so two bodies of 16 MiB. */
  openMessageBytesMax: 64 * mebibyte,
  /** Calls that the store has not taken; those that wait as bytes count as what they are, others at two bytes a character. */
  queueBytesMax: 64 * mebibyte,
};

/** Of calls with their bodies. Where there is no room for more, data planes leave bodies out, which costs least there. */
export const wholeCallsMaxBytes = memoryBudget.queueBytesMax * wholeCallsShare;
