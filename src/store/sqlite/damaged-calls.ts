/**
 * The calls that a damaged log still gives back, in the order of arrival.
 *
 * In: a file that may fail anywhere. Out: calls as they were; one whose block cannot be read comes without what the
 * block held, one whose segment cannot be read does not come. Bounds: the rows of one segment in memory, the
 * heads of all, 100 bytes for up to 8,192 calls, and every name.
 */
import type { DatabaseSync } from "node:sqlite";
import type { Call } from "../../call.ts";
import { Problem } from "../../problem.ts";
import { BlockReading } from "./blocks.ts";
import { damagedEntry, toCall } from "./call-row.ts";
import { isSegmentWhole } from "./call-verification.ts";
import { isUnreadableRow, readBothWays, readByKey } from "./damaged-file.ts";
import { type Row, Segment, type SegmentHead, segmentRowsMax } from "./segment.ts";
import { headColumns } from "./segments.ts";
import { Statements } from "./statements.ts";

export interface DamagedCall {
  readonly seq: number;
  readonly call: Call;
  /** False when its block could not be read. */
  readonly whole: boolean;
}

export function* readDamagedCalls(
  db: DatabaseSync,
  heads: readonly SegmentHead[],
): Generator<DamagedCall> {
  const statements = new Statements(db);
  const names = readNames(db);
  const text = (id: number) => names.get(id) ?? `lost name ${id}`;
  for (const head of heads) {
    using blocks = new BlockReading(statements);
    // In the order of blocks, each of which is then unpacked once.
    for (const row of readRows(statements, head).toSorted((a, b) => a.seq - b.seq)) {
      const entry = passingDamage(() => blocks.entryIfWhole(row.seq));
      const call = toCall(text(row.team), row, entry ?? damagedEntry(row.seq), { text });
      yield { seq: row.seq, call, whole: entry !== undefined };
    }
  }
}

/** By the table and by its index, of which one may be whole where the other is not. */
function readNames(db: DatabaseSync): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  readByKey(db, "names", "id, name", ([id, name]) => void names.set(Number(id), String(name)));
  readBothWays(db, "SELECT id, name FROM names", ["team", "name"], ([id, name]) => {
    names.set(Number(id), String(name));
  });
  return names;
}

/** What is known of the segments without reading them, in the order of arrival; by the table and by its index, too. */
export function readDamagedHeads(db: DatabaseSync): readonly SegmentHead[] {
  const heads = new Map<number, SegmentHead>();
  const keep = (values: readonly unknown[]) => {
    const [id = 0, firstSeq = 0, lastSeq = 0, rows = 0, ...spans] = values.map(Number);
    const [minStartedMs = 0, maxStartedMs = 0, minDurationMs = 0, maxDurationMs = 0] = spans;
    const times = { minStartedMs, maxStartedMs, minDurationMs, maxDurationMs };
    heads.set(id, { id, firstSeq, lastSeq, rows, ...times });
  };
  readByKey(db, "segments", headColumns, keep);
  const indexed = `SELECT ${headColumns} FROM segments INDEXED BY segments_by_seq`;
  readBothWays(db, indexed, ["first_seq"], keep);
  return [...heads.values()].sort((a, b) => a.firstSeq - b.firstSeq);
}

/** None of a segment of which any column cannot be read: a call is known by all of them. */
function readRows(statements: Statements, head: SegmentHead): readonly Row[] {
  const segment = new Segment(head, (column) => {
    const sql = `SELECT "${column}" AS bytes FROM segments WHERE id = ?`;
    const bytes = statements.get(sql).get(head.id)?.bytes;
    if (bytes instanceof Uint8Array) return bytes;
    throw new RangeError(`segment ${head.id} has no ${column}`);
  });
  const rows = passingDamage(() => {
    const isWhole = head.rows <= segmentRowsMax && isSegmentWhole(statements, head);
    return isWhole ? segment.rows() : undefined;
  });
  return rows ?? [];
}

/** Undefined when damage is in the way: of the file, or of what was read of it. */
function passingDamage<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (cause) {
    const isOurs = cause instanceof Problem && cause.code === "internal_error";
    if (isOurs || isUnreadableRow(cause) || cause instanceof RangeError) return undefined;
    throw cause;
  }
}
