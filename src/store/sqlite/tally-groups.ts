/**
 * Sums up the calls of one team in one segment, group by group: what a tally (segment-tally.ts) is made of.
 *
 * In: columns of the segment. Out: for each group of a kind its sums, and how many calls fell into each bucket of the
 * latency sketch, by bucket, ascending. Works on typed arrays alone, in time linear in the rows and the groups: it is
 * part of each removal, and appends wait for it.
 */
import { bucketOf, bucketsMax } from "../sketch.ts";
import { outcomeOf } from "./call-codes.ts";
import type { DictionaryColumn, NumberColumn } from "./column.ts";

/** Which calls belong together. Calls are counted from 0 in the order of the segment, those of the team alone. */
export interface Groups {
  /** Names, or hours since the epoch. */
  readonly names: readonly number[];
  /** For each call the index of its group. */
  readonly groupOf: Uint16Array;
}

/** By group. */
export interface GroupSums {
  readonly names: readonly number[];
  readonly sumMs: Float64Array;
  readonly maxMs: Float64Array;
  readonly successCount: Uint32Array;
  readonly errorCount: Uint32Array;
  readonly timeoutCount: Uint32Array;
  /** Where the buckets of each group end. */
  readonly ends: Uint32Array;
  /** Those of all groups, and how many calls each holds. */
  readonly buckets: Uint16Array;
  readonly bucketCounts: Uint16Array;
}

/** What is summed up of each call. */
export class TalliedRows {
  readonly durationsMs: Float64Array;
  /** 0 success, 1 error, 2 timeout. */
  readonly statuses: Uint8Array;
  /** Of the latency sketch. */
  readonly buckets: Uint16Array;
  /** The calls, those of the lowest buckets first. */
  readonly byBucket: Uint16Array;

  constructor(durations: NumberColumn, outcomes: DictionaryColumn, positions: Uint16Array) {
    const statusOf = Uint8Array.from(outcomes.values, (code) => statusNumber(code));
    this.durationsMs = new Float64Array(positions.length);
    this.statuses = new Uint8Array(positions.length);
    this.buckets = new Uint16Array(positions.length);
    for (let call = 0; call < positions.length; call++) {
      const position = positions[call] as number;
      const durationMs = durations[position] as number;
      this.durationsMs[call] = durationMs;
      this.buckets[call] = bucketOf(durationMs);
      this.statuses[call] = statusOf[outcomes.codes?.[position] ?? 0] as number;
    }
    this.byBucket = sorted(this.buckets);
  }
}

/** Those of the rows that have a code. */
export function positionsOf(
  { codes, counts }: DictionaryColumn,
  code: number,
  rows: number,
): Uint16Array {
  const positions = new Uint16Array(counts[code] ?? 0);
  let length = 0;
  for (let row = 0; row < rows; row++) {
    if ((codes?.[row] ?? 0) === code) positions[length++] = row;
  }
  return positions;
}

/** By the values of a column, in the order in which they come. */
export function namesOf({ values, codes }: DictionaryColumn, positions: Uint16Array): Groups {
  const names: number[] = [];
  const groupOf = new Uint16Array(positions.length);
  // Of each code one more than its group; 0 until it is met.
  const met = new Uint16Array(values.length);
  for (let call = 0; call < positions.length; call++) {
    const code = codes?.[positions[call] as number] ?? 0;
    if (met[code] === 0) met[code] = names.push(values[code] as number);
    groupOf[call] = (met[code] as number) - 1;
  }
  return { names, groupOf };
}

/** By the hours of their starts, which ascend. */
export function hoursOf(
  startOffsets: NumberColumn,
  minStartedMs: number,
  hourMs: number,
  positions: Uint16Array,
): Groups {
  const names: number[] = [];
  const groupOf = new Uint16Array(positions.length);
  let endMs = -Infinity;
  for (let call = 0; call < positions.length; call++) {
    const startedMs = minStartedMs + (startOffsets[positions[call] as number] as number);
    if (startedMs >= endMs) {
      const hour = Math.floor(startedMs / hourMs);
      names.push(hour);
      endMs = (hour + 1) * hourMs;
    }
    groupOf[call] = names.length - 1;
  }
  return { names, groupOf };
}

export function sumUp({ names, groupOf }: Groups, rows: TalliedRows): GroupSums {
  const sumMs = new Float64Array(names.length);
  const maxMs = new Float64Array(names.length);
  const counts = [0, 1, 2].map(() => new Uint32Array(names.length));
  for (let call = 0; call < groupOf.length; call++) {
    const group = groupOf[call] as number;
    const durationMs = rows.durationsMs[call] as number;
    sumMs[group] = (sumMs[group] as number) + durationMs;
    if (durationMs > (maxMs[group] as number)) maxMs[group] = durationMs;
    const count = counts[rows.statuses[call] as number] as Uint32Array;
    count[group] = (count[group] as number) + 1;
  }
  const [successCount, errorCount, timeoutCount] = counts as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  const times = { sumMs, maxMs, successCount, errorCount, timeoutCount };
  return { names, ...times, ...sketchesOf(groupOf, names.length, rows) };
}

function sketchesOf(
  groupOf: Uint16Array,
  groups: number,
  rows: TalliedRows,
): Pick<GroupSums, "ends" | "buckets" | "bucketCounts"> {
  // The calls in the order of groups, those of one in the order of buckets.
  const next = startsOf(groupOf, groups);
  const ordered = new Uint16Array(groupOf.length);
  for (let at = 0; at < ordered.length; at++) {
    const call = rows.byBucket[at] as number;
    const group = groupOf[call] as number;
    const to = next[group] as number;
    next[group] = to + 1;
    ordered[to] = rows.buckets[call] as number;
  }
  const ends = new Uint32Array(groups);
  const buckets = new Uint16Array(ordered.length);
  const bucketCounts = new Uint16Array(ordered.length);
  let [from, length] = [0, 0];
  for (let group = 0; group < groups; group++) {
    // Each group's place for the next call has become its end.
    const to = next[group] as number;
    for (let at = from; at < to; at++) {
      const bucket = ordered[at] as number;
      if (at === from || bucket !== ordered[at - 1]) buckets[length++] = bucket;
      bucketCounts[length - 1] = (bucketCounts[length - 1] as number) + 1;
    }
    ends[group] = length;
    from = to;
  }
  return {
    ends,
    buckets: buckets.subarray(0, length),
    bucketCounts: bucketCounts.subarray(0, length),
  };
}

/** Indexes of the numbers, in the order of these; equal ones in that of the indexes. */
function sorted(numbers: Uint16Array): Uint16Array {
  const next = startsOf(numbers, bucketsMax);
  const order = new Uint16Array(numbers.length);
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] as number;
    const to = next[number] as number;
    next[number] = to + 1;
    order[to] = index;
  }
  return order;
}

/** Of each number below `limit` how many are less than it. */
function startsOf(numbers: Uint16Array, limit: number): Uint32Array {
  const starts = new Uint32Array(limit);
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] as number;
    starts[number] = (starts[number] as number) + 1;
  }
  let less = 0;
  for (let number = 0; number < limit; number++) {
    const count = starts[number] as number;
    starts[number] = less;
    less += count;
  }
  return starts;
}

function statusNumber(outcome: number): number {
  const { status } = outcomeOf(outcome);
  return status === "success" ? 0 : status === "error" ? 1 : 2;
}
