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
import { bucketOf } from "../sketch.ts";
import { type TallyKind, type TallyPart, tallyKinds } from "../statistics.ts";
import { outcomeOf } from "./call-codes.ts";
import { largeRowsMin, type Row } from "./segment.ts";

export const tallyHourMs = 3_600_000;
const teamRowsMin = 1_024;
const headNumbers = 8;

export const talliedKinds = [...tallyKinds, "hour"] as const;
export type TalliedKind = TallyKind | "hour";

interface Group {
  readonly name: number;
  successCount: number;
  errorCount: number;
  timeoutCount: number;
  sumMs: number;
  maxMs: number;
  /** Calls by bucket. */
  readonly sketch: Map<number, number>;
}

export function makeTally(rows: readonly Row[]): Uint8Array {
  const teams = [...Map.groupBy(rows, ({ team }) => team)].filter(([, own]) =>
    isTallied(rows.length, own.length),
  );
  const sections = teams.map(([team, own]) => {
    return encode(
      team,
      talliedKinds.map((kind) => groupsOf(own, kind)),
    );
  });
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

  /** Names, or hours since the epoch, that are wanted, and their sums. */
  *groups(
    kind: TalliedKind,
    isWanted: (name: number) => boolean,
  ): Generator<readonly [name: number, part: TallyPart]> {
    let group = 0;
    for (const [index, each] of talliedKinds.entries()) {
      const count = this.#counts[index] ?? 0;
      if (each === kind) {
        const end = group + count;
        for (; group < end; group++) {
          const number = this.#number(0, group);
          // Hours before the epoch were written as their two's complement.
          const name = kind === "hour" ? number | 0 : number;
          if (isWanted(name)) yield [name, this.#part(group)];
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

function groupsOf(rows: readonly Row[], kind: TalliedKind): Group[] {
  const groups = new Map<number, Group>();
  for (const row of rows) {
    const name = kind === "hour" ? Math.floor(row.startedMs / tallyHourMs) : row[kind];
    let group = groups.get(name);
    if (!group) {
      const sums = { successCount: 0, errorCount: 0, timeoutCount: 0, sumMs: 0, maxMs: 0 };
      group = { name, ...sums, sketch: new Map() };
      groups.set(name, group);
    }
    const { status } = outcomeOf(row.outcome);
    if (status === "success") group.successCount++;
    else if (status === "error") group.errorCount++;
    else group.timeoutCount++;
    group.sumMs += row.durationMs;
    group.maxMs = Math.max(group.maxMs, row.durationMs);
    const bucket = bucketOf(row.durationMs);
    group.sketch.set(bucket, (group.sketch.get(bucket) ?? 0) + 1);
  }
  return [...groups.values()];
}

function encode(team: number, byKind: readonly (readonly Group[])[]): Uint8Array {
  const groups = byKind.flat();
  const [buckets, counts, ends]: [number[], number[], number[]] = [[], [], []];
  for (const { sketch } of groups) {
    buckets.push(...sketch.keys());
    counts.push(...sketch.values());
    ends.push(buckets.length);
  }
  const columns = [
    Float64Array.from(groups, ({ sumMs }) => sumMs),
    Float64Array.from(groups, ({ maxMs }) => maxMs),
    Uint32Array.from(groups, ({ name }) => name),
    Uint32Array.from(groups, ({ successCount }) => successCount),
    Uint32Array.from(groups, ({ errorCount }) => errorCount),
    Uint32Array.from(groups, ({ timeoutCount }) => timeoutCount),
    Uint32Array.from(ends),
    Uint16Array.from([...buckets, ...counts]),
  ].map(({ buffer }) => new Uint8Array(buffer));
  const used = columns.reduce((sum, { length }) => sum + length, headNumbers * 4);
  const size = Math.ceil(used / 8) * 8;
  const lengths = byKind.map(({ length }) => length);
  const head = Uint32Array.of(size, team, ...lengths, buckets.length);
  return Buffer.concat([new Uint8Array(head.buffer), ...columns], size);
}
