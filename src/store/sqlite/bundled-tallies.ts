/**
 * Tallies of several segments in one, remembered: segments never change, so neither do the sums of the same ones.
 *
 * Bounds: 10,000 names of a kind in a bundle; bundles of 64 MiB in all, each some 250 KiB where names are few; the
 * one that was made first goes first.
 */
import { namesMax, Tally, type TallyPart } from "../statistics.ts";
import { type SegmentTally, type TalliedKind, talliedKinds } from "./segment-tally.ts";

/** By name, or hour since the epoch. */
export type TallySums = Readonly<Record<TalliedKind, readonly (readonly [number, TallyPart])[]>>;

const bytesMax = 67_108_864;
/** Of a group, besides its buckets; and of each bucket. */
const groupBytes = 1_024;
const bucketBytes = 6;

interface Bundle {
  readonly segments: string;
  readonly sums: TallySums;
  readonly bytes: number;
}

export class BundledTallies {
  readonly #bundles = new Map<string, Bundle>();
  #bytes = 0;

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
    this.#forget(key);
    const bytes = bytesOf(sums);
    this.#bytes += bytes;
    this.#bundles.set(key, { segments, sums, bytes });
    for (const oldest of this.#bundles.keys()) {
      if (this.#bytes <= bytesMax) break;
      this.#forget(oldest);
    }
    return sums;
  }

  #forget(key: string): void {
    this.#bytes -= this.#bundles.get(key)?.bytes ?? 0;
    this.#bundles.delete(key);
  }
}

/** Any names may be missing where there are too many of them: they come from clients, who may make up one for each call. */
export function sumUp(tallies: readonly SegmentTally[]): TallySums {
  const sumsOf = (kind: TalliedKind) => {
    const groups = new Map<number, Tally>();
    const isWanted = (name: number) =>
      kind === "hour" || groups.size <= namesMax || groups.has(name);
    for (const tally of tallies) {
      for (const [name, part] of tally.groups(kind, isWanted)) {
        const group = groups.get(name) ?? new Tally();
        group.addPart(part);
        groups.set(name, group);
      }
    }
    return [...groups].map(([name, group]) => {
      const part = group.part();
      group.release();
      return [name, part] as const;
    });
  };
  return Object.fromEntries(
    talliedKinds.map((kind) => [kind, sumsOf(kind)]),
  ) as unknown as TallySums;
}

function bytesOf(sums: TallySums): number {
  let bytes = 0;
  for (const kind of talliedKinds)
    for (const [, { buckets }] of sums[kind]) bytes += groupBytes + buckets.length * bucketBytes;
  return bytes;
}
