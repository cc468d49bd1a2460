/**
 * From a filter to SQL: which index to walk and what to ask of each row on the way.
 *
 * In: a filter of one team. Out: branches, none when nothing can match. The walk is chosen
 * here, not by SQLite's planner: it keeps no statistics of this file, and a wrong guess on ten million rows costs
 * seconds. Of the columns that the filter names, the one with the fewest rows is walked; each of its values
 * is a branch of its own, so that newest first is the order of the index, never a sort.
 */
import type { SQLInputValue } from "node:sqlite";
import { isUuid } from "../../id.ts";
import type { CallFilter } from "../call-log.ts";
import type { Place } from "../cursor.ts";
import { codeOf, uuidBytes } from "./call-row.ts";
import type { Names } from "./names.ts";
import type { Statements } from "./statements.ts";

/** Rows to walk. No row is in two branches of one filter. */
export interface Branch {
  /** `FROM calls INDEXED BY … WHERE …` */
  readonly from: string;
  readonly values: readonly SQLInputValue[];
}

/** More values than this of one column are walked as rows of the whole team. */
const branchesMax = 32;
/** Rows looked at to find out which walk is shortest. */
const probedRowsMax = 1_000;

/**
 * The columns with an index behind (team, column, started_ms). `unindexed` is the value that its partial
 * index leaves out, as in schema/calls: the empty name, the name `tools/call`, the code of success. NULL
 * need not be named: nobody asks for it.
 */
const walks = [
  { column: "logical", unindexed: undefined },
  { column: "parent", unindexed: undefined },
  { column: "session", unindexed: 1 },
  { column: "status", unindexed: 0 },
  { column: "tool", unindexed: 1 },
  { column: "method", unindexed: 2 },
  { column: "server", unindexed: undefined },
] as const;

/**
 * A row that a walk has met, newest first: by started_ms, then by id, which is the order of pages, or by
 * seq, which is the order of the indexes and costs no look at the row.
 */
export interface WalkedRow {
  readonly startedAtMs: number;
  readonly column: "id" | "seq";
  readonly value: SQLInputValue;
}

export function walkedTo(place: Place): WalkedRow {
  return { startedAtMs: place.startedAtMs, column: "id", value: uuidBytes(place.id) };
}

/** Within a transaction. `after`: only what follows that row. */
export function branchesOf(
  teamId: string,
  filter: CallFilter,
  after: WalkedRow | undefined,
  names: Names,
  statements: Statements,
): readonly Branch[] {
  const team = names.find(teamId);
  const wanted = wantedValues(filter, names);
  if (team === undefined || wanted.some(({ values }) => values.length === 0)) return [];
  const span = spanOf(filter, after);
  const rest = conditions(filter, after, unsweptServers(teamId, statements));

  const ways = wanted.flatMap((column) => waysAlong(column, team, span, statements));
  const way = ways.reduce<Way | undefined>(
    (best, next) => (best && best.rows <= next.rows ? best : next),
    undefined,
  );
  for (const { column, values } of wanted) {
    if (column !== way?.column) rest.push(isAnyOf(column, values));
  }
  const where = rest.map(({ sql }) => ` AND ${sql}`).join("");
  const values = rest.flatMap((condition) => condition.values);
  if (!way) {
    const from = `FROM calls INDEXED BY calls_by_team WHERE team = ? AND ${spanSql}${where}`;
    return [{ from, values: [team, ...span, ...values] }];
  }
  return way.branches.map((branch) => ({
    from: `${branch.from}${where}`,
    values: [...branch.values, ...values],
  }));
}

interface Wanted {
  readonly column: string;
  readonly values: readonly SQLInputValue[];
}

interface Way {
  readonly column: string;
  readonly branches: readonly Branch[];
  /** How many rows the walk meets, counted up to 1,000 a value. */
  readonly rows: number;
}

const spanSql = "started_ms >= ? AND started_ms < ?";

function waysAlong(
  { column, values }: Wanted,
  team: number,
  span: readonly number[],
  statements: Statements,
): readonly Way[] {
  const walk = walks.find((candidate) => candidate.column === column);
  if (!walk || values.length > branchesMax) return [];
  if (walk.unindexed !== undefined && values.includes(walk.unindexed)) return [];
  // The literal condition is what lets SQLite use a partial index for a bound value.
  const indexed = walk.unindexed === undefined ? "" : ` AND ${column} <> ${walk.unindexed}`;
  const from = `FROM calls INDEXED BY calls_by_${column} WHERE team = ? AND ${column} = ?${indexed} AND ${spanSql}`;
  const froms = column === "logical" ? [from, fromOwnLogical] : [from];
  const branches = froms.flatMap((each) =>
    values.map((value) => ({ from: each, values: [team, value, ...span] })),
  );
  let rows = 0;
  for (const branch of branches) {
    const probe = `SELECT count(*) AS n FROM (SELECT 1 ${branch.from} LIMIT ${probedRowsMax})`;
    rows += Number(statements.get(probe).get(...branch.values)?.n);
  }
  return [{ column, branches, rows }];
}

/** The one call whose logical id is its own, which is not written. */
const fromOwnLogical = `FROM calls INDEXED BY calls_by_id WHERE team = ? AND id = ? AND logical IS NULL AND ${spanSql}`;

/** What the filter asks of columns by value. An unknown name has no value; no value at all matches nothing. */
function wantedValues(filter: CallFilter, names: Names): Wanted[] {
  const known = (texts: readonly string[]) =>
    texts.map((text) => names.find(text)).filter((id) => id !== undefined);
  const ids = (texts: readonly string[]) => [...new Set(texts)].filter(isUuid).map(uuidBytes);
  const wanted = {
    logical: filter.logicalIds && ids(filter.logicalIds),
    parent: filter.parentIds && ids(filter.parentIds),
    session: filter.sessionIds && known(filter.sessionIds),
    status: filter.statuses?.map(codeOf.status),
    tool: filter.toolNames && known(filter.toolNames),
    method: filter.methods && known(filter.methods),
    server: filter.serverIds && known(filter.serverIds),
    client: filter.clientNames && known(filter.clientNames),
    kind: filter.kinds?.map(codeOf.kind),
    direction: filter.directions?.map(codeOf.direction),
    error_kind: filter.errorKinds?.map(codeOf.errorKind),
  };
  return Object.entries(wanted).flatMap(([column, values]) =>
    values ? [{ column, values: [...new Set<SQLInputValue>(values)] }] : [],
  );
}

interface Condition {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

function conditions(
  filter: CallFilter,
  after: WalkedRow | undefined,
  unswept: readonly number[],
): Condition[] {
  const all: Condition[] = [];
  const { minDurationMs, maxDurationMs } = filter;
  if (minDurationMs !== undefined) all.push({ sql: "duration_ms >= ?", values: [minDurationMs] });
  if (maxDurationMs !== undefined) all.push({ sql: "duration_ms <= ?", values: [maxDurationMs] });
  if (after) {
    const values = [after.startedAtMs, after.value];
    all.push({ sql: `(started_ms < ? OR ${after.column} < ?)`, values });
  }
  if (unswept.length > 0) {
    const { sql, values } = isAnyOf("server", unswept);
    all.push({ sql: `NOT ${sql}`, values });
  }
  return all;
}

function isAnyOf(column: string, values: readonly SQLInputValue[]): Condition {
  const value = column === "logical" ? "coalesce(logical, id)" : column;
  return { sql: `${value} IN (${values.map(() => "?").join(", ")})`, values };
}

/** Half-open, so that the cursor's own millisecond is within, and one bound on each side. */
function spanOf(
  { window = {} }: CallFilter,
  after: WalkedRow | undefined,
): readonly [number, number] {
  const sinceMs = window.sinceMs ?? Number.MIN_SAFE_INTEGER;
  const untilMs = window.untilMs ?? Number.MAX_SAFE_INTEGER;
  return [sinceMs, after ? Math.min(untilMs, after.startedAtMs + 1) : untilMs];
}

/** Ids of the team's servers that are removed while rows of theirs remain. */
export function unsweptServers(teamId: string, statements: Statements): number[] {
  const sql = `
    SELECT names.id FROM removed_servers JOIN names ON names.name = removed_servers.server_id
    WHERE removed_servers.team_id = ? AND removed_servers.swept = 0
  `;
  return statements
    .get(sql)
    .all(teamId)
    .map((row) => Number(row.id));
}
