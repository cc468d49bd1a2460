/**
 * From a filter to the rows of a segment that match it.
 *
 * In: a filter of one team. Out: for each segment the positions of its matching rows. What a column's dictionary
 * does not hold, no row has: most segments are passed over without a look at their rows. The rest is
 * one sweep over a byte a row for each condition that leaves something to decide, the narrowest first.
 * Bounds: one segment's positions.
 */
import type { CallFilter } from "../call-filter.ts";
import { outcomeOf } from "./call-codes.ts";
import type { DictionaryColumn, NumberColumn } from "./column.ts";
import { keepBetween, keepNarrow, keepWide, type Positions } from "./hot-loops.ts";
import type { Names } from "./names.ts";
import { Relatives } from "./relatives.ts";
import { type DictionaryColumnName, type Segment, segmentRowsMax } from "./segment.ts";
import type { Statements } from "./statements.ts";

export interface SeqSpan {
  /** Inclusive. */
  readonly fromSeq?: number;
  /** Exclusive. */
  readonly belowSeq?: number;
}

interface Test {
  readonly column: DictionaryColumnName;
  readonly accepts: (value: number) => boolean;
  /** True when no row of the segment passes, as can be told for less than a look at its column. */
  readonly rulesOut?: (segment: Segment) => boolean;
}

/** A test as one segment's dictionary sees it. */
interface Screen {
  readonly codes: Uint8Array | Uint16Array;
  /** 1 for each code that passes. */
  readonly passes: Uint8Array;
  /** Rows that pass. */
  readonly rows: number;
}

const all: Positions = Uint16Array.from({ length: segmentRowsMax }, (_, row) => row);
const none: Positions = new Uint16Array(0);
/** What `select` returns lies here, until it is asked again. */
const scratch: Positions = new Uint16Array(segmentRowsMax);

export class Selection {
  /** Id of the team's name. */
  readonly team: number;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Ids of the names of servers whose calls do not match, as they are removed. */
  readonly hidden: readonly number[];
  readonly #tests: readonly Test[];
  readonly #minDurationMs: number;
  readonly #maxDurationMs: number;
  readonly #relatives: Relatives | undefined;

  private constructor(
    team: number,
    filter: CallFilter,
    tests: readonly Test[],
    { hidden, relatives }: { hidden: readonly number[]; relatives: Relatives | undefined },
  ) {
    this.team = team;
    this.hidden = hidden;
    this.sinceMs = filter.window?.sinceMs ?? -Infinity;
    this.untilMs = filter.window?.untilMs ?? Infinity;
    this.#minDurationMs = filter.minDurationMs ?? 0;
    this.#maxDurationMs = filter.maxDurationMs ?? Infinity;
    this.#tests = tests;
    this.#relatives = relatives;
  }

  /** Within a transaction. `undefined` when nothing can match. */
  static of(
    teamId: string,
    filter: CallFilter,
    names: Names,
    statements: Statements,
  ): Selection | undefined {
    const team = names.find(teamId);
    if (team === undefined) return undefined;
    const tests = testsOf(filter, names, team);
    if (!tests) return undefined;
    // A name is one team's own.
    if (!named.some(([, list]) => filter[list]))
      tests.unshift({ column: "team", accepts: (value) => value === team });
    const hidden = hiddenServers(teamId, statements);
    if (hidden.length > 0)
      tests.push({ column: "server", accepts: (value) => !hidden.includes(value) });
    const relatives = Relatives.of(filter, statements);
    return new Selection(team, filter, tests, { hidden, relatives });
  }

  /** Good until the next call of this method. */
  select(segment: Segment, { fromSeq = -Infinity, belowSeq = Infinity }: SeqSpan = {}): Positions {
    const from = segment.firstRowFrom(this.sinceMs);
    const to = segment.firstRowFrom(this.untilMs);
    const screens = from < to ? this.#screens(segment) : undefined;
    if (!screens) return none;
    let positions = this.#relatives
      ? this.#relatives.within(segment, from, to)
      : all.subarray(from, to);
    for (const screen of screens) positions = passing(positions, screen);
    if (this.#asksDuration(segment) && positions.length > 0)
      positions = between(positions, segment.durations, this.#minDurationMs, this.#maxDurationMs);
    const { firstSeq, lastSeq } = segment.head;
    if ((firstSeq < fromSeq || lastSeq >= belowSeq) && positions.length > 0) {
      const [min, max] = [fromSeq - firstSeq, belowSeq - firstSeq - 1];
      positions = between(positions, segment.seqOffsets, min, max);
    }
    return positions;
  }

  /** How many `select` would find, often without a look at any row. */
  count(segment: Segment, span: SeqSpan = {}): number {
    const screens = this.#takesWhole(segment, span) ? this.#screens(segment) : [];
    if (!screens) return 0;
    if (screens.length !== 1 || !screens[0]) return this.select(segment, span).length;
    return screens[0].rows;
  }

  /** True when nothing but what a call names decides, whichever row it is. */
  #takesWhole(segment: Segment, { fromSeq = -Infinity, belowSeq = Infinity }: SeqSpan): boolean {
    const { firstSeq, lastSeq, minStartedMs, maxStartedMs } = segment.head;
    const inWindow = minStartedMs >= this.sinceMs && maxStartedMs < this.untilMs;
    const inSpan = firstSeq >= fromSeq && lastSeq < belowSeq;
    return inWindow && inSpan && !this.#asksDuration(segment) && !this.#relatives;
  }

  #asksDuration({ head }: Segment): boolean {
    return head.minDurationMs < this.#minDurationMs || head.maxDurationMs > this.#maxDurationMs;
  }

  /** Those that let some rows of the segment pass and others not, the narrowest first; `undefined` when one lets none. */
  #screens(segment: Segment): readonly Screen[] | undefined {
    const { minDurationMs, maxDurationMs } = segment.head;
    if (maxDurationMs < this.#minDurationMs || minDurationMs > this.#maxDurationMs)
      return undefined;
    for (const { rulesOut } of this.#tests) if (rulesOut?.(segment)) return undefined;
    const screens: Screen[] = [];
    for (const { column, accepts } of this.#tests) {
      const dictionary = segment.dictionary(column);
      const { rows, passes } = verdicts(dictionary, accepts);
      if (rows === 0) return undefined;
      const { codes } = dictionary;
      if (codes && rows < segment.head.rows) screens.push({ codes, passes, rows });
    }
    return screens.length > 1 ? screens.sort((a, b) => a.rows - b.rows) : screens;
  }
}

function verdicts(
  { values, counts }: DictionaryColumn,
  accepts: (value: number) => boolean,
): Omit<Screen, "codes"> {
  const passes = new Uint8Array(values.length);
  let rows = 0;
  for (let code = 0; code < values.length; code++) {
    if (!accepts(values[code] ?? 0)) continue;
    passes[code] = 1;
    rows += counts[code] ?? 0;
  }
  return { passes, rows };
}

function passing(positions: Positions, { codes, passes }: Screen): Positions {
  const length =
    codes instanceof Uint8Array
      ? keepNarrow(positions, codes, passes, scratch)
      : keepWide(positions, codes, passes, scratch);
  return scratch.subarray(0, length);
}

/** Both ends inclusive. */
function between(positions: Positions, numbers: NumberColumn, min: number, max: number): Positions {
  return scratch.subarray(0, keepBetween(positions, numbers, min, max, scratch));
}

/** What the filter asks of names and outcomes; `undefined` when it asks for a name that no call has. */
function testsOf(filter: CallFilter, names: Names, team: number): Test[] | undefined {
  const { exclude = {} } = filter;
  /** Without the texts that no call has. */
  const namesOf = (texts: readonly string[] | undefined) =>
    texts && new Set(texts.map((text) => names.find(text, team)).filter((id) => id !== undefined));
  const tests: Test[] = [];
  for (const [column, list] of named) {
    const [wanted, unwanted] = [namesOf(filter[list]), namesOf(exclude[list])];
    if (wanted?.size === 0) return undefined;
    if (wanted) {
      const rulesOut = (segment: Segment) => !segment.mayHoldSession(wanted);
      const isIn = (value: number) => wanted.has(value);
      tests.push({ column, accepts: isIn, ...(column === "session" && { rulesOut }) });
    }
    if (unwanted?.size) tests.push({ column, accepts: (value) => !unwanted.has(value) });
  }
  if (outcomes.some(([list]) => filter[list] ?? exclude[list])) {
    tests.push({
      column: "outcome",
      accepts: (value) => {
        const outcome = outcomeOf(value);
        return outcomes.every(
          ([list, field]) =>
            (filter[list] === undefined || isIn(filter[list], outcome[field])) &&
            !isIn(exclude[list], outcome[field]),
        );
      },
    });
  }
  return tests;
}

const named = [
  ["server", "serverIds"],
  ["method", "methods"],
  ["tool", "toolNames"],
  ["session", "sessionIds"],
  ["client", "clientNames"],
] as const;

const outcomes = [
  ["kinds", "kind"],
  ["directions", "direction"],
  ["statuses", "status"],
  ["errorKinds", "errorKind"],
] as const;

function isIn(values: readonly string[] | undefined, value: string): boolean {
  return values?.includes(value) ?? false;
}

/** Ids of the team's servers that are removed while calls of theirs remain. */
export function hiddenServers(teamId: string, statements: Statements): number[] {
  const sql = `
    SELECT names.id FROM names AS teams
      JOIN removed_servers ON removed_servers.team_id = teams.name AND removed_servers.swept = 0
      JOIN names ON names.team = teams.id AND names.name = removed_servers.server_id
    WHERE teams.team = 0 AND teams.name = ?
  `;
  return statements
    .get(sql)
    .all(teamId)
    .map((row) => Number(row.id));
}
