/**
 * Random histories of a call log: what is done to it and asked of it, in which order. `take` does one step;
 * its answer is the same from every driver that keeps the contract, whatever a driver MAY do its own way.
 */
import fc from "fast-check";
import { type Call, callDirections, callKinds, callStatuses, errorKinds } from "../../src/call.ts";
import { type Loss, lossKinds } from "../../src/loss.ts";
import { Problem } from "../../src/problem.ts";
import type { CallFilter } from "../../src/store/call-filter.ts";
import {
  type ArrivalsQuery,
  type CallLog,
  type CallPage,
  type FacetsQuery,
  facetFields,
  type HistogramQuery,
  type LossQuery,
  type MetricsQuery,
  type PageQuery,
} from "../../src/store/call-log.ts";
import { call, id, otherTeamId, startMs, teamId } from "./builders.ts";
import { sequence } from "./call-log/samples.ts";

export const teams = [teamId, otherTeamId];
const servers = [id("s0"), id("s1"), id("s2"), id("s3")];
const methods = ["tools/call", "tools/list", "", "m\u0000é"];
const tools = ["", "one", "two", "Two", "O'Neill", "tool 7", "tool 300"];
const sessions = ["", "5e55", "0ff5", session(1_005)];
const clients = ["", "agent", "другой"];
const words = ["alpha", "BETA", "gamma Δ", "al\u0000pha", "two words", "x".repeat(500), ""];
const texts = ["alpha", "beta", "GAMMA δ", "Δ", "x X", "pha", '"two words"', '"o w" ta', "n17"];
/** Calls that others belong to, one of them not in the log. */
const relatives = [0, 1, 2, 3, 4, 5, 99_999].map((number) => id(`call ${number}`));
const dayMs = 86_400_000;
/** Few moments, so that many calls share one; days and years apart. */
const moments = [
  ...[0, 1, 2, 1_000, 3_600_000, 1.5 * dayMs, 2 * dayMs].map((ms) => startMs + ms),
  ...[-1, 0, startMs - 60 * dayMs, startMs + 400 * dayMs, 4_102_444_800_000],
];

/** From this number on calls are of one team and of three days, as most logs are. */
const floodsFrom = 100_000;

type Reading = { readonly team: string } & (
  | { readonly kind: "find"; readonly number: number }
  | { readonly kind: "count"; readonly filter: CallFilter }
  | { readonly kind: "page"; readonly query: PageQuery; readonly goesOn: boolean }
  | {
      readonly kind: "arrivals";
      readonly query: Omit<ArrivalsQuery, "after">;
      /** Which of the positions that were given so far; none asks for the end. */
      readonly position: number | undefined;
    }
  | { readonly kind: "facets"; readonly query: FacetsQuery }
  | { readonly kind: "histogram"; readonly query: HistogramQuery }
  | { readonly kind: "metrics"; readonly query: MetricsQuery }
  | { readonly kind: "losses"; readonly query: LossQuery }
);

export type Step =
  | Reading
  | { readonly kind: "append"; readonly numbers: readonly number[]; readonly amidSweep: boolean }
  | { readonly kind: "burst"; readonly first: number; readonly calls: number }
  | { readonly kind: "trickle"; readonly first: number; readonly calls: number }
  | { readonly kind: "remove"; readonly team: string; readonly number: number }
  | { readonly kind: "removeServer"; readonly team: string; readonly server: string }
  | {
      readonly kind: "prune";
      readonly beforeMs: number;
      readonly teams: readonly string[] | undefined;
    }
  | { readonly kind: "pruneBodies"; readonly beforeMs: number }
  | { readonly kind: "addLosses"; readonly numbers: readonly number[] }
  | { readonly kind: "sweep" }
  | { readonly kind: "reopen" };

/** Where a reader of one driver stands: cursors and positions are its own. */
export interface Bookmarks {
  cursor: string | undefined;
  /** By team; the first one is that of the beginning. */
  readonly positions: ReadonlyMap<string, string[]>;
}

const some = <Value>(values: readonly Value[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 });
const moment = fc.constantFrom(...moments, startMs + 3_600_001);
/** Few that come again and again, many of large appends, and those of floods. */
const number = fc.oneof(
  fc.nat({ max: 150 }),
  fc.integer({ min: 1_000, max: 4_000 }),
  fc.integer({ min: floodsFrom, max: floodsFrom + 12_000 }),
);
const team = fc.constantFrom(...teams);
const window = fc.record({ sinceMs: moment, untilMs: moment });

/** Of one field, so that some calls are left. */
const exclude = fc.oneof(
  some([...servers, id("nobody")]).map((serverIds) => ({ serverIds })),
  some(methods).map((list) => ({ methods: list })),
  some([...tools, ""]).map((toolNames) => ({ toolNames })),
  some(callStatuses).map((statuses) => ({ statuses })),
  some(callKinds).map((kinds) => ({ kinds })),
  some(callDirections).map((directions) => ({ directions })),
  some(sessions).map((sessionIds) => ({ sessionIds })),
  some([...clients, ""]).map((clientNames) => ({ clientNames })),
  some(["", ...errorKinds] as const).map((list) => ({ errorKinds: list })),
);

/** Up to three conditions: more would match nothing, and nothing is always equal. */
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
      some([...relatives, ""]).map((parentIds) => ({ parentIds })),
      some(relatives).map((logicalIds) => ({ logicalIds })),
      some(clients).map((clientNames) => ({ clientNames })),
      some(["", ...errorKinds] as const).map((list) => ({ errorKinds: list })),
      fc.constantFrom(0, 1, 500, 1_500, 2 ** 32).map((minDurationMs) => ({ minDurationMs })),
      fc.constantFrom(0, 1, 500, 1_500, 2 ** 32).map((maxDurationMs) => ({ maxDurationMs })),
      moment.map((sinceMs) => ({ window: { sinceMs } })),
      moment.map((untilMs) => ({ window: { untilMs } })),
      window.map((both) => ({ window: both })),
      fc.constantFrom(...texts).map((text) => ({ text })),
      exclude.map((values) => ({ exclude: values })),
    ),
    { maxLength: 3 },
  )
  .map((conditions) => Object.assign({}, ...conditions));

const span = fc
  .record({ sinceMs: moment, spanMs: fc.constantFrom(0, 1, 5_000_000, 3 * dayMs, 500 * dayMs) })
  .map(({ sinceMs, spanMs }) => ({ sinceMs, untilMs: sinceMs + spanMs }));
/** The shortest makes too many buckets of long spans: refused by all alike. */
const bucketMs = fc.constantFrom(3_600_000, dayMs, 7 * dayMs);
const limit = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(300, 1_000));

const reading: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("find" as const), team, number }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("count" as const), team, filter }) },
  {
    weight: 8,
    arbitrary: fc
      .record({
        team,
        filter,
        limit,
        offset: fc.oneof(fc.constant(0), fc.nat({ max: 40 }), fc.nat({ max: 3_000 })),
        goesOn: fc.boolean(),
      })
      .map(({ filter: conditions, offset, limit: most, ...rest }) => ({
        kind: "page" as const,
        query: {
          ...conditions,
          limit: most,
          ...(offset === 0 ? {} : { offset }),
          bodyMaxLength: 100,
        },
        ...rest,
      })),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("arrivals" as const),
      team,
      query: fc.record({ filter, limit, bodyMaxLength: fc.constant(100) }),
      position: fc.option(fc.nat({ max: 20 }), { nil: undefined, freq: 5 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("facets" as const),
      team,
      query: fc.record({
        filter,
        fields: some(facetFields),
        valuesMax: fc.constantFrom(1, 3, 1_000),
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ team, filter, span, bucketMs })
      .map(({ team: whose, filter: conditions, span: both, bucketMs: width }) => ({
        kind: "histogram" as const,
        team: whose,
        query: { filter: { ...conditions, window: both }, bucketMs: width },
      })),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ team, filter, span, bucketMs })
      .map(
        ({
          team: whose,
          filter: { text: _text, window: _window, ...conditions },
          span: both,
          ...rest
        }) => ({
          kind: "metrics" as const,
          team: whose,
          query: { ...conditions, window: both, ...rest },
        }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("losses" as const),
      team,
      query: fc.oneof(
        fc.record({ limit }),
        fc.record({ limit, window }),
        fc.record({ limit, serverIds: some(servers) }),
      ),
    }),
  },
);

const changing: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 96,
    arbitrary: fc.record({
      kind: fc.constant("append" as const),
      numbers: fc.array(number, { maxLength: 60 }),
      amidSweep: fc.boolean(),
    }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant("burst" as const),
      first: fc.integer({ min: 1_000, max: 3_000 }),
      calls: fc.integer({ min: 300, max: 1_000 }),
    }),
  },
  {
    // Enough to fill what an engine keeps in one piece.
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("burst" as const),
      first: fc.integer({ min: floodsFrom, max: floodsFrom + 4_000 }),
      calls: fc.integer({ min: 4_100, max: 9_000 }),
    }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant("trickle" as const),
      first: fc.integer({ min: 1_000, max: 4_000 }),
      calls: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 36,
    arbitrary: fc.record({ kind: fc.constant("remove" as const), team, number }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("removeServer" as const),
      team,
      server: fc.constantFrom(...servers),
    }),
  },
  {
    weight: 24,
    arbitrary: fc.record({
      kind: fc.constant("prune" as const),
      beforeMs: moment,
      teams: fc.option(some([...teams, id("no team")]), { nil: undefined }),
    }),
  },
  {
    weight: 24,
    arbitrary: fc.record({ kind: fc.constant("pruneBodies" as const), beforeMs: moment }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("addLosses" as const),
      numbers: fc.array(fc.nat({ max: 30 }), { maxLength: 10 }),
    }),
  },
  { weight: 24, arbitrary: fc.constant({ kind: "sweep" as const }) },
  { weight: 24, arbitrary: fc.constant({ kind: "reopen" as const }) },
);

export const history: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof({ weight: 3, arbitrary: reading }, { weight: 2, arbitrary: changing }),
  { minLength: 1, maxLength: 30, size: "max" },
);

/** Everything that can be asked, for the end of a history: the whole of each team. */
export function everything(): Step[] {
  const long = { sinceMs: -dayMs, untilMs: 4_200_000_000_000 };
  return teams.flatMap((whose): Step[] => [
    { kind: "count", team: whose, filter: {} },
    { kind: "page", team: whose, query: { limit: 30_000 }, goesOn: false },
    { kind: "arrivals", team: whose, query: { filter: {}, limit: 30_000 }, position: 0 },
    {
      kind: "facets",
      team: whose,
      query: { filter: {}, fields: facetFields, valuesMax: 1_000 },
    },
    {
      kind: "histogram",
      team: whose,
      query: { filter: { window: long }, bucketMs: 100 * dayMs },
    },
    { kind: "metrics", team: whose, query: { window: long, bucketMs: 100 * dayMs } },
    { kind: "losses", team: whose, query: { limit: 1_000 } },
  ]);
}

/** Does a step, but for `reopen`. Problems that the contract names are answers. */
export async function take(log: CallLog, step: Step, at: Bookmarks): Promise<unknown> {
  try {
    return await answer(log, step, at);
  } catch (cause) {
    if (cause instanceof Problem && cause.code === "validation_error")
      return { refused: cause.details.map(({ field }) => field) };
    throw cause;
  }
}

async function answer(log: CallLog, step: Step, at: Bookmarks): Promise<unknown> {
  switch (step.kind) {
    case "append": {
      const appending = log.append(step.numbers.map(numbered));
      const [appended] = await Promise.all([appending, step.amidSweep && log.sweep()]);
      return appended;
    }
    case "burst":
      return log.append(consecutive(step));
    case "trickle": {
      const appended = [];
      for (const each of consecutive(step)) appended.push(await log.append([each]));
      return appended;
    }
    case "remove":
      return log.remove(step.team, numbered(step.number).id);
    case "removeServer":
      return log.removeServer(step.team, step.server);
    case "prune":
      return log.prune(step.beforeMs, step.teams);
    case "pruneBodies":
      return log.pruneBodies(step.beforeMs);
    case "addLosses":
      return log.addLosses(step.numbers.map(numberedLoss));
    case "sweep":
      return log.sweep();
    case "reopen":
      return undefined;
    case "find":
      return log.find(step.team, numbered(step.number).id);
    case "count":
      return log.count(step.team, step.filter);
    case "page":
      return filledPage(
        log,
        step.team,
        step.goesOn ? { ...step.query, ...cursorOf(at) } : step.query,
        at,
      );
    case "arrivals":
      return filledArrivals(log, step, at);
    case "facets":
      return log.facets(step.team, step.query);
    case "histogram":
      return log.histogram(step.team, step.query);
    case "metrics":
      return log.metrics(step.team, step.query);
    case "losses":
      return log.losses(step.team, step.query);
  }
}

function cursorOf({ cursor }: Bookmarks): { readonly cursor?: string } {
  return cursor === undefined ? {} : { cursor };
}

/** A page with text may end early: its calls are those of as many pages as fill it. */
async function filledPage(log: CallLog, whose: string, query: PageQuery, at: Bookmarks) {
  const calls = [];
  let rest = query;
  for (;;) {
    const most = Math.min(1_000, query.limit - calls.length);
    const page: CallPage = await log.page(whose, { ...rest, limit: most });
    calls.push(...page.calls);
    if (page.next === null || calls.length >= query.limit) {
      // Where a search stands beside its calls is its own affair.
      if (query.text !== undefined) return { calls };
      at.cursor = page.next ?? at.cursor;
      return { calls, last: page.next === null };
    }
    rest = { ...query, cursor: page.next, offset: 0 };
  }
}

async function filledArrivals(
  log: CallLog,
  { team: whose, query, position }: Step & { readonly kind: "arrivals" },
  at: Bookmarks,
) {
  const arrived = [];
  const positions = at.positions.get(whose) ?? [];
  let after = position === undefined ? undefined : positions[position % positions.length];
  for (;;) {
    const most = Math.min(1_000, query.limit - arrived.length);
    const { arrivals, next } = await log.arrivals(whose, {
      ...query,
      limit: most,
      ...(after === undefined ? {} : { after }),
    });
    arrived.push(...arrivals);
    const last = arrived.at(-1);
    if (last && arrived.length >= query.limit) {
      positions.push(last.position);
      break;
    }
    if (next === after || after === undefined) {
      positions.push(next);
      break;
    }
    after = next;
  }
  return arrived.map((each) => each.call);
}

function consecutive({ first, calls }: { readonly first: number; readonly calls: number }): Call[] {
  return Array.from({ length: calls }, (_, n) => numbered(first + n));
}

const phases = {
  ...{ blockedMs: 0.12, dnsMs: null, connectMs: null, tlsMs: null },
  ...{ sendMs: 0.03, receiveMs: 1.5, overheadMs: 0.2 },
};

const numberedCalls = new Map<number, Call>();

/** The call of a number: the same each time, differing from its neighbours in everything. */
export function numbered(number: number): Call {
  const known = numberedCalls.get(number);
  if (known) return known;
  const random = sequence(number);
  const whole = (below: number) => Math.floor(random() * below);
  const pick = <Value>(values: readonly Value[]) => values[whole(values.length)] as Value;
  const status = pick(callStatuses);
  // Those of large appends have more names than codes of 8 bits tell apart.
  const many = number >= 1_000 && whole(2) === 0;
  const ofFlood = number >= floodsFrom;
  const made = call(`${number}`, {
    parentId: whole(3) === 0 ? pick(relatives) : "",
    ...(whole(4) === 0 ? { logicalId: pick(relatives) } : {}),
    teamId: !ofFlood && whole(5) === 0 ? otherTeamId : teamId,
    serverId: pick(servers),
    kind: pick(callKinds),
    direction: pick(callDirections),
    method: pick(methods),
    toolName: many ? `tool ${whole(400)}` : pick(tools),
    status,
    errorKind: status === "success" ? "" : pick(errorKinds),
    errorMessage: status === "success" ? "" : pick(words),
    errorCode: status === "error" ? whole(3) - 1 : null,
    sessionId: many ? session(number) : pick(sessions),
    clientName: pick(clients),
    durationMs: pick([0, 1, 12, 500, whole(3_000), 2 ** 32 + whole(3)]),
    ttfbMs: pick([null, 0, 7]),
    ...pick([{}, { timings: { ...phases, waitMs: whole(99_999) / 100 } }]),
    requestBody: many ? `n${number % 50}` : pick(words).repeat(whole(3)),
    responseBody: pick(words),
    startedAtMs: ofFlood
      ? startMs + (number - floodsFrom) * 20_000 + whole(3) * 1_000_000
      : pick(moments) + (many ? whole(100) * 1_000 : 0),
    messages:
      whole(4) === 0 ? [{ atMs: 1, offsetMs: 0, direction: pick(callDirections), body: "m" }] : [],
  });
  numberedCalls.set(number, made);
  return made;
}

function session(number: number): string {
  return number.toString(16).padStart(32, "0");
}

/** Numbers that differ by 10 are one loss at different times. */
function numberedLoss(number: number): Loss {
  const random = sequence(number % 10);
  const pick = <Value>(values: readonly Value[]) =>
    values[Math.floor(random() * values.length)] as Value;
  const fromMs = pick(moments);
  return {
    id: id(`loss ${number % 10}`),
    teamId: pick(teams),
    serverId: pick(servers),
    kind: pick(lossKinds),
    reason: pick(["queue_full", "shutdown"]),
    calls: number + 1,
    fromMs,
    untilMs: fromMs + Math.floor(number / 10) * 1_000,
  };
}
