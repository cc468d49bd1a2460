/**
 * Tallies of several segments in one, remembered: segments never change, so neither do the sums of the same ones.
 *
 * Bounds: 128 bundles, some 250 KiB each; the one that was made first goes first.
 */
import { Tally, type TallyPart } from "../statistics.ts";
import { type SegmentTally, type TalliedKind, talliedKinds } from "./segment-tally.ts";

/** By name, or hour since the epoch. */
export type TallySums = Readonly<Record<TalliedKind, readonly (readonly [number, TallyPart])[]>>;

const bundlesMax = 128;

export class BundledTallies {
  readonly #bundles = new Map<string, { readonly segments: string; readonly sums: TallySums }>();

  /** `tallies` has as many as `segmentIds`; it is asked only when those were not summed up last time. */
  sums(
    teamId: string,
    bundle: number,
    segmentIds: readonly number[],
    tallies: () => readonly SegmentTally[],
  ): TallySums {
    const [key, segments] = [`${teamId} ${bundle}`, segmentIds.join(" ")];
    const known = this.#bundles.get(key);
    if (known?.segments === segments) return known.sums;
    const sums = sumUp(tallies());
    this.#bundles.delete(key);
    if (this.#bundles.size >= bundlesMax) {
      const [oldest = ""] = this.#bundles.keys();
      this.#bundles.delete(oldest);
    }
    this.#bundles.set(key, { segments, sums });
    return sums;
  }
}

export function sumUp(tallies: readonly SegmentTally[]): TallySums {
  const sumsOf = (kind: TalliedKind) => {
    const groups = new Map<number, Tally>();
    for (const tally of tallies) {
      for (const [name, part] of tally.groups(kind)) {
        const group = groups.get(name) ?? new Tally();
        group.addPart(part);
        groups.set(name, group);
      }
    }
    return [...groups].map(([name, group]) => [name, group.part()] as const);
  };
  return Object.fromEntries(
    talliedKinds.map((kind) => [kind, sumsOf(kind)]),
  ) as unknown as TallySums;
}
