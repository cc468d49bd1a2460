/**
 * The segments of the file, and the columns of them that were read.
 *
 * Bounds: columns of `cacheMaxBytes`, those of the oldest calls given up first, so that a look at more than fits
 * keeps what fits; ids of 64 segments, 8 MiB, for the time of one transaction.
 */
import { Problem } from "../../problem.ts";
import { type ColumnName, encodeSegment, type Row, Segment, type SegmentHead } from "./segment.ts";
import { makeTally } from "./segment-tally.ts";
import type { Statements } from "./statements.ts";

interface Kept {
  readonly segment: Segment;
  bytes: number;
}

const idsMax = 64;
const headsPerLook = 64;

export class Segments {
  readonly #statements: Statements;
  readonly #cacheMaxBytes: number;
  readonly #kept = new Map<number, Kept>();
  readonly #ids = new Map<number, Uint8Array>();
  #keptBytes = 0;

  constructor(statements: Statements, cacheMaxBytes: number) {
    this.#statements = statements;
    this.#cacheMaxBytes = cacheMaxBytes;
  }

  /** Within a transaction: by their newest start, those that have calls of the span, both ends inclusive. */
  *newestFirst(sinceMs: number, untilMs: number): Generator<Segment> {
    const sql = `${headSql} INDEXED BY segments_by_start
      WHERE max_started_ms >= ? AND min_started_ms <= ? ORDER BY max_started_ms DESC, id DESC`;
    yield* this.#each(sql, sinceMs, untilMs);
  }

  /** Within a transaction: by arrival, the latest first, those that begin before `belowSeq`, at most `limit`. */
  *latestFirst(belowSeq: number, limit = -1): Generator<Segment> {
    const sql = `${headSql} INDEXED BY segments_by_seq WHERE first_seq < ? ORDER BY first_seq DESC LIMIT ?`;
    yield* this.#each(sql, belowSeq, limit);
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

  /** Within a transaction: those with calls that started before a time, whole ones first. */
  *startingBefore(beforeMs: number): Generator<Segment> {
    const from = `${headSql} INDEXED BY segments_by_start WHERE`;
    yield* this.#each(`${from} max_started_ms < ? ORDER BY max_started_ms LIMIT 1`, beforeMs);
    yield* this.#each(`${from} min_started_ms < ? LIMIT 1`, beforeMs);
  }

  /** Within a transaction: the one whose span the seq lies in. */
  holding(seq: number): Segment | undefined {
    const sql = `${headSql} INDEXED BY segments_by_seq WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1`;
    const row = this.#statements.get(sql).get(seq);
    const head = row && headOf(row);
    return head && head.lastSeq >= seq ? this.#segment(head) : undefined;
  }

  /** Within a write transaction. Rows in the order of lists, at least one. */
  write(
    rows: readonly Row[],
    { firstSeq, lastSeq }: Pick<SegmentHead, "firstSeq" | "lastSeq">,
  ): void {
    const columns = encodeSegment(rows, firstSeq);
    const tally = makeTally(rows);
    const span = [rows[0]?.startedMs ?? 0, rows.at(-1)?.startedMs ?? 0] as const;
    this.#statements
      .get(insertSql)
      .run(
        firstSeq,
        lastSeq,
        rows.length,
        ...span,
        ...writtenColumns.map((name) => (name === "tally" ? tally : columns[name])),
      );
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

  *#each(sql: string, ...values: readonly number[]): Generator<Segment> {
    // All heads at once: a statement that is under way cannot be asked anew.
    for (const row of this.#statements.get(sql).all(...values)) yield this.#segment(headOf(row));
  }

  #segment(head: SegmentHead): Segment {
    const kept = this.#kept.get(head.id);
    if (kept) return kept.segment;
    // Whatever had a part of this span has been replaced by this one.
    for (const [id, { segment }] of this.#kept) {
      const { firstSeq } = segment.head;
      if (firstSeq >= head.firstSeq && firstSeq <= head.lastSeq) this.#forget(id);
    }
    const segment = new Segment(head, (name) => {
      return name === "ids" ? this.#readIds(head) : this.#readKept(head, name);
    });
    this.#kept.set(head.id, { segment, bytes: 0 });
    return segment;
  }

  #readKept(head: SegmentHead, name: ColumnName): Uint8Array {
    const bytes = this.#read(head, name);
    const kept = this.#kept.get(head.id);
    if (kept && name !== "tally") {
      kept.bytes += bytes.byteLength;
      this.#keptBytes += bytes.byteLength;
      while (this.#keptBytes > this.#cacheMaxBytes) this.#forgetOldest();
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

  #read({ id }: SegmentHead, name: ColumnName): Uint8Array {
    const sql = `SELECT ${name} AS bytes FROM segments WHERE id = ?`;
    const bytes = this.#statements.get(sql).get(id)?.bytes;
    if (bytes instanceof Uint8Array) return bytes;
    throw new Problem("internal_error", `segment ${id} of the call log is damaged`);
  }

  #forgetOldest(): void {
    let oldest: SegmentHead | undefined;
    for (const { segment } of this.#kept.values()) {
      if (!oldest || segment.head.firstSeq < oldest.firstSeq) oldest = segment.head;
    }
    if (oldest) this.#forget(oldest.id);
  }

  #forget(id: number): void {
    this.#keptBytes -= this.#kept.get(id)?.bytes ?? 0;
    this.#kept.delete(id);
  }
}

const headSql = `SELECT id, first_seq, last_seq, calls, min_started_ms, max_started_ms FROM segments`;

const writtenColumns = [
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
  "ids",
] as const satisfies readonly ColumnName[];

const insertSql = `
  INSERT INTO segments (first_seq, last_seq, calls, min_started_ms, max_started_ms, ${writtenColumns.join(", ")})
  VALUES (${"?, ".repeat(4 + writtenColumns.length)}?)
`;

function headOf(row: Readonly<Record<string, unknown>>): SegmentHead {
  return {
    id: Number(row.id),
    firstSeq: Number(row.first_seq),
    lastSeq: Number(row.last_seq),
    rows: Number(row.calls),
    minStartedMs: Number(row.min_started_ms),
    maxStartedMs: Number(row.max_started_ms),
  };
}
