/** What reads promise that take a signal. */
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallFilter } from "../../../src/store/call-filter.ts";
import type { CallLog, CallPage } from "../../../src/store/call-log.ts";
import { calls, startMs, teamId } from "../builders.ts";
import { endOf, hourMs, type OpenCallLog } from "./walks.ts";

const window = { sinceMs: startMs - hourMs, untilMs: startMs + 10 * hourMs };

interface Read {
  readonly log: CallLog;
  readonly after: string;
  readonly filter: CallFilter;
  readonly signal: AbortSignal;
}

const reads = {
  page: ({ log, filter, signal }: Read) => log.page(teamId, { ...filter, limit: 9 }, signal),
  arrivals: ({ log, after, filter, signal }: Read) =>
    log.arrivals(teamId, { filter, after, limit: 9 }, signal),
  count: ({ log, filter, signal }: Read) => log.count(teamId, filter, signal),
  facets: ({ log, filter, signal }: Read) =>
    log.facets(teamId, { filter, fields: ["method"], valuesMax: 9 }, signal),
  histogram: ({ log, filter, signal }: Read) =>
    log.histogram(teamId, { filter: { ...filter, window }, bucketMs: hourMs }, signal),
};

const metrics = ({ log, signal }: Read) =>
  log.metrics(teamId, { window, bucketMs: hourMs }, signal);

/** Whole searches: one page, one answer of arrivals MAY end before its calls do. */
const searches = {
  ...reads,
  page: async ({ log, filter, signal }: Read) => {
    let page: CallPage = await log.page(teamId, { ...filter, limit: 9 }, signal);
    for (; page.next !== null; await turn())
      page = await log.page(teamId, { ...filter, limit: 9, cursor: page.next }, signal);
    return page;
  },
  arrivals: async ({ log, after, filter, signal }: Read) => {
    for (let position = after; ; await turn()) {
      const query = { filter, after: position, limit: 9 };
      const { next } = await log.arrivals(teamId, query, signal);
      if (next === position) return next;
      position = next;
    }
  },
};

export function aborting(open: OpenCallLog): void {
  describe("a signal", () => {
    let log: CallLog;
    let after: string;
    // Holds every part of the search's word, and nowhere the word: no index of parts can tell.
    const requestBody = "abcd bcde cdef defg ".repeat(1_000);
    beforeAll(async () => {
      log = await open();
      after = await endOf(log);
      for (let n = 0; n < 3; n++)
        await log.append(
          calls(1_000).map((each, i) => ({
            ...each,
            id: `${each.id.slice(0, -1)}${n}`,
            requestBody: `${requestBody}${i}`,
          })),
        );
    }, 30_000);
    afterAll(() => log[Symbol.asyncDispose]());

    const every = Object.entries({ ...reads, metrics });

    test.for(every)("that is aborted already ends %s with its reason", async ([, read]) => {
      const reason = new Error("nobody waits");
      const signal = AbortSignal.abort(reason);
      for (const filter of [{}, { text: "abcdefg" }, { toolNames: ["nobody's"] }])
        await expect(read({ log, after, filter, signal })).rejects.toBe(reason);
    });

    test.for(every)("that is not aborted changes nothing of %s", async ([, read]) => {
      const { signal } = new AbortController();
      const filter = { methods: ["tools/call"] };
      const unhurried = { log, after, filter, signal: new AbortController().signal };
      expect(await read({ log, after, filter, signal })).toEqual(await read(unhurried));
    });

    test.for(Object.entries(searches))("ends a long search amid %s", async ([, read]) => {
      const controller = new AbortController();
      const reason = new Error("the client left");
      const filter = { text: "abcdefg" };
      const ended = read({ log, after, filter, signal: controller.signal }).then(
        (answer) => ({ answer }),
        (cause: unknown) => ({ cause }),
      );
      await turn();
      controller.abort(reason);
      expect(await ended).toEqual({ cause: reason });
      // Others are answered as ever.
      expect(await log.count(teamId, {})).toBe(3_000);
    });
  });
}
