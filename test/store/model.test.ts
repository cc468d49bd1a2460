/** SQLite does what the memory driver does, whatever happens in whatever order. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Call, callDirections, callKinds, callStatuses, errorKinds } from "../../src/call.ts";
import type { CallFilter, CallLog, MetricsQuery, PageQuery } from "../../src/store/call-log.ts";
import { MemoryCallLog } from "../../src/store/memory/call-log.ts";
import { SqliteCallLog } from "../../src/store/sqlite/call-log.ts";
import { call, id, otherTeamId, startMs, teamId } from "./builders.ts";

const teams = [teamId, otherTeamId];
const servers = [id("s0"), id("s1"), id("s2")];
const methods = ["tools/call", "tools/list", "", "m\u0000é"];
const tools = ["", "one", "two", "Two", "O'Neill"];
const sessions = ["", "5e55", "0ff5"];
const clients = ["", "agent", "другой"];
const words = ["alpha", "BETA", "gamma Δ", "al\u0000pha", "x".repeat(500), ""];
/** Calls that others belong to, one of them not in the log. */
const relatives = [0, 1, 2, 3, 4, 5, 151].map((label) => id(`call ${label}`));
/** Few instants, so that many calls share one; and two that lie days apart. */
const instants = [0, 1, 2, 1_000, 3_600_000, 90_000_000, 180_000_000].map((ms) => startMs + ms);

type Step =
  | { readonly kind: "append"; readonly labels: readonly number[] }
  | { readonly kind: "remove"; readonly team: string; readonly label: number }
  | { readonly kind: "removeServer"; readonly team: string; readonly server: string }
  | { readonly kind: "prune"; readonly beforeMs: number }
  | { readonly kind: "find"; readonly team: string; readonly label: number }
  | { readonly kind: "count"; readonly team: string; readonly filter: CallFilter }
  | {
      readonly kind: "page";
      readonly team: string;
      readonly query: PageQuery;
      readonly on: boolean;
    }
  | { readonly kind: "metrics"; readonly team: string; readonly query: MetricsQuery };

const some = <Value>(values: readonly Value[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const instant = fc.constantFrom(...instants, startMs + 3_600_001);
const label = fc.nat({ max: 150 });
const team = fc.constantFrom(...teams);

/** One or two conditions: more would match nothing, and nothing is always equal. */
const filter: fc.Arbitrary<CallFilter> = fc
  .array(
    fc.oneof(
      some([...servers, id("nobody")]).map((serverIds) => ({ serverIds })),
      some(methods).map((list) => ({ methods: list })),
      some(tools).map((toolNames) => ({ toolNames })),
      some(callStatuses).map((statuses) => ({ statuses })),
      some(callKinds).map((kinds) => ({ kinds })),
      some(callDirections).map((directions) => ({ directions })),
      some(sessions).map((sessionIds) => ({ sessionIds })),
      some(relatives).map((parentIds) => ({ parentIds })),
      some(relatives).map((logicalIds) => ({ logicalIds })),
      some(clients).map((clientNames) => ({ clientNames })),
      some(errorKinds).map((list) => ({ errorKinds: list })),
      fc.nat({ max: 3_000 }).map((minDurationMs) => ({ minDurationMs })),
      fc.nat({ max: 3_000 }).map((maxDurationMs) => ({ maxDurationMs })),
      fc.record({ sinceMs: instant }).map((window) => ({ window })),
      fc.record({ sinceMs: instant, untilMs: instant }).map((window) => ({ window })),
      fc.constantFrom("alpha", "beta", "GAMMA δ", "Δ", "x X", "pha").map((text) => ({ text })),
    ),
    { maxLength: 2 },
  )
  .map((conditions) => Object.assign({}, ...conditions));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(label, { maxLength: 60 })
      .map((labels) => ({ kind: "append" as const, labels })),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const), team, label }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("removeServer" as const),
      team,
      server: fc.constantFrom(...servers),
    }),
  },
  { weight: 1, arbitrary: instant.map((beforeMs) => ({ kind: "prune" as const, beforeMs })) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("find" as const), team, label }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("count" as const), team, filter }) },
  {
    weight: 8,
    arbitrary: fc
      .record({
        team,
        filter,
        limit: fc.integer({ min: 1, max: 20 }),
        offset: fc.nat({ max: 30 }),
        on: fc.boolean(),
      })
      .map(({ filter: conditions, limit, offset, ...rest }) => ({
        kind: "page" as const,
        query: {
          ...conditions,
          limit,
          ...(offset < 15 ? {} : { offset: offset - 15 }),
          bodyMaxLength: 100,
        },
        ...rest,
      })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        team,
        filter,
        sinceMs: instant,
        spanMs: fc.constantFrom(0, 1, 5_000_000, 200_000_000),
        bucketMs: fc.constantFrom(3_600_000, 86_400_000),
      })
      .map(
        ({
          team: whose,
          filter: { serverIds, methods: list, toolNames },
          sinceMs,
          spanMs,
          bucketMs,
        }) => ({
          kind: "metrics" as const,
          team: whose,
          query: {
            ...(serverIds && { serverIds }),
            ...(list && { methods: list }),
            ...(toolNames && { toolNames }),
            window: { sinceMs, untilMs: sinceMs + spanMs },
            bucketMs,
          },
        }),
      ),
  },
);

test("random histories have the same answers from SQLite and from memory", {
  timeout: 30_000,
}, async () => {
  const history = fc.array(step, { minLength: 5, maxLength: 30, size: "max" });
  await fc.assert(
    fc.asyncProperty(history, async (steps) => {
      await using memory = new MemoryCallLog();
      await using sqlite = SqliteCallLog.open(":memory:", { mode: "write" });
      let cursor: string | null = null;
      for (const each of steps) {
        const [expected, found]: unknown[] = [
          await take(memory, each, cursor),
          await take(sqlite, each, cursor),
        ];
        expect(found).toEqual(expected);
        // The next page that goes on starts here, under its own filter.
        if (each.kind === "page") cursor = (expected as { next: string | null }).next ?? cursor;
      }
    }),
    { numRuns: 300 },
  );
});

function take(log: CallLog, each: Step, cursor: string | null): Promise<unknown> {
  switch (each.kind) {
    case "append":
      return log.append(each.labels.map(numbered));
    case "remove":
      return log.remove(each.team, numbered(each.label).id);
    case "removeServer":
      return log.removeServer(each.team, each.server);
    case "prune":
      return log.prune(each.beforeMs);
    case "find":
      return log.find(each.team, numbered(each.label).id);
    case "count":
      return log.count(each.team, each.filter);
    case "page":
      return log.page(each.team, each.on && cursor ? { ...each.query, cursor } : each.query);
    case "metrics":
      return log.metrics(each.team, each.query);
  }
}

/** The call of a number: the same each time, differing from its neighbours in everything. */
function numbered(number: number): Call {
  const of = <Value>(
    values: readonly [Value, ...Value[]] | readonly Value[],
    stride: number,
  ): Value => {
    const value = values[Math.floor((number * stride) / 7) % values.length];
    if (value === undefined) throw new RangeError("no values");
    return value;
  };
  const status = of(callStatuses, 3);
  return call(`${number}`, {
    parentId: number % 3 === 0 ? of(relatives, 47) : "",
    ...(number % 4 === 0 ? { logicalId: of(relatives, 53) } : {}),
    teamId: number % 5 === 0 ? otherTeamId : teamId,
    serverId: of(servers, 11),
    kind: of(callKinds, 5),
    direction: of(callDirections, 2),
    method: of(methods, 13),
    toolName: of(tools, 17),
    status,
    errorKind: status === "success" ? "" : of(errorKinds, 19),
    errorMessage: status === "success" ? "" : of(words, 29),
    sessionId: of(sessions, 23),
    clientName: of(clients, 31),
    durationMs: (number * 7_919) % 3_001,
    requestBody: of(words, 37).repeat(number % 3),
    responseBody: of(words, 41),
    startedAtMs: of(instants, 43),
    messages: number % 4 === 0 ? [{ atMs: 1, offsetMs: 0, direction: "server", body: "m" }] : [],
  });
}
