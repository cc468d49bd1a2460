/**
 * The call log as the control plane sees it: queries go to the reader thread, removals to the
 * recorder thread, where the writer is. Both ends of that wire are here.
 */

import type { Call, CallSummary } from "../call.ts";
import type { CallLog, CallMetrics, CallPage, PageQuery } from "../store/call-log.ts";
import type { Thread } from "./thread.ts";

/** The contract without what is the recorder's own business. */
export type ReadableCallLog = Omit<CallLog, "append" | "sweep" | typeof Symbol.asyncDispose>;

export function remoteCallLog(reader: Thread, recorder: Thread): ReadableCallLog {
  return {
    page: (teamId, query) => pageInParts(reader, teamId, query),
    find: (...args) => reader.call<Call | undefined>("find", ...args),
    count: (...args) => reader.call<number>("count", ...args),
    metrics: (...args) => reader.call<CallMetrics>("metrics", ...args),
    remove: (...args) => recorder.call<boolean>("remove", ...args),
    removeServer: (...args) => recorder.call<number>("removeServer", ...args),
    prune: (...args) => recorder.call<number>("prune", ...args),
    pruneBodies: (...args) => recorder.call<number>("pruneBodies", ...args),
  };
}

/** Calls that cross threads in one message: taking in more at once would hold up the data plane. */
const callsPerPart = 100;

/** A page is the same in parts: they follow each other by cursor. */
async function pageInParts(reader: Thread, teamId: string, query: PageQuery): Promise<CallPage> {
  const calls: CallSummary[] = [];
  // A text search may end its time before its page is full, and its reader decides whether to go on.
  const limitMax = query.text === undefined ? callsPerPart : query.limit;
  for (let rest = query; ; ) {
    const limit = Math.min(limitMax, query.limit - calls.length);
    const part = await reader.call<CallPage>("page", teamId, { ...rest, limit });
    calls.push(...part.calls);
    const full = calls.length >= query.limit || query.text !== undefined;
    if (part.next === null || full) return { calls, next: part.next };
    rest = { ...query, cursor: part.next, offset: 0 };
  }
}

/** The reading half of the contract, as methods. */
export function readMethods(log: () => CallLog) {
  return {
    page: (...args: Parameters<CallLog["page"]>) => log().page(...args),
    find: (...args: Parameters<CallLog["find"]>) => log().find(...args),
    count: (...args: Parameters<CallLog["count"]>) => log().count(...args),
    metrics: (...args: Parameters<CallLog["metrics"]>) => log().metrics(...args),
  };
}

/** The removing half, as methods. */
export function removeMethods(log: () => CallLog) {
  return {
    remove: (...args: Parameters<CallLog["remove"]>) => log().remove(...args),
    removeServer: (...args: Parameters<CallLog["removeServer"]>) => log().removeServer(...args),
    prune: (...args: Parameters<CallLog["prune"]>) => log().prune(...args),
    pruneBodies: (...args: Parameters<CallLog["pruneBodies"]>) => log().pruneBodies(...args),
  };
}
