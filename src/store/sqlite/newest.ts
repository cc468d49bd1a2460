/**
 * The newest rows of a selection, in the order of lists: by start, then by id, both descending.
 *
 * Segments are met by their newest start; as calls of one time end at another, spans of segments overlap, and
 * rows of several are merged. Bounds: positions of the segments met, 16 KiB each; those are no more than
 * it takes to be sure of `skip + take` rows.
 */
import type { Place } from "../cursor.ts";
import type { Positions } from "./hot-loops.ts";
import type { Segment } from "./segment.ts";
import type { Segments } from "./segments.ts";
import type { Selection } from "./selection.ts";
import { uuidBytes } from "./uuid-bytes.ts";

/** A place in the order of lists. */
export interface RowPlace {
  readonly startedMs: number;
  readonly id: Uint8Array;
}

export interface Hit {
  readonly segment: Segment;
  readonly position: number;
}

export interface NewestQuery {
  readonly selection: Pick<Selection, "select" | "sinceMs" | "untilMs">;
  /** Only what follows this place. */
  readonly after?: RowPlace | undefined;
  readonly skip: number;
  readonly take: number;
  /** Asked after each segment; once it returns true no further one is met. */
  isOver?(): boolean;
}

export interface Newest {
  readonly hits: readonly Hit[];
  /** As many of `skip` as there were. */
  readonly skipped: number;
  /** Set when it was over too soon: nothing that started after this time is left, be it found or not. */
  readonly reachedMs?: number;
}

/** Within a transaction. */
export function newest(segments: Segments, query: NewestQuery): Newest {
  const { selection, after, skip, take } = query;
  const untilMs = Math.min(after?.startedMs ?? Infinity, selection.untilMs);
  const runs: Run[] = [];
  let [rows, asked] = [0, false];
  for (const segment of segments.newestFirst(finite(selection.sinceMs), finite(untilMs))) {
    const { maxStartedMs } = segment.head;
    if (rows >= skip + take && rowsAfter(runs, maxStartedMs) >= skip + take) break;
    // Whoever goes on from there must get further than this time.
    if (asked && maxStartedMs + 1 < untilMs && query.isOver?.()) {
      // Rows of a segment yet to be met may come among those that started no later than its newest.
      for (const run of runs) run.dropUntil(maxStartedMs);
      const skipped = Math.min(skip, rowsLeft(runs));
      return { hits: merged(runs, skip, take), skipped, reachedMs: maxStartedMs };
    }
    asked = true;
    const run = new Run(segment, selection.select(segment), after);
    if (run.length === 0) continue;
    runs.push(run);
    rows += run.length;
  }
  return { skipped: Math.min(skip, rowsLeft(runs)), hits: merged(runs, skip, take) };
}

/** Matching rows of one segment, taken from the newest. */
class Run {
  readonly segment: Segment;
  /** Start of the newest row that is left. */
  startedMs = -Infinity;
  readonly #positions: Positions;
  #from = 0;
  #length: number;

  constructor(segment: Segment, positions: Positions, after: RowPlace | undefined) {
    this.segment = segment;
    // The selection's own array is overwritten by the next segment.
    this.#positions = positions.slice();
    this.#length = positions.length;
    if (after) {
      this.skipAfter(after.startedMs);
      while (this.startedMs === after.startedMs && Buffer.compare(this.id, after.id) >= 0)
        this.next();
    }
    this.#look();
  }

  /** Rows that are left. */
  get length(): number {
    return this.#length - this.#from;
  }

  get position(): number {
    return this.#positions[this.#length - 1] ?? 0;
  }

  get id(): Uint8Array {
    return this.segment.id(this.position);
  }

  next(): void {
    this.#length--;
    this.#look();
  }

  /** How many of the rows that are left started after a time. */
  rowsAfter(startedMs: number): number {
    return this.#length - Math.max(this.#from, this.#rowsUntil(startedMs));
  }

  /** Leaves those that started at a time or before. */
  skipAfter(startedMs: number): void {
    this.#length = Math.max(this.#from, this.#rowsUntil(startedMs));
    this.#look();
  }

  /** Leaves those that started after a time. */
  dropUntil(startedMs: number): void {
    this.#from = Math.min(this.#length, this.#rowsUntil(startedMs));
    this.#look();
  }

  #rowsUntil(startedMs: number): number {
    if (startedMs >= this.segment.head.maxStartedMs) return this.#length;
    const position = this.segment.firstRowFrom(startedMs + 1);
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#positions[middle] ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #look(): void {
    this.startedMs = this.length === 0 ? -Infinity : this.segment.startedMs(this.position);
  }
}

function rowsLeft(runs: readonly Run[]): number {
  return runs.reduce((rows, run) => rows + run.length, 0);
}

function rowsAfter(runs: readonly Run[], startedMs: number): number {
  let rows = 0;
  for (const run of runs) rows += run.rowsAfter(startedMs);
  return rows;
}

function merged(runs: readonly Run[], skip: number, take: number): Hit[] {
  let toSkip = skip > 0 ? skip - skipWhole(runs, skip) : 0;
  const left = runs.filter((run) => run.length > 0);
  const hits: Hit[] = [];
  while (hits.length < take) {
    let best: Run | undefined;
    for (const run of left) if (run.length > 0 && (!best || isNewer(run, best))) best = run;
    if (!best) break;
    if (toSkip > 0) toSkip--;
    else hits.push({ segment: best.segment, position: best.position });
    best.next();
  }
  return hits;
}

function isNewer(one: Run, other: Run): boolean {
  if (one.startedMs !== other.startedMs) return one.startedMs > other.startedMs;
  return Buffer.compare(one.id, other.id) > 0;
}

/** Passes over all rows that started after some time, as many as `skip` allows; returns how many those were. */
function skipWhole(runs: readonly Run[], skip: number): number {
  let low = Math.min(...runs.map(({ segment }) => segment.head.minStartedMs)) - 1;
  let high = Math.max(...runs.map(({ segment }) => segment.head.maxStartedMs));
  if (rowsAfter(runs, low) <= skip) high = low;
  // The earliest time after which no more than `skip` rows started.
  while (low < high) {
    // Not half of the sum, which a number may not hold.
    const middle = low + Math.floor((high - low) / 2);
    if (rowsAfter(runs, middle) <= skip) high = middle;
    else low = middle + 1;
  }
  const skipped = rowsAfter(runs, high);
  for (const run of runs) run.skipAfter(high);
  return skipped;
}

/** The place that nothing of its millisecond follows: everything that started at `reachedMs` or before does. */
export function placeAfter(reachedMs: number): Place {
  return { startedAtMs: reachedMs + 1, id: "00000000-0000-0000-0000-000000000000" };
}

export function rowPlace(place: Place): RowPlace {
  return { startedMs: place.startedAtMs, id: uuidBytes(place.id) };
}

function finite(ms: number): number {
  return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, ms));
}
