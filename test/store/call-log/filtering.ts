/** What each filter finds, for every way of reading, and that all of them agree. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Call, CallStatus } from "../../../src/call.ts";
import type { CallFilter } from "../../../src/store/call-filter.ts";
import { type CallLog, type FacetField, facetFields } from "../../../src/store/call-log.ts";
import { call, calls, id, otherTeamId, startMs, teamId } from "../builders.ts";
import { hostile, mixedCalls } from "./samples.ts";
import {
  dayMs,
  endOf,
  follow,
  hourMs,
  ids,
  idsOf,
  newestFirst,
  type OpenCallLog,
  summary,
  walk,
} from "./walks.ts";

export function filtering(open: OpenCallLog): void {
  describe("filters", () => {
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
      { finds: 1, window: { sinceMs: -8.64e15, untilMs: 8.64e15 } },
      { finds: 0, window: { sinceMs: 8.64e15 } },
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
        expect(idsOf(await walk(log, { ...filter, limit: 7 }))).toEqual(whole);
      }
    });
  });

  describe("every filter and every way of reading", { timeout: 30_000 }, () => {
    let log: CallLog;
    let before: string;
    beforeAll(async () => {
      log = await open();
      before = await endOf(log);
      // In batches of all sizes, so that an engine has rows at rest in every form it knows.
      for (let n = 0, size = 1; n < all.length; n += size, size = (size * 3) % 250 || 1)
        await log.append(all.slice(n, n + size));
    });
    afterAll(() => log[Symbol.asyncDispose]());

    const rows = Object.entries(cases).flatMap(([key, alternatives]) =>
      alternatives.map(([value, matches]) => ({ key, shown: shown(value), value, matches })),
    );
    const table = Object.entries(readings).flatMap(([method, reading]) =>
      rows.map((row) => ({ ...row, method, reading })),
    );

    test.for(table)("$method by $key $shown", async ({ key, value, matches, reading }) => {
      const filter: CallFilter = { [key]: value };
      const expected = own.filter(matches);
      // A row of the table that finds nothing or everything would prove little.
      if (key !== "text") expect(expected.length).toBeLessThan(own.length);
      await reading({ log, before }, filter, expected);
    });

    test.for(Object.entries(readings))("%s by each pair of filters", async ([, reading]) => {
      for (const [index, first] of rows.entries()) {
        for (const second of rows.slice(index + 1)) {
          if (first.key === second.key) continue;
          const filter = { [first.key]: first.value, [second.key]: second.value };
          const expected = own.filter((each) => first.matches(each) && second.matches(each));
          await reading({ log, before }, filter, expected);
        }
      }
    });
  });
}

const all = mixedCalls(400);
const own = all.filter((each) => each.teamId === teamId);

type Matches = (call: Call) => boolean;

/** Values of each filter, and which calls they are to find. */
const cases: {
  readonly [Key in keyof CallFilter]-?: readonly (readonly [
    value: Required<CallFilter>[Key],
    matches: Matches,
  ])[];
} = {
  serverIds: [
    [[id("server 1")], (each) => each.serverId === id("server 1")],
    [
      [id("server 0"), id("nobody"), id("server 3"), id("server 0")],
      (each) => each.serverId === id("server 0") || each.serverId === id("server 3"),
    ],
    [[id("nobody")], () => false],
  ],
  methods: [
    [["tools/list"], (each) => each.method === "tools/list"],
    [["", "m\u0000é"], (each) => each.method === "" || each.method === "m\u0000é"],
  ],
  toolNames: [
    [["two"], (each) => each.toolName === "two"],
    [["", "O'Neill"], (each) => each.toolName === "" || each.toolName === "O'Neill"],
    [["TWO", "tw", "two "], () => false],
  ],
  statuses: [
    [["error"], (each) => each.status === "error"],
    [["timeout", "success"], (each) => each.status !== "error"],
  ],
  kinds: [
    [["http"], (each) => each.kind === "http"],
    [["notification", "request"], (each) => each.kind !== "http"],
  ],
  directions: [[["server"], (each) => each.direction === "server"]],
  sessionIds: [
    [["5e55"], (each) => each.sessionId === "5e55"],
    [["", "0ff5", "unknown"], (each) => each.sessionId !== "5e55"],
  ],
  parentIds: [
    [[id("call mixed 1")], (each) => each.parentId === id("call mixed 1")],
    [[id("call mixed 0"), id("call mixed 4")], (each) => /^(?:0|4)$/.test(parentOf(each))],
  ],
  logicalIds: [
    [[id("call mixed 2")], (each) => each.logicalId === id("call mixed 2")],
    [
      [id("call mixed 3"), id("call mixed 77"), id("call mixed 78")],
      (each) => [3, 77, 78].some((n) => each.logicalId === id(`call mixed ${n}`)),
    ],
  ],
  clientNames: [
    [["другой"], (each) => each.clientName === "другой"],
    [["", "agent"], (each) => each.clientName !== "другой"],
  ],
  errorKinds: [
    [["tool"], (each) => each.errorKind === "tool"],
    [["http", "policy"], (each) => each.errorKind === "http" || each.errorKind === "policy"],
    [["", "tool"], (each) => each.errorKind === "" || each.errorKind === "tool"],
  ],
  exclude: [
    [{ serverIds: [id("server 0"), id("nobody")] }, (each) => each.serverId !== id("server 0")],
    [{ serverIds: [id("nobody")], statuses: ["error"] }, (each) => each.status !== "error"],
    [{ methods: ["tools/list", ""] }, (each) => !["tools/list", ""].includes(each.method)],
    [{ toolNames: ["two", ""] }, (each) => !["two", ""].includes(each.toolName)],
    [{ statuses: ["error"] }, (each) => each.status !== "error"],
    [{ statuses: ["error", "success", "timeout"] }, () => false],
    [
      { kinds: ["http"], directions: ["server"] },
      (each) => each.kind !== "http" && each.direction !== "server",
    ],
    [{ sessionIds: ["5e55"] }, (each) => each.sessionId !== "5e55"],
    [{ clientNames: ["", "другой"] }, (each) => !["", "другой"].includes(each.clientName)],
    [{ errorKinds: ["tool"] }, (each) => each.errorKind !== "tool"],
    [{ errorKinds: [""] }, (each) => each.errorKind !== ""],
  ],
  minDurationMs: [
    [500, (each) => each.durationMs >= 500],
    [1, (each) => each.durationMs >= 1],
  ],
  maxDurationMs: [
    [500, (each) => each.durationMs <= 500],
    [0, (each) => each.durationMs <= 0],
  ],
  window: [
    [{ sinceMs: startMs + 2 * dayMs }, (each) => each.startedAtMs >= startMs + 2 * dayMs],
    [
      { sinceMs: startMs + 1, untilMs: startMs + 40_000_001 },
      (each) => each.startedAtMs >= startMs + 1 && each.startedAtMs < startMs + 40_000_001,
    ],
    [{ untilMs: startMs + 40_000_000 }, (each) => each.startedAtMs < startMs + 40_000_000],
  ],
  text: [
    ["ALPHA", includes("alpha")],
    ["beta alpha", (each) => includes("beta")(each) && includes("alpha")(each)],
    ['"Two words"', includes("two words")],
    ["Δ", includes("Δ")],
    ["l\u0000p", includes("l\u0000p")],
    ["x", () => false],
    ["", () => true],
  ],
};

function parentOf(each: Call): string {
  return [0, 1, 2, 3, 4].find((n) => each.parentId === id(`call mixed ${n}`))?.toString() ?? "";
}

/** Every letter of the sample words that has two cases is ASCII or looked for as it is. */
function includes(text: string): Matches {
  return ({ requestBody, responseBody, errorMessage }) =>
    [requestBody, responseBody, errorMessage].some(
      (body) => body.includes(text) || body.toLowerCase().includes(text),
    );
}

function shown(value: unknown): string {
  return JSON.stringify(value).replace(/[0-9a-f-]{28}(?=[0-9a-f]{8}")/g, "…");
}

interface Read {
  readonly log: CallLog;
  readonly before: string;
}

/** Each way of reading: asks with a filter, and compares with the calls that are to match. */
const readings: Readonly<
  Record<
    "page" | "count" | "arrivals" | "facets" | "histogram" | "metrics",
    (read: Read, filter: CallFilter, expected: readonly Call[]) => Promise<void>
  >
> = {
  page: async ({ log }, filter, expected) => {
    const found = await walk(log, { ...filter, limit: 150 });
    expect(found, shown(filter)).toEqual(newestFirst(expected).map(summary));
  },

  count: async ({ log }, filter, expected) => {
    expect(await log.count(teamId, filter), shown(filter)).toBe(expected.length);
  },

  arrivals: async ({ log, before }, filter, expected) => {
    const { arrivals } = await follow(log, { filter, after: before, limit: 150 });
    expect(
      arrivals.map((each) => each.call),
      shown(filter),
    ).toEqual(expected.map(summary));
  },

  facets: async ({ log }, filter, expected) => {
    const facets = await log.facets(teamId, { filter, fields: facetFields, valuesMax: 1_000 });
    const values = facetFields.map((field) => [field, valuesOf(expected, field)]);
    expect(facets, shown(filter)).toEqual(Object.fromEntries(values));
  },

  histogram: async ({ log }, filter, expected) => {
    const { sinceMs = startMs - dayMs, untilMs = startMs + 5 * dayMs } = filter.window ?? {};
    const bucketMs = 7 * hourMs;
    const query = { filter: { ...filter, window: { sinceMs, untilMs } }, bucketMs };
    const numberOf = (startMs: number, status: CallStatus) =>
      expected.filter(
        (each) =>
          each.status === status && Math.floor(each.startedAtMs / bucketMs) * bucketMs === startMs,
      ).length;
    const first = Math.floor(sinceMs / bucketMs) * bucketMs;
    const buckets = Array.from({ length: Math.ceil((untilMs - first) / bucketMs) }, (_, n) => ({
      startMs: first + n * bucketMs,
      successCount: numberOf(first + n * bucketMs, "success"),
      errorCount: numberOf(first + n * bucketMs, "error"),
      timeoutCount: numberOf(first + n * bucketMs, "timeout"),
    }));
    expect(await log.histogram(teamId, query), shown(filter)).toEqual(buckets);
  },

  metrics: async ({ log }, { text, window = {}, ...filter }, expected) => {
    // Metrics search no text.
    if (text !== undefined) return;
    const { sinceMs = startMs - dayMs, untilMs = startMs + 5 * dayMs } = window;
    const query = { ...filter, window: { sinceMs, untilMs }, bucketMs: dayMs };
    const { total, ...groups } = await log.metrics(teamId, query);
    const durations = expected.map((each) => each.durationMs);
    expect(total, shown(filter)).toMatchObject({
      totalCalls: expected.length,
      maxDurationMs: durations.length === 0 ? null : Math.max(...durations),
    });
    const grouped = (list: readonly { readonly name: string; readonly totalCalls: number }[]) =>
      list.map(({ name, totalCalls }) => ({ value: name, calls: totalCalls }));
    const named = valuesOf(expected, "toolName").filter(({ value }) => value !== "");
    expect(grouped(groups.byTool)).toEqual(named);
    expect(grouped(groups.byMethod)).toEqual(valuesOf(expected, "method"));
    expect(grouped(groups.byServer)).toEqual(valuesOf(expected, "serverId"));
    expect(grouped(groups.byClient)).toEqual(valuesOf(expected, "clientName"));
    const inSeries = groups.series.map((each) => each.totalCalls);
    expect(inSeries.reduce((sum, each) => sum + each, 0)).toBe(expected.length);
  },
};

function valuesOf(expected: readonly Call[], field: FacetField) {
  const groups = Map.groupBy(expected, (each) => each[field] as string);
  return [...groups]
    .map(([value, group]) => ({ value, calls: group.length }))
    .sort((a, b) => b.calls - a.calls || (a.value < b.value ? -1 : 1));
}

const varied = [
  call("a", { serverId: id("s1"), method: "tools/call", toolName: "one" }),
  call("b", { serverId: id("s2"), method: "tools/list", toolName: "", clientName: "" }),
  call("c", { status: "error", errorKind: "tool", toolName: "two", durationMs: 500 }),
  call("d", { status: "timeout", errorKind: "timeout", sessionId: "5e55", durationMs: 501 }),
  call("e", { kind: "notification", method: "notifications/progress", toolName: "" }),
  call("f", { direction: "server", method: "sampling/createMessage", toolName: "" }),
  call("g", { kind: "http", method: "GET", clientName: "other", sessionId: "0ff5" }),
  call("h", { status: "error", errorKind: "http", errorMessage: "Überlauf im Feld" }),
  call("i", { requestBody: "Alpha BRAVO", responseBody: "charlie 100%", parentId: id("call a") }),
  call("j", { logicalId: id("call a"), parentId: id("call a"), toolName: "two" }),
  call("k", { logicalId: id("gone"), parentId: id("gone"), status: "error", method: "m" }),
  // Found by the wrong team only.
  call("theirs", {
    teamId: otherTeamId,
    serverId: id("s1"),
    toolName: "two",
    sessionId: "5e55",
    parentId: id("call a"),
    requestBody: "Alpha",
    status: "error",
  }),
];

const table: readonly (CallFilter & { readonly finds: string })[] = [
  { finds: "abcdefghijk" },
  { serverIds: [id("s1")], finds: "a" },
  { serverIds: [id("s1"), id("s2")], finds: "ab" },
  { serverIds: [id("nobody")], finds: "" },
  { serverIds: [id("nobody"), id("s2")], finds: "b" },
  { serverIds: ["", "no uuid"], finds: "" },
  { methods: ["tools/list"], finds: "b" },
  { methods: ["tools/call"], finds: "acdhij" },
  { methods: ["tools/list", "GET", "tools/list"], finds: "bg" },
  { methods: ["TOOLS/LIST"], finds: "" },
  { methods: [hostile], finds: "" },
  { toolNames: ["two"], finds: "cj" },
  { toolNames: [""], finds: "bef" },
  { toolNames: ["", "two"], finds: "bcefj" },
  { toolNames: Array.from({ length: 1_000 }, (_, n) => (n === 500 ? "two" : `${n}`)), finds: "cj" },
  { statuses: ["success"], finds: "abefgij" },
  { statuses: ["error"], finds: "chk" },
  { statuses: ["error", "timeout"], finds: "cdhk" },
  { statuses: ["success", "timeout"], finds: "abdefgij" },
  { statuses: ["success", "timeout", "error"], finds: "abcdefghijk" },
  { kinds: ["notification", "http"], finds: "eg" },
  { directions: ["server"], finds: "f" },
  { directions: ["server", "client"], finds: "abcdefghijk" },
  { sessionIds: ["5e55"], finds: "d" },
  { sessionIds: ["5e55", "0ff5"], finds: "dg" },
  { sessionIds: [""], finds: "abcefhijk" },
  { sessionIds: ["5E55", "5e5", "5e555", "05e55"], finds: "" },
  { parentIds: [id("call a")], finds: "ij" },
  { parentIds: [id("call a"), id("gone"), id("call a")], finds: "ijk" },
  { parentIds: [id("nobody")], finds: "" },
  { parentIds: ["no uuid"], finds: "" },
  { parentIds: [""], finds: "abcdefgh" },
  { parentIds: ["", id("gone")], finds: "abcdefghk" },
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
  { errorKinds: ["tool"], exclude: { toolNames: ["two"] }, finds: "" },
  { toolNames: ["two"], exclude: { toolNames: ["two"] }, finds: "" },
  { minDurationMs: 500, finds: "cd" },
  { maxDurationMs: 500, minDurationMs: 500, finds: "c" },
  { maxDurationMs: 11, finds: "" },
  { minDurationMs: 501, maxDurationMs: 500, finds: "" },
  { minDurationMs: 0, maxDurationMs: Number.MAX_SAFE_INTEGER, finds: "abcdefghijk" },
  { minDurationMs: 2 ** 32 + 12, finds: "" },
  { maxDurationMs: 2 ** 32, minDurationMs: 501, finds: "d" },
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
  { text: "", finds: "abcdefghijk" },
  { text: '""', finds: "abcdefghijk" },
  { text: '"alpha bravo"', finds: "i" },
  { text: '"alpha  bravo"', finds: "" },
  { text: '"bravo alpha"', finds: "" },
  { text: '"bravo charlie"', finds: "" },
  { text: '"lpha brav" charlie', finds: "i" },
  { text: 'charlie "im feld"', finds: "" },
  { text: '"überlauf im"', finds: "" },
  { text: '"ÜBERLAUF iM"', finds: "h" },
  { text: '"ALPHA BRAVO" "charlie 100%"', finds: "i" },
  { text: '"', finds: "abcdefghjk" },
  { text: "a", finds: "abcdefghijk" },
  { text: "b", finds: "hi" },
  { text: "ra", finds: "i" },
  { text: "x".repeat(1_000), finds: "" },
];
