/**
 * Answers questions about calls.
 *
 * In: a connection of its own or the writer's. Guarantees: each transaction sees one snapshot and is
 * short; metrics and text searches are walks of many (call-walk.ts).
 * Bounds: one page; 10,000 narrow rows; what call-search.ts says.
 */
import type { Call } from "../../call.ts";
import { isUuid } from "../../id.ts";
import type { CallFilter, CallMetrics, CallPage, MetricsQuery, PageQuery } from "../call-log.ts";
import { decodeCursor, encodeCursor } from "../cursor.ts";
import { searchTerms } from "../search-terms.ts";
import { CallTally } from "../statistics.ts";
import { BlockReading } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { branchesOf, unsweptServers, walkedTo } from "./call-query.ts";
import { type CallRow, callColumns, statusOf, toCall, uuidBytes } from "./call-row.ts";
import { countFound, type SearchLimits, searchedPage } from "./call-search.ts";
import { nextRows, walk } from "./call-walk.ts";

export class CallReader {
  readonly #file: CallFile;
  readonly #limits: SearchLimits;

  constructor(file: CallFile, limits: SearchLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  async page(teamId: string, query: PageQuery): Promise<CallPage> {
    const place = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const terms = searchTerms(query.text ?? "");
    if (terms.length > 0) {
      return searchedPage(this.#file, this.#limits, { teamId, query, terms, after: place });
    }
    const { names, statements } = this.#file;
    // One row beyond the page tells whether another page follows.
    const rowsPerStep = query.limit + 1;
    const way = { teamId, filter: query, columns: callColumns, order: "id", rowsPerStep } as const;
    return this.#file.read(() => {
      const after = place && walkedTo(place);
      const rows = nextRows(this.#file, way, after, query.offset) as CallRow[];
      const blocks = new BlockReading(statements);
      const calls = rows.slice(0, query.limit).map((row) => {
        return toCall(teamId, row, blocks.entry(row.seq, query.bodyMaxLength), names);
      });
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
      return toCall(teamId, row, new BlockReading(statements).entry(row.seq), names);
    });
  }

  async count(teamId: string, filter: CallFilter): Promise<number> {
    const terms = searchTerms(filter.text ?? "");
    if (terms.length > 0) {
      return countFound(this.#file, this.#limits, { teamId, query: filter, terms });
    }
    const { names, statements } = this.#file;
    return this.#file.read(() => {
      let count = 0;
      for (const { from, values } of branchesOf(teamId, filter, undefined, names, statements)) {
        count += Number(statements.get(`SELECT count(*) AS n ${from}`).get(...values)?.n);
      }
      return count;
    });
  }

  async metrics(teamId: string, query: MetricsQuery): Promise<CallMetrics> {
    const { names } = this.#file;
    const tally = new CallTally(query);
    const way = { teamId, filter: query, columns: tallied, order: "seq" } as const;
    await walk<TalliedRow>(this.#file, { ...way, rowsPerStep: talliedPerStep }, undefined, {
      visit: (rows) => {
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
      },
      walked: (last) => ({ startedAtMs: last.started_ms, column: "seq", value: last.seq }),
    });
    return tally.metrics();
  }
}

const talliedPerStep = 10_000;
const tallied = "seq, server, tool, method, client, status, started_ms, duration_ms";
type TalliedRow = Omit<CallRow, "id">;
