/**
 * The call log as the control plane sees it: queries go to the reader thread, removals to the
 * writer thread. Both ends of that wire are here.
 *
 * Long queries share the reader: two searches and two sums at work at once, teams in turn, while what lists and
 * streams need goes in between. A query that is aborted ends over there, too, at work or waiting.
 */
import type { Call, CallSummary } from "../call.ts";
import type { Loss } from "../loss.ts";
import type {
  ArrivalsQuery,
  CallArrivals,
  CallFacets,
  CallLog,
  CallMetrics,
  CallPage,
  HistogramBucket,
  PageQuery,
} from "../store/call-log.ts";
import type { Thread } from "./thread.ts";
import { Turns } from "./turns.ts";

/** The contract without what is the write path's own business. */
export type ReadableCallLog = Omit<
  CallLog,
  "append" | "sweep" | "addLosses" | typeof Symbol.asyncDispose
>;

export function remoteCallLog(
  reader: Pick<Thread, "call">,
  writer: Pick<Thread, "call">,
): ReadableCallLog {
  return {
    page: (teamId, query, signal) => pageInParts(reader, teamId, query, signal),
    arrivals: (teamId, { limit, ...query }, signal) => {
      const part: ArrivalsQuery = { ...query, limit: Math.min(limit, callsPerPart) };
      return reader.call<CallArrivals>("arrivals", teamId, part, signal);
    },
    find: (...args) => reader.call<Call | undefined>("find", ...args),
    count: (...args) => reader.call<number>("count", ...args),
    facets: (...args) => reader.call<CallFacets>("facets", ...args),
    histogram: (...args) => reader.call<readonly HistogramBucket[]>("histogram", ...args),
    metrics: (...args) => reader.call<CallMetrics>("metrics", ...args),
    losses: (...args) => reader.call<readonly Loss[]>("losses", ...args),
    remove: (...args) => writer.call<boolean>("remove", ...args),
    removeServer: (...args) => writer.call<number>("removeServer", ...args),
    prune: (...args) => writer.call<number>("prune", ...args),
    pruneBodies: (...args) => writer.call<number>("pruneBodies", ...args),
  };
}

/** Calls that cross threads in one message: taking in more at once would hold up the data plane. */
const callsPerPart = 100;

/** A page is the same in parts: they follow each other by cursor. */
async function pageInParts(
  reader: Pick<Thread, "call">,
  teamId: string,
  query: PageQuery,
  signal: AbortSignal | undefined,
): Promise<CallPage> {
  const calls: CallSummary[] = [];
  // A text search may end its time before its page is full, and its reader decides whether to go on.
  const limitMax = query.text === undefined ? callsPerPart : query.limit;
  for (let rest = query; ; ) {
    const limit = Math.min(limitMax, query.limit - calls.length);
    const part = await reader.call<CallPage>("page", teamId, { ...rest, limit }, signal);
    calls.push(...part.calls);
    const full = calls.length >= query.limit || query.text !== undefined;
    if (part.next === null || full) return { calls, next: part.next };
    rest = { ...query, cursor: part.next, offset: 0 };
  }
}

/**
 * Queries of one kind that are at work at once. One thread does them all, so more would only make each step of a
 * list wait for a step of every one.
 */
const atOnceMax = 2;

/** The reading half of the contract, as methods. */
export function readMethods(log: () => CallLog) {
  const searches = new Turns(atOnceMax);
  const totals = new Turns(atOnceMax);
  return {
    page: (...args: Parameters<CallLog["page"]>) => {
      const [teamId, { text }, signal] = args;
      const read = () => log().page(...args);
      return text === undefined ? read() : searches.run(teamId, read, signal);
    },
    arrivals: (...args: Parameters<CallLog["arrivals"]>) => {
      const [teamId, { filter }, signal] = args;
      const read = () => log().arrivals(...args);
      return filter.text === undefined ? read() : searches.run(teamId, read, signal);
    },
    find: (...args: Parameters<CallLog["find"]>) => log().find(...args),
    losses: (...args: Parameters<CallLog["losses"]>) => log().losses(...args),
    count: (...args: Parameters<CallLog["count"]>) => {
      const [teamId, { text }, signal] = args;
      const turns = text === undefined ? totals : searches;
      return turns.run(teamId, () => log().count(...args), signal);
    },
    facets: (...args: Parameters<CallLog["facets"]>) => {
      const [teamId, { filter }, signal] = args;
      const turns = filter.text === undefined ? totals : searches;
      return turns.run(teamId, () => log().facets(...args), signal);
    },
    histogram: (...args: Parameters<CallLog["histogram"]>) => {
      const [teamId, { filter }, signal] = args;
      const turns = filter.text === undefined ? totals : searches;
      return turns.run(teamId, () => log().histogram(...args), signal);
    },
    metrics: (...args: Parameters<CallLog["metrics"]>) => {
      const [teamId, , signal] = args;
      return totals.run(teamId, () => log().metrics(...args), signal);
    },
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
