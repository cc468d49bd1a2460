/**
 * Takes rows out of the file with all that belongs to them: their ids, and their part of the blocks, which are
 * written anew without it.
 *
 * Within a write transaction, which is as long as blocks are touched: whoever calls keeps to `blocksPerStep`.
 */
import {
  type BlockHead,
  BlockReading,
  blocksHolding,
  removeBlocks,
  writePacked,
} from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { range, rowsOfSeqs } from "./doomed.ts";
import type { Segment } from "./segment.ts";
import { encodeWithout } from "./segment-gathering.ts";

/** 1,024 calls at most. */
export const blocksPerStep = 8;

/** Removes the calls of these seqs from a segment and its blocks. */
export function removeRows(file: CallFile, segment: Segment, doomed: ReadonlySet<number>): void {
  for (const head of blocksHolding(file.statements, doomed)) thinBlock(file, head, doomed);
  thinSegment(file, segment, doomed);
}

/** Removes the calls of these seqs from a segment whose blocks hold nothing of them any more. */
export function thinSegment(file: CallFile, segment: Segment, doomed: ReadonlySet<number>): void {
  segment.requireWhole();
  const positions = rowsOfSeqs(segment, doomed);
  removeIds(file, segment, positions);
  const kept = encodeWithout(segment, positions);
  file.segments.remove(segment.head);
  if (kept) file.segments.write(kept);
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
  using reading = new BlockReading(statements);
  const block = reading.at(head.firstSeq);
  const seqs = block.seqs();
  const kept = seqs.filter((seq) => !doomed.has(seq));
  if (kept.length === seqs.length) return;
  if (kept.length === 0) removeBlocks(statements, { ...head, lastSeq: head.firstSeq });
  else writePacked(statements, head, head.bodiesFromMs, block.only(kept));
}

function removeIds({ statements }: CallFile, segment: Segment, positions: Iterable<number>): void {
  const statement = statements.get("DELETE FROM ids WHERE id = ?");
  for (const position of positions) statement.run(segment.id(position));
}
