/**
 * Walks the rows that match a filter, newest first.
 *
 * In: a filter of one team. Out: rows, some at a time, each time of one transaction, so that the WAL can be
 * checkpointed and others get their turn in between. Guarantees: a whole walk meets every call that was
 * there all the while exactly once.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { CallFilter } from "../call-log.ts";
import type { CallFile } from "./call-file.ts";
import { branchesOf, type WalkedRow } from "./call-query.ts";

export interface Walk {
  readonly teamId: string;
  readonly filter: CallFilter;
  /** What of each row to read, as SQL. */
  readonly columns: string;
  /** Which order calls of one millisecond have, see `WalkedRow`. */
  readonly order: WalkedRow["column"];
  readonly rowsPerStep: number;
}

/** Within a transaction: the next rows after one that was met. */
export function nextRows(
  file: CallFile,
  { teamId, filter, columns, order, rowsPerStep }: Walk,
  after: WalkedRow | undefined,
  offset = 0,
): unknown[] {
  const { names, statements } = file;
  const branches = branchesOf(teamId, filter, after, names, statements);
  const [first] = branches;
  if (!first) return [];
  const newest = `ORDER BY started_ms DESC, ${order} DESC LIMIT`;
  const values = branches.flatMap((branch) => branch.values);
  // Each branch hands in its newest; a number instead of a parameter keeps the values in order.
  const parts = branches.map(
    ({ from }) => `SELECT * FROM (SELECT ${columns} ${from} ${newest} ${rowsPerStep + offset})`,
  );
  const sql =
    parts.length === 1
      ? `SELECT ${columns} ${first.from} ${newest} ? OFFSET ?`
      : `${parts.join(" UNION ALL ")} ${newest} ? OFFSET ?`;
  return statements.get(sql).all(...values, rowsPerStep, offset);
}

/** Shows all rows, step by step, each within its transaction, until `visit` returns false. */
export async function walk<Row>(
  file: CallFile,
  way: Walk,
  after: WalkedRow | undefined,
  { visit, walked }: { visit(rows: readonly Row[]): boolean; walked(last: Row): WalkedRow },
): Promise<void> {
  let met = after;
  for (;;) {
    const more = file.read(() => {
      const rows = nextRows(file, way, met) as Row[];
      const last = rows.at(-1);
      if (last !== undefined) met = walked(last);
      return visit(rows) && rows.length === way.rowsPerStep;
    });
    if (!more) return;
    await turn();
  }
}
