/**
 * Puts small segments together, so that a question meets few: each append makes one, however small.
 *
 * The tail is what follows the last large segment. Segments of it are merged in tiers, so that a row is written
 * three times on its way, a handful of times where calls come one by one: many small ones make a
 * medium one, and what fills a segment becomes a large one, which stays. Bounds: a tail of 128 segments
 * and 8,192 rows; one merge an append, of at most 8,192 rows (4 ms to encode on average, 9 at worst). A segment that
 * cannot be read stays as it is, and what follows it is a tail of its own: damage must not keep calls from being appended.
 */
import type { CallFile } from "./call-file.ts";
import { largeRowsMin, type Segment, segmentRowsMax } from "./segment.ts";
import { encodeTogether } from "./segment-gathering.ts";

const mediumRowsMin = 256;
const smallMax = 32;
const tailMax = 128;

/** Within a write transaction, after an append. */
export function mergeTail(file: CallFile): void {
  const tail: Segment[] = [];
  for (const segment of file.segments.latestFirst(Infinity, tailMax + 1)) {
    if (segment.head.rows >= largeRowsMin || file.unreadable.has(segment.head.id)) break;
    tail.unshift(segment);
  }
  const full = fullPrefix(tail);
  const small = tail.slice(tail.findLastIndex(({ head }) => head.rows >= mediumRowsMin) + 1);
  if (full) merge(file, full);
  else if (small.length >= smallMax) merge(file, small);
  else if (tail.length >= tailMax) merge(file, tail);
}

/** As many segments from the tail's beginning as fit into a large one; `undefined` while all of them do. */
function fullPrefix(tail: readonly Segment[]): readonly Segment[] | undefined {
  let rows = 0;
  for (const [index, { head }] of tail.entries()) {
    rows += head.rows;
    if (rows > segmentRowsMax) return tail.slice(0, index);
    if (rows === segmentRowsMax) return tail.slice(0, index + 1);
  }
  return undefined;
}

function merge(file: CallFile, parts: readonly Segment[]): void {
  const { segments } = file;
  const [first, last] = [parts[0], parts.at(-1)];
  if (!first || !last || first === last) return;
  for (const part of parts) {
    const isWhole = file.passingDamage(part.head.id, () => {
      part.requireWhole();
      return true;
    });
    if (!isWhole) return;
  }
  const span = { firstSeq: first.head.firstSeq, lastSeq: last.head.lastSeq };
  const merged = encodeTogether(parts, span);
  for (const { head } of parts) segments.remove(head);
  segments.write(merged);
}
