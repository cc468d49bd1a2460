/**
 * Takes rows out of the file with all that belongs to them: their ids, and their part of the blocks, which are
 * written anew without it.
 *
 * Within a write transaction, which is as long as blocks are touched: whoever calls keeps to `blocksPerStep`.
 */
import { type BlockHead, BlockReading, blockHeads, removeBlocks, writeBlock } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { range, seqsWithin } from "./doomed.ts";
import type { Segment } from "./segment.ts";

/** 1,024 calls at most. */
export const blocksPerStep = 8;

/** Removes the calls of these seqs from a segment and its blocks. */
export function removeRows(file: CallFile, segment: Segment, doomed: ReadonlySet<number>): void {
  for (const head of blockHeads(file.statements, segment.head)) {
    if (seqsWithin(head, doomed) > 0) thinBlock(file, head, doomed);
  }
  const rows = segment.rows();
  removeIds(
    file,
    segment,
    rows.keys().filter((position) => doomed.has(segment.seq(position))),
  );
  file.segments.remove(segment.head);
  const kept = rows.filter(({ seq }) => !doomed.has(seq));
  if (kept.length > 0) file.segments.write(kept, segment.head);
}

/** Removes all calls of a segment, without a look at its blocks. */
export function dropSegment(file: CallFile, segment: Segment): void {
  removeBlocks(file.statements, segment.head);
  removeIds(file, segment, range(segment.head.rows));
  file.segments.remove(segment.head);
}

export function thinBlock(
  { statements }: CallFile,
  head: BlockHead,
  doomed: ReadonlySet<number>,
): void {
  const entries = new BlockReading(statements).at(head.firstSeq).entries();
  const kept = entries.filter(({ seq }) => !doomed.has(seq));
  if (kept.length === entries.length) return;
  if (kept.length === 0) removeBlocks(statements, { ...head, lastSeq: head.firstSeq });
  else writeBlock(statements, head, head.bodiesFromMs, kept);
}

function removeIds({ statements }: CallFile, segment: Segment, positions: Iterable<number>): void {
  const statement = statements.get("DELETE FROM ids WHERE id = ?");
  for (const position of positions) statement.run(segment.id(position));
}
