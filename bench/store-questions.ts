/**
 * What is asked of the log, as the tables of the report list it; the number of the turn varies what can vary.
 * Where a wide table can answer in one statement, the same for it.
 */
import type { CallFilter } from "../src/store/call-filter.ts";
import type { CallLog } from "../src/store/call-log.ts";
import { absentWord, frequentTool, rareTool, rareWord, sampleServers } from "./sample-calls.ts";
import type { StoreFacts } from "./store-facts.ts";

export type QuestionKind =
  | "list"
  | "offset"
  | "get"
  | "count"
  | "metrics"
  | "facets"
  | "follow"
  | "text";

export interface Question {
  readonly name: string;
  readonly kind: QuestionKind;
  readonly ask: (log: CallLog, facts: StoreFacts, turn: number) => Promise<unknown>;
  /** Of the wide table; `$team` and the like are filled in by `wideStatement`. */
  readonly wide?: string;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const order = "ORDER BY started DESC, id DESC LIMIT 50";
const from = "SELECT * FROM calls WHERE team = $team";
const counting = "SELECT count(*) FROM calls WHERE team = $team";

/** Busy ones and quiet ones in turn. */
const server = (turn: number) => sampleServers[(turn * 7) % 20] ?? "";
const day = ({ untilMs }: StoreFacts, turn: number) => {
  const start = untilMs - (2 + (turn % 25)) * dayMs;
  return { sinceMs: start, untilMs: start + dayMs };
};
const month = ({ sinceMs, untilMs }: StoreFacts) => ({ sinceMs, untilMs });

export const questions: readonly Question[] = [
  list("first page", () => ({}), `${from} ${order}`),
  list(
    "of a server",
    (_, turn) => ({ serverIds: [server(turn)] }),
    `${from} AND server = $server ${order}`,
  ),
  list("of three servers", (_, turn) => ({
    serverIds: [0, 1, 2].map((more) => server(turn + more)),
  })),
  list("of a server without calls", () => ({ serverIds: [absentServer] })),
  list(
    "of a frequent tool",
    () => ({ toolNames: [frequentTool] }),
    `${from} AND tool = $frequent ${order}`,
  ),
  list("of a rare tool", () => ({ toolNames: [rareTool] }), `${from} AND tool = $rare ${order}`),
  list(
    "errors and timeouts",
    () => ({ statuses: ["error", "timeout"] }),
    `${from} AND status IN ('error', 'timeout') ${order}`,
  ),
  list("cut connections", () => ({ errorKinds: ["transport"] })),
  list(
    "of a session",
    ({ sessionIds }, turn) => ({ sessionIds: [sessionIds[(turn * 13) % sessionIds.length] ?? ""] }),
    `${from} AND session = $session ${order}`,
  ),
  list("of a client and method", () => ({ clientNames: ["codex"], methods: ["tools/list"] })),
  list("from servers to clients", () => ({ directions: ["server"] })),
  list("streams of over an hour", () => ({ kinds: ["http"], minDurationMs: hourMs })),
  list("slower than a minute, not a stream", () => ({ kinds: ["request"], minDurationMs: 60_000 })),
  list("slower than ten hours (none)", () => ({ minDurationMs: 10 * hourMs })),
  list("of a day", (facts, turn) => ({ window: day(facts, turn) })),
  list(
    "of a server, a day",
    (facts, turn) => ({ serverIds: [server(turn)], window: day(facts, turn) }),
    `${from} AND server = $server AND started >= $dayFrom AND started < $dayUntil ${order}`,
  ),
  list("of a server, tool, status", (_, turn) => ({
    serverIds: [server(turn)],
    toolNames: [`get_${(turn * 7) % 20}`],
    statuses: ["error"],
  })),
  list("of a server, tool, status, client, day", (facts, turn) => ({
    serverIds: [server(turn)],
    toolNames: [`get_${(turn * 7) % 20}`],
    statuses: ["success"],
    clientNames: ["cursor"],
    window: day(facts, turn),
  })),
  offset("offset 100,000", {}, `${from} ${order} OFFSET 100000`),
  offset("offset 100,000 of tools/call", { methods: ["tools/call"] }),
  offset("offset 10,000 of errors", { statuses: ["error"] }, undefined, 10_000),
  {
    name: "one call by its id",
    kind: "get",
    ask: (log, { teamId, callIds }, turn) =>
      log.find(teamId, callIds[(turn * 31) % callIds.length] ?? ""),
    wide: "SELECT * FROM calls WHERE id = $id",
  },
  count("count, all", () => ({}), counting),
  count(
    "count of a server",
    (_, turn) => ({ serverIds: [server(turn)] }),
    `${counting} AND server = $server`,
  ),
  count(
    "count of a method and status",
    () => ({ methods: ["tools/call"], statuses: ["success"] }),
    `${counting} AND method = 'tools/call' AND status = 'success'`,
  ),
  count("count of a server, tool, 10 days", ({ untilMs }, turn) => ({
    serverIds: [server(turn)],
    toolNames: [`get_${(turn * 7) % 20}`],
    window: { sinceMs: untilMs - 10 * dayMs - 12_345 },
  })),
  count("count of a client, slower than 1 s", () => ({
    clientNames: ["cursor"],
    minDurationMs: 1_000,
  })),
  metrics("metrics, 30 days", {}),
  metrics("metrics of a server, 30 days", { serverIds: [sampleServers[3] ?? ""] }),
  metrics("metrics of a tool, 30 days", { toolNames: [frequentTool] }),
  {
    name: "metrics, 3 days by the hour",
    kind: "metrics",
    ask: (log, { teamId, untilMs }) =>
      log.metrics(teamId, {
        window: { sinceMs: untilMs - 3 * dayMs - 54_321, untilMs },
        bucketMs: hourMs,
      }),
  },
  {
    name: "histogram, 30 days by the hour",
    kind: "facets",
    ask: (log, facts) =>
      log.histogram(facts.teamId, { filter: { window: month(facts) }, bucketMs: hourMs }),
  },
  {
    name: "histogram of errors of a server",
    kind: "facets",
    ask: (log, facts, turn) =>
      log.histogram(facts.teamId, {
        filter: { window: month(facts), serverIds: [server(turn)], statuses: ["error"] },
        bucketMs: hourMs,
      }),
  },
  facets("facets of five fields", {}, [
    "serverId",
    "toolName",
    "status",
    "clientName",
    "errorKind",
  ]),
  facets("facets of a server", { serverIds: [sampleServers[3] ?? ""] }, [
    "toolName",
    "status",
    "clientName",
    "errorKind",
  ]),
  facets("facets of sessions", {}, ["sessionId"]),
  {
    name: "follow: the next 1,000 of 5,000 arrivals",
    kind: "follow",
    ask: (log, { teamId, position }) =>
      log.arrivals(teamId, { filter: {}, after: position, limit: 1_000, bodyMaxLength: 16_384 }),
  },
  {
    name: "follow: errors among 5,000 arrivals",
    kind: "follow",
    ask: (log, { teamId, position }) =>
      log.arrivals(teamId, {
        filter: { statuses: ["error"] },
        after: position,
        limit: 1_000,
        bodyMaxLength: 16_384,
      }),
  },
  text("text: a frequent word", "invoice"),
  text("text: two frequent words", "invoice paid"),
  text("text: a frequent phrase", '"pull request"'),
  text("text: a rare phrase of frequent words", '"invoice weather"'),
  text("text: a word in one of 25,000 calls", rareWord),
  text("text: an absent word", absentWord),
];

/** Texts are searched in bodies that hold some. */
export function isAsked(kind: QuestionKind, { bodies }: Pick<StoreFacts, "bodies">): boolean {
  return kind !== "text" || bodies === "full";
}

const absentServer = "01990000-0000-7000-8fff-000000000000";

/** The statement with its values for a turn, in the order in which it names them. */
export function wideStatement(
  sql: string,
  facts: StoreFacts,
  turn: number,
): { sql: string; values: (string | number)[] } {
  const { sinceMs, untilMs } = day(facts, turn);
  const known: Readonly<Record<string, string | number>> = {
    $team: facts.teamId,
    $server: server(turn),
    $frequent: frequentTool,
    $rare: rareTool,
    $session: facts.sessionIds[(turn * 13) % facts.sessionIds.length] ?? "",
    $id: facts.callIds[(turn * 31) % facts.callIds.length] ?? "",
    $dayFrom: sinceMs,
    $dayUntil: untilMs,
  };
  const values: (string | number)[] = [];
  const bound = sql.replaceAll(/\$\w+/g, (name) => {
    values.push(known[name] ?? "");
    return "?";
  });
  return { sql: bound, values };
}

function list(
  name: string,
  filter: (facts: StoreFacts, turn: number) => CallFilter,
  wide?: string,
): Question {
  return {
    name: `list ${name}`,
    kind: "list",
    ask: (log, facts, turn) =>
      log.page(facts.teamId, { ...filter(facts, turn), limit: 50, bodyMaxLength: 16_384 }),
    ...(wide ? { wide } : {}),
  };
}

function offset(name: string, filter: CallFilter, wide?: string, skipped = 100_000): Question {
  return {
    name,
    kind: "offset",
    ask: (log, { teamId }) =>
      log.page(teamId, { ...filter, offset: skipped, limit: 50, bodyMaxLength: 16_384 }),
    ...(wide ? { wide } : {}),
  };
}

function count(
  name: string,
  filter: (facts: StoreFacts, turn: number) => CallFilter,
  wide?: string,
): Question {
  return {
    name,
    kind: "count",
    ask: (log, facts, turn) => log.count(facts.teamId, filter(facts, turn)),
    ...(wide ? { wide } : {}),
  };
}

function metrics(name: string, filter: Pick<CallFilter, "serverIds" | "toolNames">): Question {
  return {
    name,
    kind: "metrics",
    ask: (log, facts) =>
      log.metrics(facts.teamId, { ...filter, window: month(facts), bucketMs: dayMs }),
  };
}

function facets(
  name: string,
  filter: CallFilter,
  fields: Parameters<CallLog["facets"]>[1]["fields"],
): Question {
  return {
    name,
    kind: "facets",
    ask: (log, { teamId }) => log.facets(teamId, { filter, fields, valuesMax: 100 }),
  };
}

/** Longer than anybody waits; the figure is then as long as this. */
const textMaxMs = 5_000;

/** To a full page, or to the end of the log, in as many requests as that takes. */
function text(name: string, words: string): Question {
  return {
    name,
    kind: "text",
    async ask(log, { teamId }) {
      const lateAtMs = performance.now() + textMaxMs;
      const isLate = () => performance.now() > lateAtMs;
      let found = 0;
      for (let cursor: string | null = ""; cursor !== null && found < 50 && !isLate(); ) {
        const query = { text: words, limit: 50 - found, bodyMaxLength: 16_384 };
        const page = await log.page(teamId, cursor ? { ...query, cursor } : query);
        found += page.calls.length;
        cursor = page.next;
      }
      return found;
    },
  };
}
