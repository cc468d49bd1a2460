/**
 * What is gathered of a bundle for a number of calls: how many, of which values, when.
 *
 * In: rows of segments that match. Out: numbers, packed, since they are remembered (bundle-answers.ts).
 */
import { callStatuses } from "../../call.ts";
import { outcomeOf } from "./call-codes.ts";
import type { Gathering, Question } from "./call-scan.ts";
import { countCodes, type Positions } from "./hot-loops.ts";
import type { DictionaryColumnName, Segment } from "./segment.ts";
import type { Selection, SeqSpan } from "./selection.ts";

export interface TotalsGathering<Answer> extends Gathering<Answer> {
  addRows(segment: Segment, positions: Positions): void;
}

/** Of calls that may be found one at a time, too. */
export interface TotalsQuestion<Answer> extends Question<Answer> {
  begin(): TotalsGathering<Answer>;
}

/** How many calls. */
export class Count implements TotalsGathering<number> {
  #calls = 0;

  visit(segment: Segment, selection: Selection, span: SeqSpan): void {
    this.#calls += selection.count(segment, span);
  }

  addRows(_: Segment, { length }: Positions): void {
    this.#calls += length;
  }

  absorb(calls: number): void {
    this.#calls += calls;
  }

  end(): { answer: number; bytes: number } {
    return { answer: this.#calls, bytes: 0 };
  }
}

/** For each column its values, and how many calls have each, in turn. */
export class Values implements TotalsGathering<readonly Uint32Array[]> {
  readonly #columns: readonly (readonly [DictionaryColumnName, Map<number, number>])[];

  constructor(columns: readonly DictionaryColumnName[]) {
    this.#columns = columns.map((column) => [column, new Map<number, number>()]);
  }

  visit(segment: Segment, selection: Selection, span: SeqSpan): void {
    this.addRows(segment, selection.select(segment, span));
  }

  addRows(segment: Segment, positions: Positions): void {
    for (const [column, counts] of this.#columns) addCounts(counts, segment, column, positions);
  }

  absorb(answer: readonly Uint32Array[]): void {
    for (const [index, [, counts]] of this.#columns.entries()) addPairs(counts, answer[index]);
  }

  end(): { answer: readonly Uint32Array[]; bytes: number } {
    const answer = this.#columns.map(([, counts]) => Uint32Array.from([...counts].flat()));
    return { answer, bytes: answer.reduce((sum, { byteLength }) => sum + byteLength, 0) };
  }
}

/** Number of the bucket since the epoch, and how many calls of each status started in it. */
export const numbersPerStart = 1 + callStatuses.length;

export class Starts implements TotalsGathering<Float64Array> {
  readonly #bucketMs: number;
  readonly #byBucket = new Map<number, number[]>();

  constructor(bucketMs: number) {
    this.#bucketMs = bucketMs;
  }

  visit(segment: Segment, selection: Selection, span: SeqSpan): void {
    this.addRows(segment, selection.select(segment, span));
  }

  absorb(answer: Float64Array): void {
    for (let at = 0; at < answer.length; at += numbersPerStart) {
      const byStatus = this.#counts(answer[at] ?? 0);
      for (let status = 0; status < callStatuses.length; status++)
        byStatus[status] = (byStatus[status] ?? 0) + (answer[at + 1 + status] ?? 0);
    }
  }

  addRows(segment: Segment, positions: Positions): void {
    for (const run of runsByBucket(segment, positions, this.#bucketMs)) {
      const bucket = Math.floor(segment.startedMs(run[0] ?? 0) / this.#bucketMs);
      const byStatus = this.#counts(bucket);
      const counts = new Map<number, number>();
      addCounts(counts, segment, "outcome", run);
      for (const [code, calls] of counts) {
        const status = callStatuses.indexOf(outcomeOf(code).status);
        byStatus[status] = (byStatus[status] ?? 0) + calls;
      }
    }
  }

  end(): { answer: Float64Array; bytes: number } {
    const numbers = [...this.#byBucket].flatMap(([bucket, byStatus]) => [bucket, ...byStatus]);
    const answer = Float64Array.from(numbers);
    return { answer, bytes: answer.byteLength };
  }

  #counts(bucket: number): number[] {
    const known = this.#byBucket.get(bucket);
    const byStatus = known ?? callStatuses.map(() => 0);
    if (!known) this.#byBucket.set(bucket, byStatus);
    return byStatus;
  }
}

function addCounts(
  counts: Map<number, number>,
  segment: Segment,
  column: DictionaryColumnName,
  positions: Positions,
): void {
  const { values, codes, counts: whole } = segment.dictionary(column);
  let found: Uint32Array = whole;
  if (!codes) found = Uint32Array.of(positions.length);
  else if (positions.length < segment.head.rows) {
    found = new Uint32Array(values.length);
    countCodes(positions, codes, found);
  }
  for (let code = 0; code < values.length; code++)
    addCount(counts, values[code] ?? 0, found[code] ?? 0);
}

/** Positions ascend by start, so those of one bucket lie side by side. */
function* runsByBucket(
  segment: Segment,
  positions: Positions,
  bucketMs: number,
): Generator<Positions> {
  let from = 0;
  while (from < positions.length) {
    const bucket = Math.floor(segment.startedMs(positions[from] ?? 0) / bucketMs);
    const beyond = segment.firstRowFrom((bucket + 1) * bucketMs);
    let [low, high] = [from, positions.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((positions[middle] ?? 0) < beyond) low = middle + 1;
      else high = middle;
    }
    // The first is of its own bucket, whatever a damaged column says.
    const to = Math.max(low, from + 1);
    yield positions.subarray(from, to);
    from = to;
  }
}

/** Of what `Values` found in one column. */
export function addPairs(counts: Map<number, number>, pairs: Uint32Array | undefined): void {
  for (let at = 0; pairs && at < pairs.length; at += 2)
    addCount(counts, pairs[at] ?? 0, pairs[at + 1] ?? 0);
}

function addCount(counts: Map<number, number>, value: number, calls: number): void {
  if (calls > 0) counts.set(value, (counts.get(value) ?? 0) + calls);
}
