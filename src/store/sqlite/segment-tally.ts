/**
 * What metrics ask of a segment, summed up when it is written: for each team with many calls in it a tally of each
 * server, tool, method and client, and of each hour.
 *
 * Only large segments have one: others are quickly gone through row by row. Layout: a section a team, one after the
 * other. A section begins with 8 numbers of 32 bits: its size in bytes, the team, how many servers, tools, methods,
 * clients and hours, and how many buckets; then, for each of these groups in turn, two columns of doubles (sum and
 * maximum of durations), five of 32 bits (the name, or the hour since the epoch; successes, errors, timeouts; the end
 * of its buckets); then the buckets and their counts, 16 bits each; then zeros up to a multiple of 8 bytes.
 * Bounds: a team with less than 1,024 calls has no section.
 */
import { type TallyKind, type TallyPart, tallyKinds } from "../statistics.ts";
import { decodeDictionary, decodeNumbers } from "./column.ts";
import { type EncodedSegment, largeRowsMin } from "./segment.ts";
import {
  type GroupSums,
  hoursOf,
  namesOf,
  positionsOf,
  sumUp,
  TalliedRows,
} from "./tally-groups.ts";

export const tallyHourMs = 3_600_000;
const teamRowsMin = 1_024;
const headNumbers = 8;

export const talliedKinds = [...tallyKinds, "hour"] as const;
export type TalliedKind = TallyKind | "hour";

export function makeTally({ head, columns }: EncodedSegment): Uint8Array {
  const { rows, minStartedMs } = head;
  if (rows < largeRowsMin) return new Uint8Array();
  const teams = decodeDictionary(columns.team, rows);
  const outcomes = decodeDictionary(columns.outcome, rows);
  const started = decodeNumbers(columns.started, rows);
  const durations = decodeNumbers(columns.duration, rows);
  const sections: Uint8Array[] = [];
  for (const [code, team] of teams.values.entries()) {
    if (!isTallied(rows, teams.counts[code] ?? 0)) continue;
    const own = positionsOf(teams, code, rows);
    const calls = new TalliedRows(durations, outcomes, own);
    const byKind = talliedKinds.map((kind) => {
      const groups =
        kind === "hour"
          ? hoursOf(started, minStartedMs, tallyHourMs, own)
          : namesOf(decodeDictionary(columns[kind], rows), own);
      return sumUp(groups, calls);
    });
    sections.push(encode(team, byKind));
  }
  return Buffer.concat(sections);
}

/** Whether a team has a section: by the rows of the segment and the team's own. */
export function isTallied(rows: number, own: number): boolean {
  return rows >= largeRowsMin && own >= teamRowsMin;
}

/** One team's section, as views of its bytes. */
export class SegmentTally {
  readonly #counts: readonly number[];
  readonly #doubles: Float64Array;
  readonly #numbers: Uint32Array;
  readonly #buckets: Uint16Array;
  readonly #groups: number;

  private constructor(buffer: ArrayBufferLike, from: number) {
    const [, , ...counts] = new Uint32Array(buffer, from, headNumbers);
    const buckets = counts.pop() ?? 0;
    this.#counts = counts;
    this.#groups = counts.reduce((sum, count) => sum + count, 0);
    const doublesAt = from + headNumbers * 4;
    this.#doubles = new Float64Array(buffer, doublesAt, this.#groups * 2);
    const numbersAt = doublesAt + this.#doubles.byteLength;
    this.#numbers = new Uint32Array(buffer, numbersAt, this.#groups * 5);
    this.#buckets = new Uint16Array(buffer, numbersAt + this.#numbers.byteLength, buckets * 2);
  }

  /** @throws RangeError — not what `makeTally` returns, or without a section of this team. */
  static of(bytes: Uint8Array, team: number): SegmentTally {
    const { buffer } = bytes.byteOffset === 0 ? bytes : Uint8Array.from(bytes);
    for (let from = 0; from < bytes.length; ) {
      const [size = 0, owner] = new Uint32Array(buffer, from, 2);
      if (owner === team) return new SegmentTally(buffer, from);
      if (size === 0) break;
      from += size;
    }
    throw new RangeError(`a segment without the tally of team ${team}`);
  }

  /** Names, or hours since the epoch, and their sums. */
  *groups(kind: TalliedKind): Generator<readonly [name: number, part: TallyPart]> {
    let group = 0;
    for (const [index, each] of talliedKinds.entries()) {
      const count = this.#counts[index] ?? 0;
      if (each === kind) {
        const end = group + count;
        for (; group < end; group++) {
          const number = this.#number(0, group);
          // Hours before the epoch were written as their two's complement.
          const name = kind === "hour" ? number | 0 : number;
          yield [name, this.#part(group)];
        }
        return;
      }
      group += count;
    }
  }

  #part(group: number): TallyPart {
    const half = this.#buckets.length / 2;
    const [from, to] = [group === 0 ? 0 : this.#number(4, group - 1), this.#number(4, group)];
    return {
      successCount: this.#number(1, group),
      errorCount: this.#number(2, group),
      timeoutCount: this.#number(3, group),
      sumMs: this.#doubles[group] ?? 0,
      maxMs: this.#doubles[this.#groups + group] ?? 0,
      buckets: this.#buckets.subarray(from, to),
      bucketCounts: this.#buckets.subarray(half + from, half + to),
    };
  }

  #number(column: number, group: number): number {
    return this.#numbers[column * this.#groups + group] ?? 0;
  }
}

function encode(team: number, byKind: readonly GroupSums[]): Uint8Array {
  let before = 0;
  const ends = byKind.map((sums) => {
    const own = sums.ends.map((end) => before + end);
    before += sums.buckets.length;
    return own;
  });
  const columns = [
    ...byKind.map(({ sumMs }) => sumMs),
    ...byKind.map(({ maxMs }) => maxMs),
    // Hours before the epoch become their two's complement.
    ...byKind.map(({ names }) => Uint32Array.from(names)),
    ...byKind.map(({ successCount }) => successCount),
    ...byKind.map(({ errorCount }) => errorCount),
    ...byKind.map(({ timeoutCount }) => timeoutCount),
    ...ends,
    ...byKind.map(({ buckets }) => buckets),
    ...byKind.map(({ bucketCounts }) => bucketCounts),
  ].map((column) => new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  const used = columns.reduce((sum, { length }) => sum + length, headNumbers * 4);
  const size = Math.ceil(used / 8) * 8;
  const lengths = byKind.map(({ names }) => names.length);
  const head = Uint32Array.of(size, team, ...lengths, before);
  return Buffer.concat([new Uint8Array(head.buffer), ...columns], size);
}
