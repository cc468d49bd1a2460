/**
 * The segments of the file, and the columns of them that were read.
 *
 * Bounds: columns of `cacheMaxBytes`, those of the oldest calls given up first, so that a look at more than fits
 * keeps what fits; ids of 64 segments, 8 MiB, for the time of one transaction; 64 heads at a time.
 */
import { Problem } from "../../problem.ts";
import {
  type ColumnName,
  type EncodedSegment,
  Segment,
  type SegmentHead,
  segmentRowsMax,
} from "./segment.ts";
import { sealIds } from "./segment-seal.ts";
import { makeTally } from "./segment-tally.ts";
import type { Statements } from "./statements.ts";

interface Kept {
  readonly segment: Segment;
  bytes: number;
}

/** What a segment takes in memory before any column is read, and each column besides its bytes; roughly. */
const overheadBytes = 1_024;

const idsMax = 64;
const headsPerLook = 64;

export class Segments {
  readonly #statements: Statements;
  readonly #cacheMaxBytes: number;
  readonly #kept = new Map<number, Kept>();
  /** The same, by their first seq. */
  readonly #inOrder: Kept[] = [];
  readonly #ids = new Map<number, Uint8Array>();
  #keptBytes = 0;

  constructor(statements: Statements, cacheMaxBytes: number) {
    this.#statements = statements;
    this.#cacheMaxBytes = cacheMaxBytes;
  }

  /** Within a transaction: by their newest start, those that have calls of the span, both ends inclusive. */
  *newestFirst(sinceMs: number, untilMs: number): Generator<Segment> {
    const sql = `${headSql} INDEXED BY segments_by_start
      WHERE max_started_ms <= ?1 AND (max_started_ms < ?1 OR id < ?2) AND max_started_ms >= ?3
        AND min_started_ms <= ?4
      ORDER BY max_started_ms DESC, id DESC LIMIT ?5`;
    let [maxMs, belowId]: [number, number] = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
    for (let met = headsPerLook; met === headsPerLook; ) {
      met = 0;
      for (const segment of this.#each(sql, maxMs, belowId, sinceMs, untilMs, headsPerLook)) {
        met++;
        [maxMs, belowId] = [segment.head.maxStartedMs, segment.head.id];
        yield segment;
      }
    }
  }

  /** Within a transaction: by arrival, the latest first, those that begin before `belowSeq`, at most `limit`. */
  *latestFirst(belowSeq: number, limit = Infinity): Generator<Segment> {
    const sql = `${headSql} INDEXED BY segments_by_seq WHERE first_seq < ? ORDER BY first_seq DESC LIMIT ?`;
    let [fromSeq, left] = [belowSeq, limit];
    for (let met = headsPerLook; met === headsPerLook && left > 0; left -= met) {
      met = 0;
      for (const segment of this.#each(sql, fromSeq, Math.min(headsPerLook, left))) {
        met++;
        fromSeq = segment.head.firstSeq;
        yield segment;
      }
    }
  }

  /** Within a transaction: by arrival, beginning with the one that `seq` lies in or before. */
  *inOrderFrom(seq: number): Generator<Segment> {
    const sql = `${headSql} INDEXED BY segments_by_seq WHERE first_seq >= ? ORDER BY first_seq LIMIT ?`;
    let fromSeq = this.holding(seq)?.head.firstSeq ?? seq;
    for (let met = headsPerLook; met === headsPerLook; ) {
      met = 0;
      for (const segment of this.#each(sql, fromSeq, headsPerLook)) {
        met++;
        fromSeq = segment.head.lastSeq + 1;
        yield segment;
      }
    }
  }

  /** Within a transaction: those with calls that started before a time, whole ones first, but for those of some ids. */
  *startingBefore(beforeMs: number, except: readonly number[]): Generator<Segment> {
    const from = `${headSql} INDEXED BY segments_by_start WHERE id NOT IN (SELECT value FROM json_each(?2)) AND`;
    const ids = JSON.stringify(except);
    yield* this.#each(`${from} max_started_ms < ?1 ORDER BY max_started_ms LIMIT 1`, beforeMs, ids);
    yield* this.#each(`${from} min_started_ms < ?1 LIMIT 1`, beforeMs, ids);
  }

  /** Within a transaction: the one whose span the seq lies in. */
  holding(seq: number): Segment | undefined {
    const sql = `${headSql} INDEXED BY segments_by_seq WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1`;
    const row = this.#statements.get(sql).get(seq);
    const head = row && headOf(row);
    return head && head.lastSeq >= seq ? this.#segment(head) : undefined;
  }

  /** Within a write transaction. */
  write({ head, columns }: EncodedSegment): void {
    const tally = makeTally({ head, columns });
    const others = unsealedColumns.map((name) => (name === "tally" ? tally : columns[name]));
    const spans = [
      head.firstSeq,
      head.lastSeq,
      head.rows,
      head.minStartedMs,
      head.maxStartedMs,
      head.minDurationMs,
      head.maxDurationMs,
    ] as const;
    const ids = sealIds(others, columns.ids);
    this.#statements.get(insertSql).run(...spans, ...others, ids);
  }

  /** Within a write transaction. */
  remove({ id }: SegmentHead): void {
    this.#statements.get("DELETE FROM segments WHERE id = ?").run(id);
    this.#forget(id);
  }

  /** At the end of a transaction. */
  release(): void {
    this.#ids.clear();
  }

  /** After a transaction that failed: ids of segments that are not there will be those of others. */
  forget(): void {
    this.#ids.clear();
    this.#kept.clear();
    this.#inOrder.length = 0;
    this.#keptBytes = 0;
  }

  *#each(sql: string, ...values: readonly (number | string)[]): Generator<Segment> {
    // All heads at once: a statement that is under way cannot be asked anew.
    for (const row of this.#statements.get(sql).all(...values)) yield this.#segment(headOf(row));
  }

  #segment(head: SegmentHead): Segment {
    const known = this.#kept.get(head.id);
    if (known) return known.segment;
    if (head.rows < 1 || head.rows > segmentRowsMax) throw damaged(head);
    const segment = new Segment(head, (name) => {
      return name === "ids" ? this.#readIds(head) : this.#readKept(head, name);
    });
    const added = { segment, bytes: overheadBytes };
    const from = this.#placeOf(head.firstSeq);
    // Whatever had a part of this span has been replaced by this one.
    const replaced = this.#inOrder.splice(from, this.#placeOf(head.lastSeq + 1) - from, added);
    for (const { segment: gone, bytes } of replaced) {
      this.#kept.delete(gone.head.id);
      this.#keptBytes -= bytes;
    }
    this.#kept.set(head.id, added);
    this.#keptBytes += added.bytes;
    this.#makeRoom();
    return segment;
  }

  #readKept(head: SegmentHead, name: ColumnName): Uint8Array {
    const bytes = this.#read(head, name);
    const kept = this.#kept.get(head.id);
    if (kept && name !== "tally") {
      const size = bytes.byteLength + overheadBytes;
      kept.bytes += size;
      this.#keptBytes += size;
      this.#makeRoom();
    }
    return bytes;
  }

  #readIds(head: SegmentHead): Uint8Array {
    let ids = this.#ids.get(head.id);
    if (!ids) {
      ids = this.#read(head, "ids");
      if (this.#ids.size >= idsMax) this.#ids.clear();
      this.#ids.set(head.id, ids);
    }
    return ids;
  }

  #read(head: SegmentHead, name: ColumnName): Uint8Array {
    const sql = `SELECT ${name} AS bytes FROM segments WHERE id = ?`;
    const bytes = this.#statements.get(sql).get(head.id)?.bytes;
    if (bytes instanceof Uint8Array) return bytes;
    throw damaged(head);
  }

  /** Where in the order the segment is, or would be, that begins with a seq. */
  #placeOf(seq: number): number {
    let [low, high] = [0, this.#inOrder.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#inOrder[middle]?.segment.head.firstSeq ?? seq) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #makeRoom(): void {
    while (this.#keptBytes > this.#cacheMaxBytes) {
      const oldest = this.#inOrder.shift();
      if (!oldest) return;
      this.#keptBytes -= oldest.bytes;
      this.#kept.delete(oldest.segment.head.id);
    }
  }

  #forget(id: number): void {
    const kept = this.#kept.get(id);
    if (!kept) return;
    this.#inOrder.splice(this.#placeOf(kept.segment.head.firstSeq), 1);
    this.#keptBytes -= kept.bytes;
    this.#kept.delete(id);
  }
}

function damaged({ id }: SegmentHead): Problem {
  return new Problem("internal_error", `segment ${id} of the call log is damaged`);
}

/** Of the table, in the order of the head's fields; both indexes hold all of them. */
export const headColumns =
  "id, first_seq, last_seq, calls, min_started_ms, max_started_ms, min_duration_ms, max_duration_ms";
const headSql = `SELECT ${headColumns} FROM segments`;

/** All but the last, `ids`, in the order of the table. */
export const unsealedColumns = [
  "session_filter",
  "team",
  "parent",
  "logical",
  "server",
  "outcome",
  "tool",
  "method",
  "client",
  "started",
  "duration",
  "session",
  "seq",
  "tally",
] as const satisfies readonly ColumnName[];

const insertSql = `
  INSERT INTO segments (${headColumns.replace("id, ", "")}, ${unsealedColumns.join(", ")}, ids)
  VALUES (${"?, ".repeat(7 + unsealedColumns.length)}?)
`;

function headOf(row: Readonly<Record<string, unknown>>): SegmentHead {
  return {
    id: Number(row.id),
    firstSeq: Number(row.first_seq),
    lastSeq: Number(row.last_seq),
    rows: Number(row.calls),
    minStartedMs: Number(row.min_started_ms),
    maxStartedMs: Number(row.max_started_ms),
    minDurationMs: Number(row.min_duration_ms),
    maxDurationMs: Number(row.max_duration_ms),
  };
}
