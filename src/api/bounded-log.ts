/**
 * The call log with a bound on how much of it is asked at once: its thread answers one after the other, and
 * whoever asks for everything at once must leave room for others.
 *
 * In: a log. Out: the same, whose questions are refused beyond 64 of one team and 512 of the host.
 */
import type { CallLog } from "../store/call-log.ts";
import { Slots } from "./slots.ts";

const limits = { hostMax: 512, teamMax: 64 };

/** What the routes ask of it and do to it. */
export type RoutedLog = Pick<
  CallLog,
  | "page"
  | "find"
  | "count"
  | "facets"
  | "histogram"
  | "metrics"
  | "losses"
  | "remove"
  | "removeServer"
>;

/** @throws Problem `rate_limited`, `unavailable` — of each question, as `Slots.take`. */
export function boundedLog(log: RoutedLog): RoutedLog {
  const slots = new Slots("queries", limits);
  function bounded<Rest extends unknown[], Answer>(
    ask: (teamId: string, ...rest: Rest) => Promise<Answer>,
  ) {
    return async (teamId: string, ...rest: Rest): Promise<Answer> => {
      const giveBack = slots.take(teamId);
      try {
        return await ask(teamId, ...rest);
      } finally {
        giveBack();
      }
    };
  }
  return {
    page: bounded((...asked) => log.page(...asked)),
    find: bounded((...asked) => log.find(...asked)),
    count: bounded((...asked) => log.count(...asked)),
    facets: bounded((...asked) => log.facets(...asked)),
    histogram: bounded((...asked) => log.histogram(...asked)),
    metrics: bounded((...asked) => log.metrics(...asked)),
    losses: bounded((...asked) => log.losses(...asked)),
    remove: (...asked) => log.remove(...asked),
    removeServer: (...asked) => log.removeServer(...asked),
  };
}
