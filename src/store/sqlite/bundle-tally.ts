/**
 * What metrics ask of a bundle, packed: a tally of each server, tool, method and client, and of each span of time.
 *
 * In: tallies by name. Out: the same sums, added to those of others. Bounds: 10,000 names of a kind; some 300 bytes a
 * group, of which a bundle has about a hundred where names are few.
 */
import { namesMax, Tally } from "../statistics.ts";
import { type TalliedKind, talliedKinds } from "./segment-tally.ts";

/** By the id of a name; hours are numbers of spans since the epoch. */
export class TallyGroups {
  readonly #groups = new Map(talliedKinds.map((kind) => [kind, new Map<number, Tally>()]));

  /** Any names may be missing where there are too many of them: they come from clients, who may make up one for each call. */
  group(kind: TalliedKind, name: number): Tally | undefined {
    const groups = this.#of(kind);
    let group = groups.get(name);
    if (!group && (kind === "hour" || groups.size <= namesMax)) {
      group = new Tally();
      groups.set(name, group);
    }
    return group;
  }

  /** Nothing may be asked of it any more. */
  pack(): BundleTally {
    const packed = new BundleTally(talliedKinds.map((kind) => [...this.#of(kind)]));
    for (const kind of talliedKinds) for (const group of this.#of(kind).values()) group.release();
    return packed;
  }

  #of(kind: TalliedKind): Map<number, Tally> {
    return this.#groups.get(kind) ?? new Map<number, Tally>();
  }
}

/** Of each group: its name, successes, errors, timeouts, sum and maximum of durations, the end of its buckets. */
const numbersPerGroup = 7;

export class BundleTally {
  /** Groups up to the end of each kind. */
  readonly #ends: readonly number[];
  readonly #numbers: Float64Array;
  readonly #buckets: Uint16Array;
  readonly #bucketCounts: Uint32Array;

  constructor(byKind: readonly (readonly (readonly [name: number, group: Tally])[])[]) {
    const parts = byKind.flat().map(([name, group]) => ({ name, ...group.part() }));
    const buckets = parts.reduce((sum, part) => sum + part.buckets.length, 0);
    this.#numbers = new Float64Array(parts.length * numbersPerGroup);
    this.#buckets = new Uint16Array(buckets);
    this.#bucketCounts = new Uint32Array(buckets);
    let at = 0;
    for (const [index, part] of parts.entries()) {
      this.#buckets.set(part.buckets, at);
      this.#bucketCounts.set(part.bucketCounts, at);
      at += part.buckets.length;
      const { name, successCount, errorCount, timeoutCount, sumMs, maxMs } = part;
      const numbers = [name, successCount, errorCount, timeoutCount, sumMs, maxMs, at];
      this.#numbers.set(numbers, index * numbersPerGroup);
    }
    let end = 0;
    this.#ends = byKind.map(({ length }) => (end += length));
  }

  get bytes(): number {
    return this.#numbers.byteLength + this.#buckets.byteLength + this.#bucketCounts.byteLength;
  }

  /** How many groups of a kind there are. */
  size(kind: TalliedKind): number {
    const [from, to] = this.#span(kind);
    return to - from;
  }

  /** Adds each group of a kind to the tallies that are meant. */
  addTo(kind: TalliedKind, tallies: (name: number) => readonly Tally[]): void {
    const [from, to] = this.#span(kind);
    for (let group = from; group < to; group++) {
      const part = {
        successCount: this.#number(group, 1),
        errorCount: this.#number(group, 2),
        timeoutCount: this.#number(group, 3),
        sumMs: this.#number(group, 4),
        maxMs: this.#number(group, 5),
        buckets: this.#buckets,
        bucketCounts: this.#bucketCounts,
      };
      const bucketsFrom = group === 0 ? 0 : this.#number(group - 1, 6);
      const bucketsTo = this.#number(group, 6);
      for (const tally of tallies(this.#number(group, 0)))
        tally.addPart(part, bucketsFrom, bucketsTo);
    }
  }

  #span(kind: TalliedKind): readonly [from: number, to: number] {
    const index = talliedKinds.indexOf(kind);
    return [this.#ends[index - 1] ?? 0, this.#ends[index] ?? 0];
  }

  #number(group: number, column: number): number {
    return this.#numbers[group * numbersPerGroup + column] ?? 0;
  }
}
