/**
 * Answers questions about calls.
 *
 * In: a connection of its own or the writer's. Guarantees: each transaction sees one snapshot and is short, so
 * that the WAL can be checkpointed; long walks (text search, metrics) are steps of many such
 * transactions, newest first by place, between which others get their turn: they meet every call
 * that was there all the while exactly once. Bounds: rows of one step, 8 blocks, one page; a
 * text search ends after `searchMaxMs`.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Call } from "../../call.ts";
import type { Clock } from "../../clock.ts";
import { isUuid } from "../../id.ts";
import { Problem } from "../../problem.ts";
import type { CallFilter, CallMetrics, CallPage, MetricsQuery, PageQuery } from "../call-log.ts";
import { decodeCursor, encodeCursor, type Place } from "../cursor.ts";
import { searchTerms } from "../search-terms.ts";
import { CallTally } from "../statistics.ts";
import { BlockReading } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { branchesOf, unsweptServers } from "./call-query.ts";
import { type CallRow, callColumns, placeOf, statusOf, toCall, uuidBytes } from "./call-row.ts";

const searchedPerStep = 256;
const talliedPerStep = 10_000;

export interface ReadingLimits {
  readonly clock: Clock;
  readonly searchMaxMs: number;
}

export class CallReader {
  readonly #file: CallFile;
  readonly #limits: ReadingLimits;

  constructor(file: CallFile, limits: ReadingLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  async page(teamId: string, query: PageQuery): Promise<CallPage> {
    const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const terms = searchTerms(query.text ?? "");
    if (terms.length > 0) return this.#searchedPage(teamId, query, after, terms);
    return this.#file.read(() => {
      // One row beyond the page tells whether another page follows.
      const rows = this.#rows(teamId, query, after, query.limit + 1, query.offset);
      const blocks = new BlockReading(this.#file.statements);
      const calls = rows
        .slice(0, query.limit)
        .map((row) => this.#call(teamId, row, blocks, query.bodyMaxLength));
      const last = calls.at(-1);
      return {
        calls: calls.map(({ messages, ...summary }) => summary),
        next: last && rows.length > calls.length ? encodeCursor(last) : null,
      };
    });
  }

  find(teamId: string, id: string): Call | undefined {
    if (!isUuid(id)) return undefined;
    const { names, statements } = this.#file;
    return this.#file.read(() => {
      const sql = `SELECT ${callColumns} FROM calls WHERE id = ? AND team = ?`;
      const team = names.find(teamId) ?? null;
      const row = statements.get(sql).get(uuidBytes(id), team) as CallRow | undefined;
      if (!row || unsweptServers(teamId, statements).includes(row.server)) return undefined;
      return this.#call(teamId, row, new BlockReading(statements));
    });
  }

  async count(teamId: string, filter: CallFilter): Promise<number> {
    const terms = searchTerms(filter.text ?? "");
    let count = 0;
    if (terms.length === 0) {
      const { names, statements } = this.#file;
      return this.#file.read(() => {
        for (const { from, values } of branchesOf(teamId, filter, undefined, names, statements)) {
          count += Number(statements.get(`SELECT count(*) AS n ${from}`).get(...values)?.n);
        }
        return count;
      });
    }
    const end = await this.#search(teamId, filter, undefined, terms, () => {
      count++;
      return true;
    });
    if (end !== "nothing_left") throw this.#tookTooLong();
    return count;
  }

  async metrics(teamId: string, query: MetricsQuery): Promise<CallMetrics> {
    const { names } = this.#file;
    const tally = new CallTally(query);
    await this.#walk(teamId, query, undefined, talliedPerStep, (rows) => {
      for (const row of rows) {
        tally.add({
          startedAtMs: row.started_ms,
          durationMs: row.duration_ms,
          status: statusOf(row),
          server: names.text(row.server),
          tool: names.text(row.tool),
          method: names.text(row.method),
          client: names.text(row.client),
        });
      }
      return true;
    });
    return tally.metrics();
  }

  async #searchedPage(
    teamId: string,
    query: PageQuery,
    after: Place | undefined,
    terms: readonly Buffer[],
  ): Promise<CallPage> {
    const calls: Call[] = [];
    let toSkip = query.offset ?? 0;
    const end = await this.#search(teamId, query, after, terms, (row, blocks) => {
      if (toSkip > 0) toSkip--;
      else if (calls.length === query.limit) return false;
      else calls.push(this.#call(teamId, row, blocks, query.bodyMaxLength));
      return true;
    });
    if (toSkip > 0 && end !== "nothing_left") throw this.#tookTooLong();
    const last = calls.at(-1);
    let next = end === "nothing_left" ? undefined : end;
    if (next === "stopped") next = last;
    return {
      calls: calls.map(({ messages, ...summary }) => summary),
      next: next ? encodeCursor(next) : null,
    };
  }

  /**
   * Shows the calls that hold all the terms to `visit`, newest first, until it returns false. Resolves to why
   * it ended; when time was up, to the last place it looked at.
   */
  async #search(
    teamId: string,
    filter: CallFilter,
    after: Place | undefined,
    terms: readonly Buffer[],
    visit: (row: CallRow, blocks: BlockReading) => boolean,
  ): Promise<"nothing_left" | "stopped" | Place> {
    const { clock, searchMaxMs } = this.#limits;
    const deadlineMs = clock.monotonicMs() + searchMaxMs;
    let end: "nothing_left" | "stopped" | Place = "nothing_left";
    await this.#walk(teamId, filter, after, searchedPerStep, (rows) => {
      const blocks = new BlockReading(this.#file.statements);
      for (const row of rows) {
        if (blocks.at(row.seq).includesTerms(row.seq, terms) && !visit(row, blocks)) {
          end = "stopped";
          return false;
        }
      }
      const last = rows.at(-1);
      if (!last || clock.monotonicMs() < deadlineMs) return true;
      end = placeOf(last);
      return false;
    });
    return end;
  }

  /** Shows all rows that match to `visit`, in steps of one transaction each, newest first, until it returns false. */
  async #walk(
    teamId: string,
    filter: CallFilter,
    after: Place | undefined,
    rowsPerStep: number,
    visit: (rows: readonly CallRow[]) => boolean,
  ): Promise<void> {
    let place = after;
    for (;;) {
      const more = this.#file.read(() => {
        const rows = this.#rows(teamId, filter, place, rowsPerStep);
        const last = rows.at(-1);
        place = last && placeOf(last);
        return visit(rows) && rows.length === rowsPerStep;
      });
      if (!more) return;
      await turn();
    }
  }

  #rows(
    teamId: string,
    filter: CallFilter,
    after: Place | undefined,
    limit: number,
    offset = 0,
  ): readonly CallRow[] {
    const { names, statements } = this.#file;
    const branches = branchesOf(teamId, filter, after, names, statements);
    if (branches.length === 0) return [];
    const order = "ORDER BY started_ms DESC, id DESC LIMIT";
    const values = branches.flatMap((branch) => branch.values);
    const [first] = branches;
    const sql =
      first && branches.length === 1
        ? `SELECT ${callColumns} ${first.from} ${order} ? OFFSET ?`
        : // Each branch hands in its newest; a number instead of a parameter keeps the values in order.
          `${branches
            .map(
              ({ from }) =>
                `SELECT * FROM (SELECT ${callColumns} ${from} ${order} ${limit + offset})`,
            )
            .join(" UNION ALL ")} ${order} ? OFFSET ?`;
    return statements.get(sql).all(...values, limit, offset) as unknown as CallRow[];
  }

  #call(teamId: string, row: CallRow, blocks: BlockReading, bodyMaxLength?: number): Call {
    return toCall(teamId, row, blocks.entry(row.seq, bodyMaxLength), this.#file.names);
  }

  #tookTooLong(): Problem {
    const { searchMaxMs } = this.#limits;
    const advice = "narrow it by time, server or tool";
    return new Problem("unavailable", `the search took longer than ${searchMaxMs} ms; ${advice}`);
  }
}
