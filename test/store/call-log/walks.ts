/** Ways through a log to its end, for a team. */
import { expect } from "vitest";
import type { Call, CallSummary } from "../../../src/call.ts";
import type { CallFilter } from "../../../src/store/call-filter.ts";
import type {
  ArrivalsQuery,
  CallArrival,
  CallLog,
  CallPage,
  PageQuery,
} from "../../../src/store/call-log.ts";
import { teamId } from "../builders.ts";

export type OpenCallLog = () => Promise<CallLog>;

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** The calls of every page from the query's own to the last. */
export async function walk(log: CallLog, query: PageQuery, team = teamId): Promise<CallSummary[]> {
  const met: CallSummary[] = [];
  let rest = query;
  for (;;) {
    const page: CallPage = await log.page(team, rest);
    expect(page.calls.length).toBeLessThanOrEqual(query.limit);
    met.push(...page.calls);
    if (page.next === null) return met;
    rest = { ...query, cursor: page.next, offset: 0 };
  }
}

/** A position before every call: of a log that is empty, or of this one before anything was appended. */
export async function endOf(log: CallLog, team = teamId): Promise<string> {
  const { arrivals, next } = await log.arrivals(team, { filter: {}, limit: 1 });
  expect(arrivals).toEqual([]);
  return next;
}

/** Every arrival after a position, to the end of the log, and where that is. */
export async function follow(
  log: CallLog,
  query: ArrivalsQuery & { readonly after: string },
  team = teamId,
): Promise<{ arrivals: CallArrival[]; end: string }> {
  const met: CallArrival[] = [];
  let { after } = query;
  for (;;) {
    const { arrivals, next } = await log.arrivals(team, { ...query, after });
    expect(arrivals.length).toBeLessThanOrEqual(query.limit);
    met.push(...arrivals);
    if (next === after) {
      expect(arrivals).toEqual([]);
      return { arrivals: met, end: after };
    }
    after = next;
  }
}

/** The ids of what arrived after a position, in order. */
export async function idsAfter(
  log: CallLog,
  after: string,
  filter: CallFilter = {},
  limit = 1_000,
) {
  return (await follow(log, { filter, after, limit })).arrivals.map(({ call }) => call.id);
}

export function summary({ messages: _, ...rest }: Call): CallSummary {
  return rest;
}

export function ids(page: { readonly calls: readonly { readonly id: string }[] }): string[] {
  return idsOf(page.calls);
}

export function idsOf(list: readonly { readonly id: string }[]): string[] {
  return list.map((each) => each.id);
}

export function newestFirst(calls: readonly Call[]): Call[] {
  const before = (a: Call, b: Call) => (a.id < b.id ? 1 : -1);
  return calls.toSorted((a, b) => b.startedAtMs - a.startedAtMs || before(a, b));
}
