/** What `facets` and `histogram` promise, beside that they agree with every filter (filtering.ts). */
import { describe, expect, test } from "vitest";
import type { Call } from "../../../src/call.ts";
import { facetFields } from "../../../src/store/call-log.ts";
import { call, calls, id, otherTeamId, startMs, teamId } from "../builders.ts";
import { mixedCalls } from "./samples.ts";
import { dayMs, hourMs, type OpenCallLog } from "./walks.ts";

export function grouping(open: OpenCallLog): void {
  describe("facets", () => {
    test("each value is counted as the filter of its field counts it", async () => {
      await using log = await open();
      await log.append(mixedCalls(300));
      const filter = { maxDurationMs: 2_000, text: "a" };
      const query = { filter, fields: facetFields, valuesMax: 1_000 };
      const { toolName = [], errorKind = [], status = [] } = await log.facets(teamId, query);
      const total = await log.count(teamId, filter);
      for (const values of [toolName, errorKind, status])
        expect(values.reduce((sum, each) => sum + each.calls, 0)).toBe(total);
      for (const { value, calls: number } of toolName)
        expect(await log.count(teamId, { ...filter, toolNames: [value] })).toBe(number);
    });

    test("the most frequent values come first, equally frequent ones by their UTF-16 units", async () => {
      await using log = await open();
      const names = ["b", "b", "\uffff", "😀", "a", "A", "", "ab", "a\u0000", "é", "e\u0301"];
      await log.append(names.map((toolName, n) => call(`${n}`, { toolName })));
      const query = { filter: {}, fields: ["toolName"] as const, valuesMax: 100 };
      const { toolName = [] } = await log.facets(teamId, query);
      const ordered = ["b", "", "A", "a", "a\u0000", "ab", "e\u0301", "é", "😀", "\uffff"];
      expect(toolName.map(({ value }) => value)).toEqual(ordered);
      expect(toolName[0]).toEqual({ value: "b", calls: 2 });
    });

    test("at most so many values as asked for, the first ones, of each field", async () => {
      await using log = await open();
      const all = calls(2_000).map((each, n) => ({
        ...each,
        sessionId: `${n % 1_500}`.padStart(32, "0"),
        toolName: `tool ${n % 3}`,
      }));
      await log.append(all);
      const fields = ["sessionId", "toolName"] as const;
      for (const valuesMax of [1, 2, 500, 1_000]) {
        const facets = await log.facets(teamId, { filter: {}, fields, valuesMax });
        // Sessions 0 to 499 have two calls.
        const first = Array.from({ length: valuesMax }, (_, n) => ({
          value: `${n}`.padStart(32, "0"),
          calls: n < 500 ? 2 : 1,
        }));
        expect(facets.sessionId).toEqual(first);
        expect(facets.toolName).toHaveLength(Math.min(3, valuesMax));
      }
    });

    test("only the fields that were asked for are there, and no call makes no values", async () => {
      await using log = await open();
      await log.append([call("a"), call("theirs", { teamId: otherTeamId })]);
      const filter = {};
      expect(await log.facets(teamId, { filter, fields: ["kind"], valuesMax: 5 })).toEqual({
        kind: [{ value: "request", calls: 1 }],
      });
      expect(await log.facets(teamId, { filter, fields: [], valuesMax: 5 })).toEqual({});
      const nobody = await log.facets(id("no team"), { filter, fields: facetFields, valuesMax: 5 });
      expect(nobody).toEqual(Object.fromEntries(facetFields.map((field) => [field, []])));
    });

    test("a filter narrows the values of its own field, too", async () => {
      await using log = await open();
      await log.append(["x", "x", "y", "z"].map((toolName, n) => call(`${n}`, { toolName })));
      const filter = { toolNames: ["x", "y"] };
      expect(await log.facets(teamId, { filter, fields: ["toolName"], valuesMax: 9 })).toEqual({
        toolName: [
          { value: "x", calls: 2 },
          { value: "y", calls: 1 },
        ],
      });
    });

    test("what was removed is not counted, and what lost its bodies is", async () => {
      await using log = await open();
      await log.append(calls(40).map((each, n) => ({ ...each, serverId: id(`server ${n % 4}`) })));
      await log.remove(teamId, call("15").id);
      await log.removeServer(teamId, id("server 1"));
      await log.prune(startMs + 10_000);
      await log.pruneBodies(startMs + 20_000);
      const query = { filter: {}, fields: ["serverId"] as const, valuesMax: 9 };
      const { serverId } = await log.facets(teamId, query);
      // Of calls 10 to 39: every fourth from 12, from 10, and from 11 without 15.
      const equal = [id("server 0"), id("server 3")].map((value) => ({ value, calls: 7 }));
      expect(serverId).toEqual([
        { value: id("server 2"), calls: 8 },
        ...equal.sort((a, b) => (a.value < b.value ? -1 : 1)),
      ]);
    });
  });

  describe("histogram", () => {
    const at = (offsetMs: number, changes: Partial<Call> = {}) =>
      call(`at ${offsetMs}`, { startedAtMs: offsetMs, ...changes });

    test("every bucket that overlaps the window is there, with the calls within both", async () => {
      await using log = await open();
      await log.append([
        at(9, { status: "error" }),
        at(10),
        at(19, { status: "timeout" }),
        at(20),
        at(39),
        at(40),
        at(12, { teamId: otherTeamId }),
      ]);
      const histogram = (sinceMs: number, untilMs: number) =>
        log.histogram(teamId, { filter: { window: { sinceMs, untilMs } }, bucketMs: 10 });
      const bucket = (startMs: number, success = 0, error = 0, timeout = 0) => ({
        startMs,
        successCount: success,
        errorCount: error,
        timeoutCount: timeout,
      });
      expect(await histogram(10, 40)).toEqual([bucket(10, 1, 0, 1), bucket(20, 1), bucket(30, 1)]);
      expect(await histogram(10, 41)).toHaveLength(4);
      expect(await histogram(9, 20)).toEqual([bucket(0, 0, 1), bucket(10, 1, 0, 1)]);
      expect(await histogram(11, 20)).toEqual([bucket(10, 0, 0, 1)]);
      expect(await histogram(19, 21)).toEqual([bucket(10, 0, 0, 1), bucket(20, 1)]);
      expect(await histogram(41, 71)).toEqual([40, 50, 60, 70].map((ms) => bucket(ms)));
      expect(await histogram(15, 15)).toEqual([]);
      expect(await histogram(20, 10)).toEqual([]);
    });

    test("buckets before 1970 start at whole multiples, too", async () => {
      await using log = await open();
      await log.append([at(-1), at(-10), at(-11), at(0)]);
      const query = { filter: { window: { sinceMs: -15, untilMs: 5 } }, bucketMs: 10 };
      const found = await log.histogram(teamId, query);
      expect(found.map((each) => [each.startMs, each.successCount])).toEqual([
        [-20, 1],
        [-10, 2],
        [0, 1],
      ]);
    });

    test("its numbers agree with count, removals included", async () => {
      await using log = await open();
      const mixed = mixedCalls(300);
      await log.append(mixed);
      await log.removeServer(teamId, id("server 2"));
      await log.prune(startMs + dayMs);
      for (const each of mixed.slice(0, 20)) await log.remove(teamId, each.id);
      const window = { sinceMs: startMs + hourMs, untilMs: startMs + 4 * dayMs };
      const filter = { toolNames: ["one", "Two", ""] };
      const query = { filter: { ...filter, window }, bucketMs: 5 * hourMs };
      const buckets = await log.histogram(teamId, query);
      for (const { startMs: from, ...counts } of buckets) {
        const sinceMs = Math.max(from, window.sinceMs);
        const untilMs = Math.min(from + query.bucketMs, window.untilMs);
        for (const [status, number] of [
          ["success", counts.successCount],
          ["error", counts.errorCount],
          ["timeout", counts.timeoutCount],
        ] as const) {
          const part = { ...filter, statuses: [status], window: { sinceMs, untilMs } };
          expect(await log.count(teamId, part)).toBe(number);
        }
      }
      expect(buckets).toHaveLength(20);
    });

    test("10,000 buckets are given, and one more is refused", async () => {
      await using log = await open();
      await log.append([at(9_999), at(10_000)]);
      const histogram = (sinceMs: number, untilMs: number) =>
        log.histogram(teamId, { filter: { window: { sinceMs, untilMs } }, bucketMs: 1 });
      const buckets = await histogram(0, 10_000);
      expect(buckets).toHaveLength(10_000);
      expect(buckets.at(-1)).toMatchObject({ startMs: 9_999, successCount: 1 });
      await expect(histogram(0, 10_001)).rejects.toMatchObject({
        code: "validation_error",
        details: [{ field: "window" }],
      });
    });
  });
}
