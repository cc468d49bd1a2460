/**
 * The same promises at the sizes at which engines change their ways: more calls than fit into one piece, more
 * values than codes of 8 or 16 bits, starts further apart than offsets of 32 bits, thousands of small appends.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Call, CallStatus } from "../../../src/call.ts";
import type { CallFilter } from "../../../src/store/call-filter.ts";
import {
  type CallLog,
  type CallStatistics,
  facetFields,
  type NamedStatistics,
} from "../../../src/store/call-log.ts";
import { call, id, otherTeamId, startMs, teamId } from "../builders.ts";
import { sequence } from "./samples.ts";
import {
  dayMs,
  endOf,
  follow,
  hourMs,
  ids,
  idsAfter,
  idsOf,
  newestFirst,
  type OpenCallLog,
  summary,
  walk,
} from "./walks.ts";

const manyCalls = 70_000;
const singleCalls = 2_200;

export function growing(open: OpenCallLog): void {
  describe("a log of 70,000 calls", { timeout: 120_000 }, () => {
    let log: CallLog;
    let before: string;
    let all: readonly Call[];
    let own: readonly Call[];
    let newest: readonly Call[];
    beforeAll(async () => {
      log = await open();
      all = clusteredCalls(manyCalls);
      own = all.filter((each) => each.teamId === teamId);
      newest = newestFirst(own);
      before = await endOf(log);
      // Most in the order in which they end; the last ones at once, out of every order.
      const last = manyCalls - 20_000;
      for (let n = 0; n < last; n += 2_500) await log.append(all.slice(n, n + 2_500));
      await log.append(all.slice(last));
      await log.sweep();
    }, 120_000);
    afterAll(() => log[Symbol.asyncDispose]());

    test("any offset is reached, and the page is the one of that place", async () => {
      for (const offset of [0, 1, 255, 256, 8_191, 8_192, 30_000, own.length - 3]) {
        const page = await log.page(teamId, { limit: 20, offset });
        expect(page.calls).toEqual(newest.slice(offset, offset + 20).map(summary));
        expect(page.next === null).toBe(offset + 20 >= own.length);
      }
      const beyond = await log.page(teamId, { limit: 20, offset: own.length });
      expect(beyond).toEqual({ calls: [], next: null });
    });

    test("an offset after a cursor counts from there, at any depth", async () => {
      for (const offset of [40, 16_000, 50_000]) {
        const { next } = await log.page(teamId, { limit: 5, offset });
        const page = await log.page(teamId, { limit: 5, offset: 8_190, cursor: next ?? "" });
        expect(ids(page)).toEqual(idsOf(newest.slice(offset + 8_195, offset + 8_200)));
      }
    });

    test("a walk of a fifth of it meets each call once, in order", async () => {
      const filter = { serverIds: [0, 4, 8, 12, 16].map((n) => id(`server ${n}`)) };
      const expected = newest.filter((each) => filter.serverIds.includes(each.serverId));
      expect(expected.length).toBeGreaterThan(10_000);
      expect(idsOf(await walk(log, { ...filter, limit: 1_000 }))).toEqual(idsOf(expected));
    });

    test("every call arrives once, in the order of appending", async () => {
      expect(await idsAfter(log, before)).toEqual(idsOf(own));
    });

    test("a position in the midst goes on from there", async () => {
      const query = { filter: {}, after: before, limit: 1_000 };
      let position = before;
      for (let n = 0; n < 20; n++)
        position = (await log.arrivals(teamId, { ...query, after: position })).next;
      const { arrivals } = await log.arrivals(teamId, { ...query, after: position, limit: 3 });
      const at = own.findIndex((each) => each.id === arrivals[0]?.call.id);
      expect(idsOf(arrivals.map((each) => each.call))).toEqual(idsOf(own.slice(at, at + 3)));
      expect(at).toBeGreaterThan(0);
    });

    test.for(filtersAtDepth())("%o finds what it says", async (filter) => {
      const matches = predicateOf(filter);
      const expected = newest.filter(matches);
      expect(expected.length).toBeGreaterThan(0);
      expect(await log.count(teamId, filter)).toBe(expected.length);
      const page = await log.page(teamId, { ...filter, limit: 25 });
      expect(page.calls).toEqual(expected.slice(0, 25).map(summary));
      const arrived = own.filter(matches);
      if (arrived.length > 2_000) return;
      expect(await idsAfter(log, before, filter)).toEqual(idsOf(arrived));
      // The last of them, where a reader has passed over all others.
      const offset = expected.length - 1;
      expect(ids(await log.page(teamId, { ...filter, limit: 9, offset }))).toEqual(
        idsOf(expected.slice(offset)),
      );
    });

    test("each of 70,000 sessions is one value, with its calls", async () => {
      const fields = ["sessionId"] as const;
      const { sessionId } = await log.facets(teamId, { filter: {}, fields, valuesMax: 1_000 });
      const sessions = own.map((each) => each.sessionId).sort();
      expect(new Set(sessions).size).toBe(own.length);
      expect(own.length).toBeGreaterThan(65_536);
      const first = sessions.slice(0, 1_000).map((value) => ({ value, calls: 1 }));
      expect(sessionId).toEqual(first);
    });

    test("facets of all fields count what is there, under filters, too", async () => {
      const window = { sinceMs: startMs + 30 * dayMs, untilMs: startMs + 200 * dayMs };
      const filters: CallFilter[] = [
        {},
        { window },
        { serverIds: [id("server 3")], window },
        { statuses: ["error"], minDurationMs: 2 ** 32 },
      ];
      for (const filter of filters) {
        const calls = own.filter(predicateOf(filter));
        const facets = await log.facets(teamId, { filter, fields: facetFields, valuesMax: 400 });
        for (const field of facetFields) {
          const counts = new Map<string, number>();
          for (const each of calls) counts.set(each[field], (counts.get(each[field]) ?? 0) + 1);
          const values = [...counts]
            .map(([value, number]) => ({ value, calls: number }))
            .sort((a, b) => b.calls - a.calls || (a.value < b.value ? -1 : 1));
          expect(facets[field]).toEqual(values.slice(0, 400));
        }
      }
    });

    test("histogram and metrics over more than a year agree with each other and with the calls", async () => {
      const window = { sinceMs: startMs - dayMs, untilMs: startMs + 401 * dayMs };
      const bucketMs = 7 * dayMs;
      const buckets = await log.histogram(teamId, { filter: { window }, bucketMs });
      const { total, series, byTool } = await log.metrics(teamId, { window, bucketMs });
      const within = own.filter(predicateOf({ window }));
      expect(total.totalCalls).toBe(within.length);
      expect(total.maxDurationMs).toBe(Math.max(...within.map((each) => each.durationMs)));
      expect(byTool.length).toBeGreaterThan(256);
      expect(
        buckets.map(({ startMs: at, ...n }) => [at, n.successCount, n.errorCount, n.timeoutCount]),
      ).toEqual(
        series.map((each) => [each.startMs, each.successCount, each.errorCount, each.timeoutCount]),
      );
      for (const { startMs: at, totalCalls } of series.filter((_, n) => n % 9 === 0)) {
        const part = { window: { sinceMs: at, untilMs: at + bucketMs } };
        expect(totalCalls).toBe(within.filter(predicateOf(part)).length);
      }
    });

    test("calls are found by id, and known when they come again", async () => {
      for (const n of [0, 1, 8_191, 8_192, 49_999, 50_000, 65_536, manyCalls - 1]) {
        const each = all[n] as Call;
        expect(await log.find(each.teamId, each.id)).toEqual(each);
      }
      const again = [...all.slice(0, 500), ...all.slice(-9_000)];
      expect(await log.append(again)).toEqual({ stored: 0, known: 9_500, discarded: 0 });
    });

    // The last one: it changes the log.
    test("removals by id, server and age leave the rest whole", async () => {
      const server = id("server 7");
      const prunedMs = startMs + 50 * dayMs;
      const bareMs = startMs + 120 * dayMs;
      const removed = new Set(newest.filter((_, n) => n % 3_500 === 17).map((each) => each.id));
      for (const one of removed) expect(await log.remove(teamId, one)).toBe(true);
      const ofServer = own.filter((each) => each.serverId === server && !removed.has(each.id));
      expect(await log.removeServer(teamId, server)).toBe(ofServer.length);
      const old = all.filter(
        (each) => each.startedAtMs < prunedMs && !removed.has(each.id) && !ofServer.includes(each),
      );
      expect(await log.prune(prunedMs)).toBe(old.length);
      await log.pruneBodies(bareMs);
      await log.sweep();
      const left = newest.filter(
        (each) => !removed.has(each.id) && each.serverId !== server && each.startedAtMs >= prunedMs,
      );
      expect(await log.count(teamId, {})).toBe(left.length);
      const offset = left.findIndex((each) => each.startedAtMs < bareMs) - 10;
      const page = await log.page(teamId, { limit: 20, offset });
      expect(ids(page)).toEqual(idsOf(left.slice(offset, offset + 20)));
      expect(page.calls.map((each) => each.requestBody === "")).toEqual(
        Array.from({ length: 20 }, (_, n) => n >= 10),
      );
      const arrived = own.filter((each) => left.includes(each));
      expect(await idsAfter(log, before, { serverIds: [id("server 2")] })).toEqual(
        idsOf(arrived.filter((each) => each.serverId === id("server 2"))),
      );
      const { serverId = [] } = await log.facets(teamId, {
        filter: {},
        fields: ["serverId"],
        valuesMax: 100,
      });
      expect(serverId.reduce((sum, each) => sum + each.calls, 0)).toBe(left.length);
      expect(serverId).toHaveLength(19);
    });
  });

  describe("thousands of appends of one call", { timeout: 120_000 }, () => {
    test("every answer is right all the while, removals and sweeps in between", async () => {
      await using log = await open();
      const all = clusteredCalls(singleCalls).map((each) => ({ ...each, teamId }));
      const before = await endOf(log);
      const there = new Map<string, Call>();
      const random = sequence(1);
      const check = async () => {
        const left = [...there.values()];
        expect(await log.count(teamId, {})).toBe(left.length);
        const filter = { toolNames: ["tool 7", "tool 8"], statuses: ["success"] as const };
        expect(await log.count(teamId, filter)).toBe(left.filter(predicateOf(filter)).length);
        const offset = Math.floor(random() * left.length);
        expect(await log.page(teamId, { limit: 10, offset })).toMatchObject({
          calls: newestFirst(left)
            .slice(offset, offset + 10)
            .map(summary),
        });
      };
      for (const [index, each] of all.entries()) {
        expect(await log.append([each])).toMatchObject({ stored: 1 });
        there.set(each.id, each);
        if (index % 11 === 0) {
          const one = all[Math.floor(random() * index)]?.id ?? "";
          expect(await log.remove(teamId, one)).toBe(there.delete(one));
        }
        if (index % 300 === 299) await check();
        if (index % 1_000 === 500) {
          const server = id(`server ${Math.floor(index / 1_000)}`);
          const doomed = [...there.values()].filter((other) => other.serverId === server);
          expect(await log.removeServer(teamId, server)).toBe(doomed.length);
          for (const other of doomed) there.delete(other.id);
          // Those to come are of servers that are still there.
          for (const [at, other] of all.entries())
            if (at > index && other.serverId === server)
              all[at] = { ...other, serverId: id("server 19") };
        }
        if (index % 700 === 600) await log.sweep();
      }
      const prunedMs = startMs + 100 * dayMs;
      const old = [...there.values()].filter((each) => each.startedAtMs < prunedMs);
      expect(await log.prune(prunedMs)).toBe(old.length);
      for (const each of old) there.delete(each.id);
      await check();
      await log.sweep();
      await check();
      expect(await idsAfter(log, before)).toEqual([...there.keys()]);
      expect(idsOf(await walk(log, { limit: 1_000 }))).toEqual(
        idsOf(newestFirst([...there.values()])),
      );
      for (const each of [...there.values()].filter((_, n) => n % 100 === 0))
        expect(await log.find(teamId, each.id)).toEqual(each);
    });
  });

  describe("10,000 calls of one team within four days", { timeout: 120_000 }, () => {
    test("metrics are those of the calls, whole or in part, before and after removals", async () => {
      await using log = await open();
      const random = sequence(10_000);
      const whole = (below: number) => Math.floor(random() * below);
      const endMs = startMs + 4 * dayMs;
      let left = Array.from({ length: 10_000 }, (_, n) => {
        const status = (["success", "success", "error", "timeout"] as const)[whole(4)] ?? "error";
        return call(`${n}`, {
          startedAtMs: startMs + n * 34_000 + whole(60_000),
          durationMs:
            whole(50) === 0 ? 2 ** 31 + whole(2 ** 31) : Math.floor(random() ** 4 * 90_000),
          serverId: id(`server ${whole(5)}`),
          toolName: whole(9) === 0 ? "" : `tool ${Math.min(whole(400), whole(400))}`,
          method: `method ${whole(3)}`,
          clientName: `client ${whole(40)}`,
          status,
          requestBody: "",
          responseBody: "",
        });
      });
      for (let n = 0; n < 10_000; n += 999) await log.append(left.slice(n, n + 1_999));
      const everything = { sinceMs: startMs - dayMs, untilMs: endMs + dayMs };
      const check = async () => {
        for (const filter of [
          { window: everything },
          { window: { sinceMs: startMs + hourMs + 1, untilMs: endMs - dayMs } },
          { window: everything, serverIds: [id("server 2"), id("server 4")] },
          { window: everything, toolNames: ["tool 1", "", "tool 300"] },
          { window: everything, methods: ["method 0", "method 1", "method 2"] },
          { window: everything, methods: ["method 0"], toolNames: ["tool 7"] },
        ]) {
          const matching = left.filter(predicateOf(filter));
          // What is in hours may have been summed up; what is not, hardly.
          const widths = "methods" in filter ? [5 * hourMs] : [hourMs, dayMs, 7_000_000];
          for (const bucketMs of widths) {
            const found = await log.metrics(teamId, { ...filter, bucketMs });
            expect(found.total.totalCalls).toBe(await log.count(teamId, filter));
            const wrong = [
              ...differences("in all", found.total, matching),
              ...groupDifferences(found.byServer, matching, (each) => each.serverId),
              ...groupDifferences(found.byTool, matching, (each) => each.toolName),
              ...groupDifferences(found.byMethod, matching, (each) => each.method),
              ...groupDifferences(found.byClient, matching, (each) => each.clientName),
              ...groupDifferences(
                found.series.map(({ startMs: at, ...rest }) => ({ name: `${at}`, ...rest })),
                matching,
                (each) => `${Math.floor(each.startedAtMs / bucketMs) * bucketMs}`,
              ),
            ];
            expect(wrong).toEqual([]);
          }
        }
      };
      await check();
      const removed = new Set(left.filter((_, n) => n % 2_500 === 9));
      for (const each of removed) await log.remove(teamId, each.id);
      await log.removeServer(teamId, id("server 3"));
      await log.prune(startMs + 10 * hourMs);
      left = left
        .filter((each) => !removed.has(each) && each.serverId !== id("server 3"))
        .filter((each) => each.startedAtMs >= startMs + 10 * hourMs);
      await check();
      await log.sweep();
      await check();
    });
  });

  describe("a batch of 20,000 calls that started over years", { timeout: 120_000 }, () => {
    test("is one batch: stored, followed, listed and pruned whole", async () => {
      await using log = await open();
      const all = Array.from({ length: 20_000 }, (_, n) =>
        call(`${n}`, {
          // Steps of a prime number of days: neighbours lie decades apart, from 1942 to 1997.
          startedAtMs: (((n * 7_919) % 20_000) - 10_000) * dayMs,
          toolName: `tool ${n % 9_000}`,
          requestBody: "",
        }),
      );
      const before = await endOf(log);
      expect(await log.append(all)).toEqual({ stored: 20_000, known: 0, discarded: 0 });
      const { arrivals } = await follow(log, { filter: {}, after: before, limit: 1_000 });
      expect(arrivals.map((each) => each.call.id)).toEqual(idsOf(all));
      const newest = newestFirst(all);
      for (const offset of [0, 8_190, 16_384, 19_990]) {
        const page = await log.page(teamId, { limit: 10, offset });
        expect(page.calls).toEqual(newest.slice(offset, offset + 10).map(summary));
      }
      for (const tool of [0, 255, 256, 1_999, 8_191, 8_999]) {
        const filter = { toolNames: [`tool ${tool}`] };
        expect(await log.count(teamId, filter)).toBe(tool < 2_000 ? 3 : 2);
      }
      const window = { sinceMs: -dayMs, untilMs: dayMs };
      expect(await log.count(teamId, { window })).toBe(2);
      expect(await log.prune(0)).toBe(all.filter((each) => each.startedAtMs < 0).length);
      expect(await log.append(all.slice(0, 3))).toMatchObject({
        known: all.slice(0, 3).filter((each) => each.startedAtMs >= 0).length,
      });
    });
  });
}

/** Where the statistics of groups are not those of the calls; empty groups may be listed. */
function groupDifferences(
  groups: readonly NamedStatistics[],
  calls: readonly Call[],
  nameOf: (call: Call) => string,
): string[] {
  const byName = Map.groupBy(calls, nameOf);
  const wrong = groups.flatMap(({ name, ...found }) => {
    return differences(name, found, byName.get(name) ?? []);
  });
  const listed = new Set(groups.map(({ name }) => name));
  const missing = [...byName.keys()].filter((name) => name !== "" && !listed.has(name));
  return [...wrong, ...missing.map((name) => `${name} is missing`)];
}

/** Durations of more than 2^31 - 1 ms count as that long in percentiles. */
function differences(name: string, found: CallStatistics, calls: readonly Call[]): string[] {
  const durations = Float64Array.from(calls, (each) => each.durationMs).sort();
  const numberOf = (status: CallStatus) => calls.filter((each) => each.status === status).length;
  const sum = durations.reduce((total, each) => total + each, 0);
  const { p50DurationMs, p95DurationMs, p99DurationMs, ...rest } = found;
  const expected = {
    totalCalls: calls.length,
    successCount: numberOf("success"),
    errorCount: numberOf("error"),
    timeoutCount: numberOf("timeout"),
    avgDurationMs: calls.length === 0 ? null : Math.round(sum / calls.length),
    maxDurationMs: durations.at(-1) ?? null,
  };
  const wrong = Object.entries(expected)
    .filter(([key, value]) => rest[key as keyof typeof rest] !== value)
    .map(([key, value]) => `${name}: ${key} is ${rest[key as keyof typeof rest]}, not ${value}`);
  for (const [percentile, ms] of [
    [50, p50DurationMs],
    [95, p95DurationMs],
    [99, p99DurationMs],
  ] as const) {
    const exactMs = durations[Math.ceil((percentile * calls.length) / 100) - 1];
    const countedMs = exactMs === undefined ? null : Math.min(exactMs, 2 ** 31 - 1);
    const isNear =
      ms === null || countedMs === null
        ? ms === countedMs
        : Math.abs(ms - countedMs) <= Math.max(1, countedMs * 0.02);
    if (!isNear) wrong.push(`${name}: p${percentile} is ${ms}, not near ${countedMs}`);
  }
  return wrong;
}

/**
 * Calls in the order in which they end: bursts within a millisecond or three, over 400 days; a few that ran for
 * weeks. Every session is another; 300 tools; few calls belong to others.
 */
function clusteredCalls(count: number): Call[] {
  const random = sequence(count);
  const whole = (below: number) => Math.floor(random() * below);
  const made = Array.from({ length: count }, (_, n) => {
    const failed = whole(20) === 0;
    const label = `clustered ${n}`;
    return call(label, {
      teamId: whole(25) === 0 ? otherTeamId : teamId,
      serverId: id(`server ${whole(20)}`),
      startedAtMs: startMs + (whole(500) * (400 * dayMs)) / 500 + whole(3),
      durationMs: whole(100) === 0 ? 2 ** 32 - 50 + whole(100) : whole(2_000),
      sessionId: (n * 2_654_435_761).toString(16).padStart(32, "0"),
      toolName: `tool ${Math.min(whole(300), whole(600))}`,
      method: whole(10) === 0 ? "tools/list" : "tools/call",
      clientName: `client ${whole(5)}`,
      status: failed ? "error" : "success",
      errorKind: failed ? "tool" : "",
      errorMessage: failed ? `failure ${n}` : "",
      requestBody: `{"n":${n}}`,
      responseBody: n % 7_000 === 77 ? "a needle in it" : "",
      ...(n % 1_000 === 3 ? { parentId: id(`call clustered ${n - 1}`) } : {}),
      ...(n % 997 === 5 ? { logicalId: id(`call clustered ${n - 2}`) } : {}),
    });
  });
  const sorted = made.toSorted(
    (a, b) => a.startedAtMs + a.durationMs - b.startedAtMs - b.durationMs,
  );
  const last = Math.floor((count * 5) / 7);
  const shuffled = sorted.slice(last).map((each) => [random(), each] as const);
  return [...sorted.slice(0, last), ...shuffled.sort(([a], [b]) => a - b).map(([, each]) => each)];
}

function filtersAtDepth(): CallFilter[] {
  return [
    ...[0, 255, 256, 65_535, 65_536, manyCalls - 1].map((n) => ({
      sessionIds: [(n * 2_654_435_761).toString(16).padStart(32, "0")],
    })),
    { toolNames: ["tool 299"] },
    { toolNames: ["tool 255", "tool 256", "tool 257"], methods: ["tools/list"] },
    { serverIds: [id("server 5")], toolNames: ["tool 3"], statuses: ["error"] },
    { statuses: ["error"] },
    { clientNames: ["client 4"], methods: ["tools/list"], errorKinds: ["tool"] },
    { minDurationMs: 2_000 },
    { minDurationMs: 2 ** 32 },
    { minDurationMs: 2 ** 32 - 1, maxDurationMs: 2 ** 32 },
    { window: { sinceMs: startMs + 160 * dayMs, untilMs: startMs + 160 * dayMs + 1 } },
    { window: { sinceMs: startMs + 160 * dayMs + 1, untilMs: startMs + 162 * dayMs } },
    { window: { untilMs: startMs + 1 } },
    { window: { sinceMs: startMs + 399 * dayMs }, toolNames: ["tool 1", "tool 2"] },
    { parentIds: [2, 1_002, 69_002].map((n) => id(`call clustered ${n}`)) },
    { logicalIds: [id("call clustered 3"), id("call clustered 4000")] },
    { logicalIds: [id("call clustered 1000")] },
    { exclude: { serverIds: [id("server 5")], statuses: ["success"] } },
    { exclude: { sessionIds: ["0".repeat(32)] }, statuses: ["error"] },
    { text: "needle" },
    { text: '"a needle" it', statuses: ["success"], minDurationMs: 1 },
    { text: '"failure 1"', statuses: ["error"], window: { sinceMs: startMs + 300 * dayMs } },
  ];
}

/** The field that each list of a filter is about. */
const fieldOf = {
  serverIds: "serverId",
  methods: "method",
  toolNames: "toolName",
  statuses: "status",
  kinds: "kind",
  directions: "direction",
  sessionIds: "sessionId",
  parentIds: "parentId",
  logicalIds: "logicalId",
  clientNames: "clientName",
  errorKinds: "errorKind",
} as const satisfies Partial<Record<keyof CallFilter, keyof Call>>;

/** For filters of these tests, whose texts are terms of lower case. */
function predicateOf(filter: CallFilter): (each: Call) => boolean {
  const { window = {}, text = "", exclude, ...rest } = filter;
  const { minDurationMs = 0, maxDurationMs = Infinity, ...lists } = rest;
  const { sinceMs = -Infinity, untilMs = Infinity } = window;
  const terms = [...text.matchAll(/"([^"]+)"|\S+/g)].map(([word, phrase]) => phrase ?? word);
  const [wanted, unwanted] = [lists, exclude ?? {}].map((fields) =>
    Object.entries(fields).map(([key, values]) => {
      const set = new Set<unknown>(values);
      return (each: Call) => set.has(each[fieldOf[key as keyof typeof fieldOf]]);
    }),
  );
  return (each) =>
    each.startedAtMs >= sinceMs &&
    each.startedAtMs < untilMs &&
    each.durationMs >= minDurationMs &&
    each.durationMs <= maxDurationMs &&
    wanted?.every((isWanted) => isWanted(each)) === true &&
    unwanted?.some((isUnwanted) => isUnwanted(each)) === false &&
    terms.every((term) =>
      [each.requestBody, each.responseBody, each.errorMessage].some((body) => body.includes(term)),
    );
}
