/**
 * Finds text in bodies by reading them, newest first, block by block.
 *
 * Bounds: 256 rows a step, 8 unpacked blocks, one page; ends after `searchMaxMs`. A page whose time is up
 * holds what was found so far and goes on after the last call it looked at; a count has no such
 * way out and fails.
 */
import type { Call } from "../../call.ts";
import type { Clock } from "../../clock.ts";
import { Problem } from "../../problem.ts";
import type { CallFilter, CallPage, PageQuery } from "../call-log.ts";
import { encodeCursor, type Place } from "../cursor.ts";
import { BlockReading } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { walkedTo } from "./call-query.ts";
import { type CallRow, callColumns, placeOf, toCall } from "./call-row.ts";
import { walk } from "./call-walk.ts";

export interface SearchLimits {
  readonly clock: Clock;
  readonly searchMaxMs: number;
}

interface Search<Query extends CallFilter> {
  readonly teamId: string;
  readonly query: Query;
  /** At least one, as `searchTerms` returns them. */
  readonly terms: readonly Buffer[];
  readonly after?: Place | undefined;
}

/** @throws Problem `unavailable` — time was up before the page's offset. */
export async function searchedPage(
  file: CallFile,
  limits: SearchLimits,
  search: Search<PageQuery>,
): Promise<CallPage> {
  const { limit, offset = 0, bodyMaxLength } = search.query;
  const calls: Call[] = [];
  let toSkip = offset;
  const end = await visitFound(file, limits, search, (row, blocks) => {
    if (toSkip > 0) toSkip--;
    else if (calls.length === limit) return false;
    else {
      const entry = blocks.entry(row.seq, bodyMaxLength);
      calls.push(toCall(search.teamId, row, entry, file.names));
    }
    return true;
  });
  if (toSkip > 0 && end !== "nothing_left") throw tookTooLong(limits);
  const last = end === "stopped" ? calls.at(-1) : end;
  return {
    calls: calls.map(({ messages, ...summary }) => summary),
    next: last === undefined || last === "nothing_left" ? null : encodeCursor(last),
  };
}

/** @throws Problem `unavailable` — time was up before the last call. */
export async function countFound(
  file: CallFile,
  limits: SearchLimits,
  search: Search<CallFilter>,
): Promise<number> {
  let count = 0;
  const end = await visitFound(file, limits, search, () => {
    count++;
    return true;
  });
  if (end !== "nothing_left") throw tookTooLong(limits);
  return count;
}

/** Why a search ended; when time was up, the last place it looked at. */
type End = "nothing_left" | "stopped" | Place;

/** Shows the calls that hold all the terms to `visit`, newest first, until it returns false. */
async function visitFound(
  file: CallFile,
  { clock, searchMaxMs }: SearchLimits,
  { teamId, query, terms, after }: Search<CallFilter>,
  visit: (row: CallRow, blocks: BlockReading) => boolean,
): Promise<End> {
  const deadlineMs = clock.monotonicMs() + searchMaxMs;
  const way = {
    teamId,
    filter: query,
    columns: callColumns,
    order: "id",
    rowsPerStep: 256,
  } as const;
  let end: End = "nothing_left";
  await walk<CallRow>(file, way, after && walkedTo(after), {
    visit: (rows) => {
      const blocks = new BlockReading(file.statements);
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
    },
    walked: (last) => walkedTo(placeOf(last)),
  });
  return end;
}

function tookTooLong({ searchMaxMs }: SearchLimits): Problem {
  const advice = "narrow it by time, server or tool";
  return new Problem("unavailable", `the search took longer than ${searchMaxMs} ms; ${advice}`);
}
