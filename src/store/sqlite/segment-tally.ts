/**
 * What metrics ask of a segment, summed up when it is written: a tally for each server, tool, method and client
 * of it, and for each hour.
 *
 * Only large segments of one team have one: others are quickly gone through row by row. Layout: the numbers of
 * groups, hours and buckets, one unused, 32 bits each; doubles: a sum and a maximum of durations a group, the
 * start of each hour; 32 bits: successes, errors, timeouts and the end of its buckets a group; 16 bits:
 * the buckets, then their counts. Groups are in the order of the columns' dictionaries, hours come last.
 * Bounds: 1,024 groups of a kind; with more there is none.
 */

import { bucketOf, bucketsMax } from "../sketch.ts";
import { type TallyKind, type TallyPart, tallyKinds } from "../statistics.ts";
import { outcomeOf } from "./call-codes.ts";
import { type DictionaryColumn, decodeDictionary } from "./column.ts";
import { largeRowsMin, type Row, type SegmentColumns } from "./segment.ts";

export const tallyHourMs = 3_600_000;
const groupsMax = 1_024;
const none = new Uint8Array(0);

interface Group {
  successCount: number;
  errorCount: number;
  timeoutCount: number;
  sumMs: number;
  maxMs: number;
  buckets: number[];
  bucketCounts: number[];
}

export function makeTally(rows: readonly Row[], columns: SegmentColumns): Uint8Array {
  if (rows.length < largeRowsMin || decodeDictionary(columns.team, rows.length).codes) return none;
  const dictionaries = tallyKinds.map((kind) => decodeDictionary(columns[kind], rows.length));
  const hours = [...new Set(rows.map((row) => Math.floor(row.startedMs / tallyHourMs)))];
  const codeOfHour = new Map(hours.map((hour, code) => [hour, code]));
  const kinds = [
    ...dictionaries.map(({ values, codes }) => ({
      groups: values.length,
      codeAt: (position: number) => codes?.[position] ?? 0,
    })),
    {
      groups: hours.length,
      codeAt: (_: number, row: Row) => codeOfHour.get(Math.floor(row.startedMs / tallyHourMs)) ?? 0,
    },
  ];
  if (kinds.some(({ groups }) => groups > groupsMax)) return none;
  const groups = kinds.flatMap((kind) => groupsOf(rows, kind));
  return encode(
    groups,
    hours.map((hour) => hour * tallyHourMs),
  );
}

/** A segment's tally, as views of its bytes. */
export class SegmentTally {
  /** Starts of hours, epoch milliseconds. */
  readonly hours: Float64Array;
  readonly #sums: Float64Array;
  readonly #counts: Uint32Array;
  readonly #buckets: Uint16Array;
  readonly #groups: number;

  /** @throws RangeError — not what `makeTally` returns; nor is nothing at all. */
  constructor(bytes: Uint8Array) {
    const { buffer } = bytes.byteOffset === 0 ? bytes : Uint8Array.from(bytes);
    const [groups = 0, hours = 0, buckets = 0] = new Uint32Array(buffer, 0, 4);
    this.#groups = groups;
    this.#sums = new Float64Array(buffer, 16, groups * 2);
    this.hours = new Float64Array(buffer, 16 + groups * 16, hours);
    const countsAt = 16 + groups * 16 + hours * 8;
    this.#counts = new Uint32Array(buffer, countsAt, groups * 4);
    this.#buckets = new Uint16Array(buffer, countsAt + groups * 16, buckets * 2);
  }

  /** By the code of the group's value, of all dictionaries in turn, then of the hours. */
  part(group: number): TallyPart {
    const of = (column: number) => this.#counts[column * this.#groups + group] ?? 0;
    const from = group === 0 ? 0 : (this.#counts[3 * this.#groups + group - 1] ?? 0);
    const half = this.#buckets.length / 2;
    return {
      successCount: of(0),
      errorCount: of(1),
      timeoutCount: of(2),
      sumMs: this.#sums[group] ?? 0,
      maxMs: this.#sums[this.#groups + group] ?? 0,
      buckets: this.#buckets.subarray(from, of(3)),
      bucketCounts: this.#buckets.subarray(half + from, half + of(3)),
    };
  }
}

/** Where a kind's groups begin among those of all dictionaries; of the hours when there is no kind. */
export function firstGroup(
  dictionaries: Readonly<Record<TallyKind, DictionaryColumn>>,
  kind?: TallyKind,
): number {
  let first = 0;
  for (const each of tallyKinds) {
    if (each === kind) break;
    first += dictionaries[each].values.length;
  }
  return first;
}

function groupsOf(
  rows: readonly Row[],
  { groups, codeAt }: { groups: number; codeAt: (position: number, row: Row) => number },
): Group[] {
  const sums = Array.from({ length: groups }, (): Group => {
    const counts = { successCount: 0, errorCount: 0, timeoutCount: 0 };
    return { ...counts, sumMs: 0, maxMs: 0, buckets: [], bucketCounts: [] };
  });
  const sketches = new Uint16Array(groups * bucketsMax);
  for (const [position, row] of rows.entries()) {
    const code = codeAt(position, row);
    const group = sums[code];
    if (!group) throw new RangeError(`there is no group ${code}`);
    const { status } = outcomeOf(row.outcome);
    if (status === "success") group.successCount++;
    else if (status === "error") group.errorCount++;
    else group.timeoutCount++;
    group.sumMs += row.durationMs;
    group.maxMs = Math.max(group.maxMs, row.durationMs);
    const bucket = code * bucketsMax + bucketOf(row.durationMs);
    sketches[bucket] = (sketches[bucket] ?? 0) + 1;
  }
  for (const [code, group] of sums.entries()) {
    for (let bucket = 0; bucket < bucketsMax; bucket++) {
      const calls = sketches[code * bucketsMax + bucket] ?? 0;
      if (calls === 0) continue;
      group.buckets.push(bucket);
      group.bucketCounts.push(calls);
    }
  }
  return sums;
}

function encode(groups: readonly Group[], hours: readonly number[]): Uint8Array {
  const buckets = groups.flatMap((group) => group.buckets);
  let end = 0;
  const ends = groups.map((group) => (end += group.buckets.length));
  const parts = [
    Uint32Array.of(groups.length, hours.length, buckets.length, 0),
    Float64Array.from(groups, ({ sumMs }) => sumMs),
    Float64Array.from(groups, ({ maxMs }) => maxMs),
    Float64Array.from(hours),
    Uint32Array.from(groups, ({ successCount }) => successCount),
    Uint32Array.from(groups, ({ errorCount }) => errorCount),
    Uint32Array.from(groups, ({ timeoutCount }) => timeoutCount),
    Uint32Array.from(ends),
    Uint16Array.from(buckets),
    Uint16Array.from(groups.flatMap((group) => group.bucketCounts)),
  ];
  return Buffer.concat(parts.map(({ buffer }) => new Uint8Array(buffer)));
}
