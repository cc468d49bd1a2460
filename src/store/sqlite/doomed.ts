/** Which calls of a segment are to be removed: from rows to seqs, by which both parts of a call are found. */
import type { Span } from "./blocks.ts";
import type { Segment } from "./segment.ts";

/** Positions; without a look at any row where the segment has none. */
export function rowsOfServer(
  segment: Segment,
  team: number | undefined,
  server: number | undefined,
): number[] {
  const holds = (column: "team" | "server", value: number | undefined) =>
    value !== undefined && segment.dictionary(column).values.includes(value);
  if (!holds("team", team) || !holds("server", server)) return [];
  return range(segment.head.rows).filter(
    (row) => segment.value("server", row) === server && segment.value("team", row) === team,
  );
}

/** Positions of calls that started before a time, of all teams or of some. */
export function rowsBefore(
  segment: Segment,
  beforeMs: number,
  teams?: ReadonlySet<number>,
): number[] {
  const old = range(segment.firstRowFrom(beforeMs));
  if (!teams || old.length === 0) return old;
  const isDoomed = segment.dictionary("team").values.some((team) => teams.has(team));
  return isDoomed ? old.filter((row) => teams.has(segment.value("team", row))) : [];
}

export function seqsOf(segment: Segment, positions: Iterable<number>): Set<number> {
  const seqs = new Set<number>();
  for (const position of positions) seqs.add(segment.seq(position));
  return seqs;
}

/** Positions of the calls of some seqs. */
export function rowsOfSeqs(segment: Segment, seqs: ReadonlySet<number>): Set<number> {
  const { firstSeq } = segment.head;
  const offsets = segment.seqOffsets;
  const positions = new Set<number>();
  for (let position = 0; position < offsets.length; position++)
    if (seqs.has(firstSeq + (offsets[position] as number))) positions.add(position);
  return positions;
}

/** How many of them. */
export function seqsWithin({ firstSeq, lastSeq }: Span, seqs: ReadonlySet<number>): number {
  let within = 0;
  for (let seq = firstSeq; seq <= lastSeq; seq++) if (seqs.has(seq)) within++;
  return within;
}

export function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
