/**
 * Reads the whole call log and says what is wrong with it, beyond what SQLite itself can tell.
 *
 * Bounds: 100 sentences; one segment and its blocks a step.
 */
import { setImmediate as turn } from "node:timers/promises";
import { BlockReading } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { toCall } from "./call-row.ts";
import type { Segment, SegmentHead } from "./segment.ts";
import { isSealWhole } from "./segment-seal.ts";
import { unsealedColumns } from "./segments.ts";
import type { Statements } from "./statements.ts";

const findingsMax = 100;

export async function findDamage(file: CallFile): Promise<readonly string[]> {
  const findings: string[] = [];
  let [fromSeq, calls] = [0, 0];
  const step = (): boolean => {
    for (const segment of file.segments.inOrderFrom(fromSeq)) {
      fromSeq = segment.head.lastSeq + 1;
      calls += segment.head.rows;
      findings.push(...damageOf(file, segment));
      return findings.length < findingsMax;
    }
    const ids = Number(file.statements.get("SELECT count(*) AS n FROM ids").get()?.n);
    if (ids !== calls) findings.push(`${ids} ids instead of ${calls}`);
    return false;
  };
  while (file.read(step)) await turn();
  return findings.slice(0, findingsMax);
}

function damageOf({ statements, names }: CallFile, segment: Segment): string[] {
  const { firstSeq, lastSeq, minStartedMs, maxStartedMs, minDurationMs, maxDurationMs } =
    segment.head;
  const findings: string[] = [];
  using blocks = new BlockReading(statements);
  const seqOf = statements.get("SELECT seq FROM ids WHERE id = ?");
  const attempt = (what: string, work: () => string | undefined) => {
    try {
      const found = work();
      if (found !== undefined) findings.push(`${what} ${found}`);
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause;
      findings.push(`${what} cannot be read: ${cause.message}`);
    }
  };
  attempt(`the segment of calls ${firstSeq} to ${lastSeq}`, () => {
    if (!isSegmentWhole(statements, segment.head)) return "is not what was written";
    for (const row of segment.rows()) {
      if (row.startedMs < minStartedMs || row.startedMs > maxStartedMs)
        return `holds call ${row.seq}, which started outside its span`;
      if (row.durationMs < minDurationMs || row.durationMs > maxDurationMs)
        return `holds call ${row.seq}, which took a time outside its span`;
      if (Number(seqOf.get(row.id)?.seq) !== row.seq) return `holds call ${row.seq} without its id`;
      attempt(`call ${row.seq}`, () => {
        toCall("", row, blocks.entry(row.seq), names);
        return undefined;
      });
      if (findings.length >= findingsMax) break;
    }
    return undefined;
  });
  return findings;
}

/** Whether all columns of a segment are what was written. @throws what SQLite throws, where it cannot read them. */
export function isSegmentWhole(statements: Statements, { id, rows }: SegmentHead): boolean {
  const sql = `SELECT ${unsealedColumns.join(", ")}, ids FROM segments WHERE id = ?`;
  const columns = Object.values(statements.get(sql).get(id) ?? {});
  const bytes = columns.filter((column) => column instanceof Uint8Array);
  const sealed = bytes.pop();
  if (bytes.length !== unsealedColumns.length || sealed === undefined) return false;
  return isSealWhole(bytes, sealed, rows);
}
