/**
 * A segment: up to 8,192 calls as columns, in the order of lists.
 *
 * In: rows, and segments this module wrote. Out: blobs, columns as typed arrays, the same rows.
 * Guarantees: positions ascend by start, then by id. What a segment holds of a call is what filters, orders,
 * counts; the rest is in its block (block.ts).
 */
import type { Span } from "./blocks.ts";
import { outcomeOf } from "./call-codes.ts";
import {
  type DictionaryColumn,
  decodeDictionary,
  decodeNumbers,
  decodeSparse,
  encodeDictionary,
  encodeNumbers,
  encodeSparse,
  type NumberColumn,
  requireCodes,
  type SparseColumn,
  sparseAt,
  uuidAt,
  uuidBytesLength,
} from "./column.ts";
import { makeIdFilter, mayHoldId } from "./id-filter.ts";

export const segmentRowsMax = 8_192;
/** From here on a segment is large: it stays as it is but for removals. */
export const largeRowsMin = 4_096;

/** team, server, method, tool, session and client are ids of names, outcome is of call-codes.ts. */
export interface Row {
  readonly seq: number;
  readonly id: Uint8Array;
  readonly team: number;
  readonly server: number;
  readonly method: number;
  readonly tool: number;
  readonly session: number;
  readonly client: number;
  readonly outcome: number;
  readonly startedMs: number;
  readonly durationMs: number;
  /** Null without one. */
  readonly parent: Uint8Array | null;
  /** Null where it is the call's own id. */
  readonly logical: Uint8Array | null;
}

export const dictionaryColumns = [
  "team",
  "server",
  "outcome",
  "tool",
  "method",
  "client",
  "session",
] as const;
export type DictionaryColumnName = (typeof dictionaryColumns)[number];
const numberColumns = ["duration", "started", "seq"] as const;
type NumberColumnName = (typeof numberColumns)[number];
const sparseColumns = ["parent", "logical"] as const;
export type SparseColumnName = (typeof sparseColumns)[number];
export type ColumnName =
  | DictionaryColumnName
  | SparseColumnName
  | NumberColumnName
  | "ids"
  | "tally"
  | "session_filter";

/** What is known of a segment without reading it. */
export interface SegmentHead {
  readonly id: number;
  /** The span of arrival that belongs to the segment, both inclusive; rows of it may have been removed. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly rows: number;
  readonly minStartedMs: number;
  readonly maxStartedMs: number;
  readonly minDurationMs: number;
  readonly maxDurationMs: number;
}

export type SegmentColumns = Readonly<Record<Exclude<ColumnName, "tally">, Uint8Array>>;

/** Rows in the order of lists. */
export function inListOrder(rows: readonly Row[]): readonly Row[] {
  return rows.toSorted(byStart);
}

function byStart(a: Row, b: Row): number {
  return a.startedMs - b.startedMs || Buffer.compare(a.id, b.id);
}

/** A segment before it is in the file. */
export interface EncodedSegment {
  readonly head: Omit<SegmentHead, "id">;
  readonly columns: SegmentColumns;
}

/** Rows in the order of lists, at least one, all of the span. */
export function encodeSegment(rows: readonly Row[], { firstSeq, lastSeq }: Span): EncodedSegment {
  const [minStartedMs, maxStartedMs] = [rows[0]?.startedMs ?? 0, rows.at(-1)?.startedMs ?? 0];
  const dictionary = (name: DictionaryColumnName) => encodeDictionary(rows.map((row) => row[name]));
  const durations = rows.map((row) => row.durationMs);
  const starts = { minStartedMs, maxStartedMs };
  const head = { firstSeq, lastSeq, rows: rows.length, ...starts, ...durationSpan(durations) };
  const columns = {
    team: dictionary("team"),
    server: dictionary("server"),
    outcome: dictionary("outcome"),
    tool: dictionary("tool"),
    method: dictionary("method"),
    client: dictionary("client"),
    session: dictionary("session"),
    duration: encodeNumbers(durations),
    started: encodeNumbers(rows.map((row) => row.startedMs - minStartedMs)),
    seq: encodeNumbers(rows.map((row) => row.seq - firstSeq)),
    parent: encodeSparse(rows.map((row) => row.parent)),
    logical: encodeSparse(rows.map((row) => row.logical)),
    ids: Buffer.concat(rows.map((row) => row.id)),
    session_filter: makeIdFilter(new Set(rows.map((row) => row.session))),
  };
  return { head, columns };
}

export function durationSpan(
  durations: ArrayLike<number>,
): Pick<SegmentHead, "minDurationMs" | "maxDurationMs"> {
  let [minDurationMs, maxDurationMs] = [Infinity, 0];
  for (let row = 0; row < durations.length; row++) {
    minDurationMs = Math.min(minDurationMs, durations[row] as number);
    maxDurationMs = Math.max(maxDurationMs, durations[row] as number);
  }
  return { minDurationMs, maxDurationMs };
}

/** One segment as a query sees it; columns are read when they are asked for. */
export class Segment {
  readonly head: SegmentHead;
  readonly #bytesOf: (column: ColumnName) => Uint8Array;
  readonly #dictionaries = new Map<DictionaryColumnName, DictionaryColumn>();
  readonly #numbers = new Map<NumberColumnName, NumberColumn>();
  readonly #sparse = new Map<SparseColumnName, SparseColumn>();
  #sessionFilter: Uint8Array | undefined;

  constructor(head: SegmentHead, bytesOf: (column: ColumnName) => Uint8Array) {
    this.head = head;
    this.#bytesOf = bytesOf;
  }

  dictionary(name: DictionaryColumnName): DictionaryColumn {
    let column = this.#dictionaries.get(name);
    if (!column) {
      column = decodeDictionary(this.#bytesOf(name), this.head.rows);
      this.#dictionaries.set(name, column);
    }
    return column;
  }

  /** The value of one row. */
  value(name: DictionaryColumnName, row: number): number {
    const { values, codes } = this.dictionary(name);
    return values[codes ? (codes[row] ?? 0) : 0] ?? 0;
  }

  get durations(): NumberColumn {
    return this.#number("duration");
  }

  /** Milliseconds after `head.minStartedMs`, ascending. */
  get startOffsets(): NumberColumn {
    return this.#number("started");
  }

  startedMs(row: number): number {
    return this.head.minStartedMs + (this.startOffsets[row] ?? 0);
  }

  /** Places in the order of arrival after `head.firstSeq`. */
  get seqOffsets(): NumberColumn {
    return this.#number("seq");
  }

  seq(row: number): number {
    return this.head.firstSeq + (this.seqOffsets[row] ?? 0);
  }

  /** -1 when it has no such call. */
  rowOfSeq(seq: number): number {
    return this.seqOffsets.indexOf(seq - this.head.firstSeq);
  }

  sparse(name: SparseColumnName): SparseColumn {
    let column = this.#sparse.get(name);
    if (!column) {
      column = decodeSparse(this.#bytesOf(name));
      this.#sparse.set(name, column);
    }
    return column;
  }

  id(row: number): Uint8Array {
    return uuidAt(this.#bytesOf("ids"), row);
  }

  /** Of all rows, 16 bytes each, and the seal. */
  get ids(): Uint8Array {
    return this.#bytesOf("ids");
  }

  /** False when it has calls of none of these sessions; costs less than a look at the column. */
  mayHoldSession(sessions: Iterable<number>): boolean {
    this.#sessionFilter ??= this.#bytesOf("session_filter");
    for (const session of sessions) if (mayHoldId(this.#sessionFilter, session)) return true;
    return false;
  }

  /** What was summed up when it was written (segment-tally.ts); empty without. */
  get tally(): Uint8Array {
    return this.#bytesOf("tally");
  }

  row(row: number): Row {
    return {
      seq: this.seq(row),
      id: this.id(row),
      team: this.value("team", row),
      server: this.value("server", row),
      method: this.value("method", row),
      tool: this.value("tool", row),
      session: this.value("session", row),
      client: this.value("client", row),
      outcome: this.value("outcome", row),
      startedMs: this.startedMs(row),
      durationMs: this.durations[row] ?? 0,
      parent: sparseAt(this.sparse("parent"), row),
      logical: sparseAt(this.sparse("logical"), row),
    };
  }

  /** Reads all columns. @throws RangeError — they are not what was written. */
  requireWhole(): void {
    const { rows } = this.head;
    for (const outcome of this.dictionary("outcome").values) outcomeOf(outcome);
    for (const name of dictionaryColumns) requireCodes(this.dictionary(name));
    for (const name of numberColumns) this.#number(name);
    for (const name of sparseColumns) this.sparse(name);
    if (this.ids.length < rows * uuidBytesLength)
      throw new RangeError(`${this.ids.length} bytes are no ids of ${rows} calls`);
  }

  /** All of them. @throws RangeError — its columns are not what was written. */
  rows(): Row[] {
    for (const outcome of this.dictionary("outcome").values) outcomeOf(outcome);
    return Array.from({ length: this.head.rows }, (_, row) => this.row(row));
  }

  /** The first row that started at or after a time; the number of rows when none did. */
  firstRowFrom(startedMs: number): number {
    const offset = startedMs - this.head.minStartedMs;
    if (offset <= 0) return 0;
    if (startedMs > this.head.maxStartedMs) return this.head.rows;
    const offsets = this.startOffsets;
    let [low, high] = [0, this.head.rows];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((offsets[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #number(name: NumberColumnName): NumberColumn {
    let column = this.#numbers.get(name);
    if (!column) {
      column = decodeNumbers(this.#bytesOf(name), this.head.rows);
      this.#numbers.set(name, column);
    }
    return column;
  }
}
