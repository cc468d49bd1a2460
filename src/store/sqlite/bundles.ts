/**
 * Calls that arrived one after the other, as what is asked and remembered together: bundles of some 32 large segments,
 * and shelves of eight bundles.
 *
 * A segment belongs to the bundle that its first seq lies in, wherever it ends.
 */
import type { Statements } from "./statements.ts";

export const bundleSeqs = 262_144;
export const shelfSeqs = 8 * bundleSeqs;

/** What is known of the segments of a bundle, or a shelf, without reading them. */
export interface Bundle {
  /** Different for bundles and shelves. */
  readonly name: string;
  /** The first seq that is beyond it. */
  readonly endSeq: number;
  readonly segments: number;
  /** Highest id of them: with how many there are it tells whether they are the same as before, as ids are never used twice. */
  readonly newestId: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly minStartedMs: number;
  readonly maxStartedMs: number;
}

/** Within a transaction: the last one, of so many seqs, that has a segment before a seq, with those before it alone. */
export function bundleBefore(
  statements: Statements,
  seq: number,
  seqs = bundleSeqs,
): Bundle | undefined {
  const last = statements.get(lastSql).get(seq);
  if (!last) return undefined;
  const number = Math.floor(Number(last.first_seq) / seqs);
  const endSeq = (number + 1) * seqs;
  const row = statements.get(bundleSql).get(number * seqs, Math.min(seq, endSeq)) ?? {};
  return {
    name: `${number} of ${seqs}`,
    endSeq,
    segments: Number(row.segments),
    newestId: Number(row.newest_id),
    firstSeq: Number(row.first_seq),
    lastSeq: Number(row.last_seq),
    minStartedMs: Number(row.min_started_ms),
    maxStartedMs: Number(row.max_started_ms),
  };
}

const lastSql =
  "SELECT first_seq FROM segments INDEXED BY segments_by_seq WHERE first_seq < ? ORDER BY first_seq DESC LIMIT 1";
const bundleSql = `
  SELECT count(*) AS segments, max(id) AS newest_id, min(first_seq) AS first_seq, max(last_seq) AS last_seq,
    min(min_started_ms) AS min_started_ms, max(max_started_ms) AS max_started_ms
  FROM segments INDEXED BY segments_by_seq WHERE first_seq >= ? AND first_seq < ?
`;
