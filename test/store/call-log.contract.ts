/** The promises of `src/store/call-log.ts`, as tests. Each driver runs all of them. */
import { describe, expect, test } from "vitest";
import type { Call } from "../../src/call.ts";
import type { CallFilter, CallLog, PageQuery } from "../../src/store/call-log.ts";
import { call, calls, id, otherTeamId, startMs, teamId } from "./builders.ts";

const hourMs = 3_600_000;

export function callLogContract(open: () => Promise<CallLog>): void {
  describe("append", () => {
    test("a call comes back whole, whatever it holds", async () => {
      await using log = await open();
      await log.append([fullCall, emptyCall]);
      expect(await log.find(teamId, fullCall.id)).toEqual(fullCall);
      expect(await log.find(teamId, emptyCall.id)).toEqual(emptyCall);
    });

    test("a batch appended twice is stored once", async () => {
      await using log = await open();
      expect(await log.append(calls(3))).toEqual({ stored: 3, known: 0, discarded: 0 });
      expect(await log.append(calls(4))).toEqual({ stored: 1, known: 3, discarded: 0 });
      expect(await log.count(teamId, {})).toBe(4);
      expect(ids(await log.page(teamId, { limit: 10 }))).toEqual(idsOf(calls(4).reverse()));
    });

    test("a call twice in one batch is stored once", async () => {
      await using log = await open();
      const appended = await log.append([call("a"), call("b"), call("a")]);
      expect(appended).toEqual({ stored: 2, known: 1, discarded: 0 });
      expect(await log.count(teamId, {})).toBe(2);
      expect(await log.find(teamId, call("b").id)).toEqual(call("b"));
    });

    test("an empty batch is accepted", async () => {
      await using log = await open();
      expect(await log.append([])).toEqual({ stored: 0, known: 0, discarded: 0 });
    });

    test("calls of a removed server are left out and counted", async () => {
      await using log = await open();
      await log.removeServer(teamId, id("gone"));
      const appended = await log.append([call("a", { serverId: id("gone") }), call("b")]);
      expect(appended).toEqual({ stored: 1, known: 0, discarded: 1 });
      expect(await log.find(teamId, call("a").id)).toBeUndefined();
      expect(await log.count(teamId, {})).toBe(1);
    });

    test("a batch of many calls with large bodies comes back whole", async () => {
      await using log = await open();
      const large = calls(300).map((small, index) => ({
        ...small,
        responseBody: `${index} `.repeat(index % 7 === 0 ? 100_000 : 10),
      }));
      await log.append(large);
      const { calls: found } = await log.page(teamId, { limit: 300 });
      expect(found.map((each) => each.responseBody.length)).toEqual(
        large.map((each) => each.responseBody.length).reverse(),
      );
      expect(await log.find(teamId, call("294").id)).toEqual(large[294]);
    });
  });

  describe("page", () => {
    test("calls are ordered by start, then by id, newest first", async () => {
      await using log = await open();
      const sameStart = calls(20, { startedAtMs: startMs });
      const later = call("later", { startedAtMs: startMs + 1 });
      const earlier = call("earlier", { startedAtMs: startMs - 1 });
      await log.append([...sameStart, later, earlier]);
      const expected = [later.id, ...idsOf(sameStart).sort().reverse(), earlier.id];
      expect(ids(await log.page(teamId, { limit: 100 }))).toEqual(expected);
    });

    test("a page holds all of a call but its transcript", async () => {
      await using log = await open();
      await log.append([fullCall]);
      const { messages, ...summary } = fullCall;
      expect((await log.page(teamId, { limit: 1 })).calls).toEqual([summary]);
    });

    test("a page ends with null when no call follows, and only then", async () => {
      await using log = await open();
      await log.append(calls(4));
      expect((await log.page(teamId, { limit: 4 })).next).toBeNull();
      expect((await log.page(teamId, { limit: 3 })).next).not.toBeNull();
      expect((await log.page(teamId, { limit: 2, offset: 2 })).next).toBeNull();
      expect(await log.page(teamId, { limit: 2, offset: 4 })).toEqual({ calls: [], next: null });
    });

    test("a walk meets each call of its first page's time once, whatever is appended meanwhile", async () => {
      await using log = await open();
      const before = calls(25, { startedAtMs: startMs }).concat(calls(50).slice(25));
      await log.append(before);
      const met: string[] = [];
      let cursor: string | null = null;
      let round = 0;
      do {
        const query: PageQuery = { limit: 7, ...(cursor === null ? {} : { cursor }) };
        const page = await log.page(teamId, query);
        met.push(...ids(page));
        cursor = page.next;
        // Newer, older and of the very same millisecond.
        await log.append([
          call(`newer ${round}`, { startedAtMs: startMs + hourMs }),
          call(`same ${round}`, { startedAtMs: startMs }),
          call(`older ${round++}`, { startedAtMs: startMs - round }),
        ]);
      } while (cursor !== null && round < 50);
      expect(new Set(met).size).toBe(met.length);
      expect(idsOf(before).filter((one) => !met.includes(one))).toEqual([]);
    });

    test("an offset skips calls after the cursor", async () => {
      await using log = await open();
      await log.append(calls(10));
      const newest = idsOf(calls(10).reverse());
      expect(ids(await log.page(teamId, { limit: 3, offset: 2 }))).toEqual(newest.slice(2, 5));
      const { next } = await log.page(teamId, { limit: 2 });
      const page = await log.page(teamId, { limit: 3, offset: 4, cursor: next ?? "" });
      expect(ids(page)).toEqual(newest.slice(6, 9));
    });

    test.for([
      { name: "empty", cursor: "" },
      { name: "words", cursor: "not a cursor" },
      { name: "padded", cursor: `${"A".repeat(34)}==` },
      { name: "too short", cursor: "AQ" },
      { name: "too long", cursor: "A".repeat(10_000) },
      { name: "of another version", cursor: "A".repeat(34) },
    ])("a cursor that was not issued is refused by name: $name", async ({ cursor }) => {
      await using log = await open();
      await expect(log.page(teamId, { limit: 1, cursor })).rejects.toMatchObject({
        code: "validation_error",
        details: [{ field: "cursor" }],
      });
    });

    test("bodies are cut to the length asked for, never within a character", async () => {
      await using log = await open();
      const [requestBody, responseBody] = ["é".repeat(100), `${"x".repeat(9)}😀${"y".repeat(9)}`];
      await log.append([call("a", { requestBody, responseBody })]);
      const { calls: cut } = await log.page(teamId, { limit: 1, bodyMaxLength: 10 });
      expect(cut[0]).toMatchObject({
        requestBody: "é".repeat(10),
        responseBody: `${"x".repeat(9)}😀`,
      });
      const { calls: whole } = await log.page(teamId, { limit: 1, bodyMaxLength: 100 });
      expect(whole[0]).toMatchObject({ requestBody, responseBody });
    });
  });

  describe("filters", () => {
    const varied = [
      call("a", { serverId: id("s1"), method: "tools/call", toolName: "one" }),
      call("b", { serverId: id("s2"), method: "tools/list", toolName: "", clientName: "" }),
      call("c", { status: "error", errorKind: "tool", toolName: "two", durationMs: 500 }),
      call("d", { status: "timeout", errorKind: "timeout", sessionId: "5e55", durationMs: 501 }),
      call("e", { kind: "notification", method: "notifications/progress", toolName: "" }),
      call("f", { direction: "server", method: "sampling/createMessage", toolName: "" }),
      call("g", { kind: "http", method: "GET", clientName: "other", sessionId: "0ff5" }),
      call("h", { status: "error", errorKind: "http", errorMessage: "Überlauf im Feld" }),
      call("i", {
        requestBody: "Alpha BRAVO",
        responseBody: "charlie 100%",
        parentId: id("call a"),
      }),
      call("j", { logicalId: id("call a"), parentId: id("call a"), toolName: "two" }),
      call("k", { logicalId: id("gone"), parentId: id("gone"), status: "error", method: "m" }),
    ];
    const table: readonly (CallFilter & { readonly finds: string })[] = [
      { finds: "abcdefghijk" },
      { serverIds: [id("s1")], finds: "a" },
      { serverIds: [id("s1"), id("s2")], finds: "ab" },
      { serverIds: [id("nobody")], finds: "" },
      { serverIds: [id("nobody"), id("s2")], finds: "b" },
      { methods: ["tools/list"], finds: "b" },
      { methods: ["tools/call"], finds: "acdhij" },
      { methods: ["tools/list", "GET", "tools/list"], finds: "bg" },
      { methods: ["TOOLS/LIST"], finds: "" },
      { toolNames: ["two"], finds: "cj" },
      { toolNames: [""], finds: "bef" },
      { toolNames: ["", "two"], finds: "bcefj" },
      { statuses: ["success"], finds: "abefgij" },
      { statuses: ["error"], finds: "chk" },
      { statuses: ["error", "timeout"], finds: "cdhk" },
      { statuses: ["success", "timeout"], finds: "abdefgij" },
      { kinds: ["notification", "http"], finds: "eg" },
      { directions: ["server"], finds: "f" },
      { sessionIds: ["5e55"], finds: "d" },
      { sessionIds: ["5e55", "0ff5"], finds: "dg" },
      { sessionIds: [""], finds: "abcefhijk" },
      { parentIds: [id("call a")], finds: "ij" },
      { parentIds: [id("call a"), id("gone"), id("call a")], finds: "ijk" },
      { parentIds: [id("nobody")], finds: "" },
      { parentIds: ["no uuid"], finds: "" },
      {
        parentIds: Array.from({ length: 40 }, (_, at) => id(at === 0 ? "gone" : `${at}`)),
        finds: "k",
      },
      { parentIds: [id("call a")], toolNames: ["two"], finds: "j" },
      { logicalIds: [id("call a")], finds: "aj" },
      { logicalIds: [id("call b")], finds: "b" },
      { logicalIds: [id("call j")], finds: "" },
      { logicalIds: [id("gone")], finds: "k" },
      { logicalIds: [id("gone"), id("call a"), id("call c"), id("nobody")], finds: "acjk" },
      { logicalIds: [id("nobody")], finds: "" },
      { logicalIds: ["", "no uuid"], finds: "" },
      {
        logicalIds: Array.from({ length: 40 }, (_, at) => id(at === 0 ? "call a" : `${at}`)),
        finds: "aj",
      },
      { logicalIds: [id("call a")], parentIds: [id("call a")], finds: "j" },
      { logicalIds: [id("call a"), id("gone")], statuses: ["error"], finds: "k" },
      { logicalIds: [id("call a")], text: "jsonrpc", window: { sinceMs: startMs }, finds: "aj" },
      { clientNames: ["other"], finds: "g" },
      { clientNames: [""], finds: "b" },
      { errorKinds: ["tool", "http"], finds: "ch" },
      { minDurationMs: 500, finds: "cd" },
      { maxDurationMs: 500, minDurationMs: 500, finds: "c" },
      { maxDurationMs: 11, finds: "" },
      { statuses: ["error"], toolNames: ["two"], finds: "c" },
      { statuses: ["error"], toolNames: ["one"], finds: "" },
      { toolNames: ["forecast"], sessionIds: ["0ff5", "5e55"], kinds: ["http"], finds: "g" },
      { text: "alpha", finds: "i" },
      { text: "  ALPHA\tcharLIE ", finds: "i" },
      { text: "alpha delta", finds: "" },
      { text: "phacha", finds: "" },
      { text: "bravocharlie", finds: "" },
      { text: "100%", finds: "i" },
      { text: "1_0%", finds: "" },
      { text: "Überlauf", finds: "h" },
      { text: "überlauf", finds: "" },
      { text: "feld", statuses: ["error"], finds: "h" },
      { text: "jsonrpc", statuses: ["timeout"], finds: "d" },
      { text: " \n ", finds: "abcdefghijk" },
    ];

    test.for(table)("$finds: %o", async ({ finds, ...filter }) => {
      await using log = await open();
      await log.append(varied);
      const page = await log.page(teamId, { limit: 100, ...filter });
      const expected = [...finds].map((label) => call(label).id);
      expect(ids(page).sort()).toEqual(expected.sort());
      expect(page.next).toBeNull();
      expect(await log.count(teamId, filter)).toBe(finds.length);
    });

    test.for([
      { name: "its start is included", at: 1_000, finds: 1 },
      { name: "its end is excluded", at: 2_000, finds: 0 },
      { name: "its last millisecond is included", at: 1_999, finds: 1 },
    ])("a window is half-open: $name", async ({ at, finds }) => {
      await using log = await open();
      await log.append([call("a", { startedAtMs: at })]);
      const window = { sinceMs: 1_000, untilMs: 2_000 };
      expect((await log.page(teamId, { window, limit: 10 })).calls).toHaveLength(finds);
      expect(await log.count(teamId, { window })).toBe(finds);
    });

    test.for([
      { finds: 0, window: { sinceMs: startMs + 1 } },
      { finds: 1, window: { untilMs: startMs + 1 } },
      { finds: 0, window: { sinceMs: startMs, untilMs: startMs } },
      { finds: 0, window: { sinceMs: startMs + 1, untilMs: startMs } },
      { finds: 1, window: {} },
    ])("an absent end of a window is open: %o", async ({ finds, window }) => {
      await using log = await open();
      await log.append([call("a")]);
      expect(await log.count(teamId, { window })).toBe(finds);
    });

    test("a filtered walk in small pages finds what one page finds", async () => {
      await using log = await open();
      const mixed = calls(120).map((each, index) => ({
        ...each,
        startedAtMs: startMs + (index % 40),
        toolName: `tool ${index % 5}`,
        requestBody: index % 3 === 0 ? "needle" : "hay",
      }));
      await log.append(mixed);
      for (const filter of [{ toolNames: ["tool 1", "tool 3", "tool 4"] }, { text: "needle" }]) {
        const whole = ids(await log.page(teamId, { ...filter, limit: 1_000 }));
        expect(await walk(log, { ...filter, limit: 7 })).toEqual(whole);
      }
    });
  });

  describe("metrics", () => {
    const window = { sinceMs: startMs, untilMs: startMs + hourMs };

    test("every number of calls agrees with count", async () => {
      await using log = await open();
      await log.append([
        ...calls(30, { serverId: id("s1") }),
        call("x", { status: "error", toolName: "t", method: "m", clientName: "" }),
        call("y", { status: "timeout", toolName: "", startedAtMs: startMs + hourMs - 1 }),
        call("before", { startedAtMs: startMs - 1 }),
        call("after", { startedAtMs: startMs + hourMs }),
      ]);
      const metrics = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(metrics.total.totalCalls).toBe(await log.count(teamId, { window }));
      for (const [status, number] of [
        ["success", metrics.total.successCount],
        ["error", metrics.total.errorCount],
        ["timeout", metrics.total.timeoutCount],
      ] as const) {
        expect(number).toBe(await log.count(teamId, { window, statuses: [status] }));
      }
      for (const { name, totalCalls } of metrics.byTool) {
        expect(totalCalls).toBe(await log.count(teamId, { window, toolNames: [name] }));
      }
      for (const { name, totalCalls } of metrics.byMethod) {
        expect(totalCalls).toBe(await log.count(teamId, { window, methods: [name] }));
      }
      for (const { name, totalCalls } of metrics.byServer) {
        expect(totalCalls).toBe(await log.count(teamId, { window, serverIds: [name] }));
      }
      for (const { name, totalCalls } of metrics.byClient) {
        expect(totalCalls).toBe(await log.count(teamId, { window, clientNames: [name] }));
      }
    });

    test("groups are ordered by number of calls, then by name, and no tool is no group", async () => {
      await using log = await open();
      await log.append([
        call("1", { toolName: "b" }),
        call("2", { toolName: "a" }),
        call("3", { toolName: "z" }),
        call("4", { toolName: "z" }),
        call("5", { toolName: "", method: "tools/list", clientName: "" }),
      ]);
      const { byTool, byMethod, byClient } = await log.metrics(teamId, {
        window,
        bucketMs: hourMs,
      });
      expect(byTool.map(({ name }) => name)).toEqual(["z", "a", "b"]);
      expect(byMethod.map(({ name }) => name)).toEqual(["tools/call", "tools/list"]);
      expect(byClient.map(({ name }) => name)).toEqual(["agent", ""]);
    });

    test("percentiles are within 2 % or 1 ms of the exact ones", async () => {
      await using log = await open();
      const durations = Array.from({ length: 500 }, (_, index) => Math.round(1.03 ** index % 1e6));
      await log.append(calls(500).map((each, i) => ({ ...each, durationMs: durations[i] ?? 0 })));
      const { total } = await log.metrics(teamId, { window, bucketMs: hourMs });
      const sorted = durations.toSorted((a, b) => a - b);
      for (const [fraction, found] of [
        [0.5, total.p50DurationMs],
        [0.95, total.p95DurationMs],
        [0.99, total.p99DurationMs],
      ] as const) {
        const exact = sorted[Math.ceil(fraction * 500) - 1] ?? Number.NaN;
        expect(Math.abs((found ?? Number.NaN) - exact)).toBeLessThanOrEqual(
          Math.max(1, exact * 0.02),
        );
      }
      expect(total.maxDurationMs).toBe(sorted.at(-1));
      const sum = durations.reduce((a, b) => a + b);
      expect(total.avgDurationMs).toBe(Math.round(sum / 500));
    });

    test("the series holds every bucket that overlaps the window, empty ones included", async () => {
      await using log = await open();
      const minute = 60_000;
      const base = Math.floor(startMs / minute) * minute;
      await log.append([
        call("a", { startedAtMs: base + minute }),
        call("b", { startedAtMs: base + 3 * minute - 1, status: "error" }),
      ]);
      const { series } = await log.metrics(teamId, {
        window: { sinceMs: base + 1, untilMs: base + 3 * minute + 1 },
        bucketMs: minute,
      });
      expect(series.map(({ startMs: at }) => at)).toEqual(
        [0, 1, 2, 3].map((index) => base + index * minute),
      );
      expect(series.map(({ totalCalls }) => totalCalls)).toEqual([0, 1, 1, 0]);
      expect(series[2]).toMatchObject({ errorCount: 1, maxDurationMs: 12 });
      expect(series[0]).toMatchObject({ avgDurationMs: null, p50DurationMs: null });
    });

    test("no call makes zeros and nulls", async () => {
      await using log = await open();
      const { total, byTool, byServer } = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(total).toEqual({
        totalCalls: 0,
        successCount: 0,
        errorCount: 0,
        timeoutCount: 0,
        avgDurationMs: null,
        p50DurationMs: null,
        p95DurationMs: null,
        p99DurationMs: null,
        maxDurationMs: null,
      });
      expect([byTool, byServer]).toEqual([[], []]);
    });

    test("filters narrow the metrics", async () => {
      await using log = await open();
      await log.append([
        call("a", { toolName: "t" }),
        call("b", { toolName: "u" }),
        call("c", { serverId: id("s2"), toolName: "t" }),
      ]);
      const query = { window, bucketMs: hourMs, serverIds: [id("server")], toolNames: ["t"] };
      const { total, byServer } = await log.metrics(teamId, query);
      expect(total.totalCalls).toBe(1);
      expect(byServer.map(({ name }) => name)).toEqual([id("server")]);
    });

    test("a series of too many buckets is refused", async () => {
      await using log = await open();
      const query = { window: { sinceMs: 0, untilMs: startMs }, bucketMs: 1 };
      await expect(log.metrics(teamId, query)).rejects.toMatchObject({ code: "validation_error" });
    });
  });

  describe("removal", () => {
    test("a removed call is in no answer", async () => {
      await using log = await open();
      await log.append(calls(3));
      expect(await log.remove(teamId, call("1").id)).toBe(true);
      expect(await log.remove(teamId, call("1").id)).toBe(false);
      expect(await log.find(teamId, call("1").id)).toBeUndefined();
      expect(ids(await log.page(teamId, { limit: 9 }))).toEqual(idsOf([call("2"), call("0")]));
      expect(await log.count(teamId, {})).toBe(2);
      expect(await log.count(teamId, { text: "jsonrpc" })).toBe(2);
      const window = { sinceMs: startMs, untilMs: startMs + hourMs };
      const { total } = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(total.totalCalls).toBe(2);
      expect(await log.find(teamId, call("2").id)).toEqual(call("2", calls(3)[2]));
    });

    test.for([id("unknown"), "", "no uuid", "' OR 1=1 --"])(
      "there is no call %j to find or remove",
      async (unknown) => {
        await using log = await open();
        await log.append(calls(1));
        expect(await log.find(teamId, unknown)).toBeUndefined();
        expect(await log.remove(teamId, unknown)).toBe(false);
        expect(await log.count(teamId, {})).toBe(1);
      },
    );

    test("a removed server's calls are in no answer, those of others are", async () => {
      await using log = await open();
      await log.append(calls(40).map((each, i) => ({ ...each, serverId: id(`server ${i % 2}`) })));
      expect(await log.removeServer(teamId, id("server 0"))).toBe(20);
      expect(await log.count(teamId, {})).toBe(20);
      expect(await log.count(teamId, { serverIds: [id("server 0")] })).toBe(0);
      expect(await log.count(teamId, { text: "jsonrpc" })).toBe(20);
      expect((await log.page(teamId, { limit: 40 })).calls).toHaveLength(20);
      expect(await log.find(teamId, call("0").id)).toBeUndefined();
      expect(await log.find(teamId, call("1").id)).toBeDefined();
      expect(await log.remove(teamId, call("0").id)).toBe(false);
      const window = { sinceMs: startMs, untilMs: startMs + hourMs };
      const { byServer } = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(byServer.map(({ name, totalCalls }) => [name, totalCalls])).toEqual([
        [id("server 1"), 20],
      ]);
    });

    test("removing a server is repeatable and holds for calls that come later", async () => {
      await using log = await open();
      const late = call("late", { serverId: id("gone") });
      await log.append([call("a", { serverId: id("gone") })]);
      expect(await log.removeServer(teamId, id("gone"))).toBe(1);
      expect(await log.removeServer(teamId, id("gone"))).toBe(0);
      expect(await log.append([late])).toMatchObject({ discarded: 1 });
      expect(await log.removeServer(teamId, id("gone"))).toBe(0);
      expect(await log.count(teamId, {})).toBe(0);
    });

    test("prune removes what is older, of every team, and nothing else", async () => {
      await using log = await open();
      await log.append([
        ...calls(10),
        call("foreign", { teamId: otherTeamId, startedAtMs: startMs + 4_999 }),
        call("foreign too", { teamId: otherTeamId, startedAtMs: startMs + 5_000 }),
      ]);
      expect(await log.prune(startMs + 5_000)).toBe(6);
      expect(await log.prune(startMs + 5_000)).toBe(0);
      expect(ids(await log.page(teamId, { limit: 20 }))).toEqual(
        idsOf(calls(10).slice(5).reverse()),
      );
      expect(await log.count(otherTeamId, {})).toBe(1);
      const kept = calls(10)[7];
      expect(await log.find(teamId, kept?.id ?? "")).toEqual(kept);
    });
  });

  describe("teams", () => {
    const foreign = call("theirs", { teamId: otherTeamId });

    test("another team's calls are in no answer, named or not", async () => {
      await using log = await open();
      await log.append([foreign, call("ours")]);
      expect(ids(await log.page(teamId, { limit: 10 }))).toEqual([call("ours").id]);
      expect(await log.find(teamId, foreign.id)).toBeUndefined();
      expect(await log.count(teamId, {})).toBe(1);
      expect(await log.count(teamId, { serverIds: [foreign.serverId] })).toBe(1);
      const window = { sinceMs: startMs, untilMs: startMs + 1 };
      const { total } = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(total.totalCalls).toBe(1);
      expect(await log.count(id("no team"), {})).toBe(0);
      expect(await log.page(id("no team"), { limit: 5 })).toEqual({ calls: [], next: null });
    });

    test("another team's calls are not removed, by id or by server", async () => {
      await using log = await open();
      await log.append([foreign]);
      expect(await log.remove(teamId, foreign.id)).toBe(false);
      expect(await log.removeServer(teamId, foreign.serverId)).toBe(0);
      expect(await log.append([foreign, call("more", { teamId: otherTeamId })])).toEqual({
        stored: 1,
        known: 1,
        discarded: 0,
      });
      expect(await log.count(otherTeamId, {})).toBe(2);
    });
  });
}

/** Every text hostile, every number at an edge. */
const hostile = "\u0000'; DROP TABLE calls; --\\ \"%_é😀\u202e\uffff";
const fullCall = call(`full ${hostile}`, {
  parentId: id("parent"),
  logicalId: id("first round"),
  serverId: id("s"),
  kind: "http",
  direction: "server",
  method: hostile,
  toolName: `tool ${hostile}`,
  rpcId: "12345678901234567890",
  path: `/${hostile}`,
  requestBody: hostile.repeat(50),
  responseBody: `{"a":${JSON.stringify(hostile)}}`,
  status: "timeout",
  resultType: "input_required",
  statusCode: 504,
  errorMessage: `error ${hostile}`,
  errorKind: "timeout",
  errorCode: -32_603,
  durationMs: 2_147_483_647,
  ttfbMs: null,
  sourceIp: "2001:db8::1",
  headers: Object.fromEntries([
    ["__proto__", "polluted"],
    ["constructor", hostile],
    ["", ""],
  ]),
  headerMismatches: ["mcp-name", hostile],
  sessionId: "0123456789abcdef0123456789abcdef",
  protocolVersion: "2026-07-28",
  clientName: hostile,
  clientVersion: hostile,
  requestBytes: Number.MAX_SAFE_INTEGER,
  responseBytes: 0,
  requestTruncated: true,
  responseTruncated: true,
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  startedAtMs: 1_760_000_000_123,
  messages: [
    { atMs: 1_760_000_000_124, offsetMs: 1, direction: "server", body: hostile },
    { atMs: 1_760_000_000_125, offsetMs: 2, direction: "client", body: "" },
  ],
});

const emptyCall = call("empty", {
  method: "",
  toolName: "",
  resultType: "",
  rpcId: "",
  requestBody: "",
  responseBody: "",
  statusCode: 0,
  durationMs: 0,
  ttfbMs: 0,
  sourceIp: "",
  headers: {},
  protocolVersion: "",
  clientName: "",
  clientVersion: "",
  requestBytes: 0,
  responseBytes: 0,
  startedAtMs: 0,
});

async function walk(log: CallLog, query: PageQuery): Promise<string[]> {
  const met: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await log.page(teamId, { ...query, ...(cursor === null ? {} : { cursor }) });
    met.push(...ids(page));
    cursor = page.next;
  } while (cursor !== null);
  return met;
}

function ids(page: { readonly calls: readonly { readonly id: string }[] }): string[] {
  return page.calls.map((each) => each.id);
}

function idsOf(list: readonly Call[]): string[] {
  return list.map((each) => each.id);
}
