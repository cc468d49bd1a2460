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
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly #tests: readonly Test[];
  readonly #minDurationMs: number;
  readonly #maxDurationMs: number;
  readonly #relatives: Relatives | undefined;

  private constructor(
    filter: CallFilter,
    tests: readonly Test[],
    relatives: Relatives | undefined,
  ) {
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
    const tests = testsOf(filter, names);
    if (team === undefined || !tests) return undefined;
    tests.unshift({ column: "team", accepts: (value) => value === team });
    const hidden = hiddenServers(teamId, statements);
    if (hidden.length > 0)
      tests.push({ column: "server", accepts: (value) => !hidden.includes(value) });
    return new Selection(filter, tests, Relatives.of(filter, statements));
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
    if (this.#asksDuration && positions.length > 0)
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
    const screens = this.takesWhole(segment, span) ? this.#screens(segment) : [];
    if (!screens) return 0;
    if (screens.length !== 1 || !screens[0]) return this.select(segment, span).length;
    return screens[0].rows;
  }

  /** True when nothing but what a call names decides, whichever row it is. */
  takesWhole({ head }: Segment, { fromSeq = -Infinity, belowSeq = Infinity }: SeqSpan): boolean {
    const { firstSeq, lastSeq, minStartedMs, maxStartedMs } = head;
    const inWindow = minStartedMs >= this.sinceMs && maxStartedMs < this.untilMs;
    const inSpan = firstSeq >= fromSeq && lastSeq < belowSeq;
    return inWindow && inSpan && !this.#asksDuration && !this.#relatives;
  }

  get #asksDuration(): boolean {
    return this.#minDurationMs > 0 || this.#maxDurationMs < Infinity;
  }

  /** Those that let some rows of the segment pass and others not, the narrowest first; `undefined` when one lets none. */
  #screens(segment: Segment): readonly Screen[] | undefined {
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
function testsOf(filter: CallFilter, names: Names): Test[] | undefined {
  const { serverIds, methods, toolNames, sessionIds, clientNames } = filter;
  const named = {
    server: serverIds,
    method: methods,
    tool: toolNames,
    session: sessionIds,
    client: clientNames,
  } as const;
  const tests: Test[] = [];
  for (const [column, texts] of Object.entries(named)) {
    if (!texts) continue;
    const wanted = new Set(
      texts.map((text) => names.find(text)).filter((name) => name !== undefined),
    );
    if (wanted.size === 0) return undefined;
    tests.push({ column: column as keyof typeof named, accepts: (value) => wanted.has(value) });
  }
  const { kinds, directions, statuses, errorKinds } = filter;
  if (kinds ?? directions ?? statuses ?? errorKinds) {
    tests.push({
      column: "outcome",
      accepts: (value) => {
        const { kind, direction, status, errorKind } = outcomeOf(value);
        return (
          isAnyOf(kinds, kind) &&
          isAnyOf(directions, direction) &&
          isAnyOf(statuses, status) &&
          isAnyOf<string>(errorKinds, errorKind)
        );
      },
    });
  }
  return tests;
}

function isAnyOf<Value>(wanted: readonly Value[] | undefined, value: Value): boolean {
  return wanted === undefined || wanted.includes(value);
}

/** Ids of the team's servers that are removed while calls of theirs remain. */
export function hiddenServers(teamId: string, statements: Statements): number[] {
  const sql = `
    SELECT names.id FROM removed_servers JOIN names ON names.name = removed_servers.server_id
    WHERE removed_servers.team_id = ? AND removed_servers.swept = 0
  `;
  return statements
    .get(sql)
    .all(teamId)
    .map((row) => Number(row.id));
}
