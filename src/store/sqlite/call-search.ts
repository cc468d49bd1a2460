/**
 * Finds text in bodies, newest first: passes over the blocks whose filter rules the terms out, unpacks the rest.
 *
 * Bounds: a step, one transaction, takes some 20 ms or unpacks 64 calls' blocks, 8 at a time in memory; a
 * search ends after `searchMaxMs`. A page whose time is up holds what was found so far and goes on after the
 * last call it looked at; a count has no such way out and fails.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Call } from "../../call.ts";
import type { Clock } from "../../clock.ts";
import { Problem } from "../../problem.ts";
import type { CallFilter } from "../call-filter.ts";
import type { CallPage, PageQuery } from "../call-log.ts";
import { encodeCursor, type Place } from "../cursor.ts";
import { BlockReading } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { toCall } from "./call-row.ts";
import { type Hit, newest, placeAfter, rowPlace } from "./newest.ts";
import { Selection } from "./selection.ts";
import { TextScreen } from "./text-screen.ts";
import { uuidText } from "./uuid-bytes.ts";

export interface SearchLimits {
  readonly clock: Clock;
  readonly searchMaxMs: number;
}

export interface Search<Query extends CallFilter> {
  readonly teamId: string;
  readonly query: Query;
  /** At least one, as `searchTerms` returns them. */
  readonly terms: readonly Buffer[];
  readonly after?: Place | undefined;
  readonly signal: AbortSignal | undefined;
}

const stepMs = 20;
const stepHits = 64;

/** @throws Problem `unavailable` — time was up before the page's offset. */
export async function searchedPage(
  file: CallFile,
  limits: SearchLimits,
  search: Search<PageQuery>,
): Promise<CallPage> {
  const { limit, offset = 0, bodyMaxLength } = search.query;
  const calls: Call[] = [];
  let toSkip = offset;
  const end = await visitFound(file, limits, search, ({ segment, position }, blocks) => {
    if (toSkip > 0) toSkip--;
    else if (calls.length === limit) return false;
    else {
      const row = segment.row(position);
      calls.push(toCall(search.teamId, row, blocks.entry(row.seq, bodyMaxLength), file.names));
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

/** Shows each call that holds all the terms to `visit`. @throws Problem `unavailable` — time was up before the last one. */
export async function visitAllFound(
  file: CallFile,
  limits: SearchLimits,
  search: Search<CallFilter>,
  visit: (hit: Hit) => void,
): Promise<void> {
  const end = await visitFound(file, limits, search, (hit) => {
    visit(hit);
    return true;
  });
  if (end !== "nothing_left") throw tookTooLong(limits);
}

/** Why a search ended; when time was up, the last place it looked at. */
type End = "nothing_left" | "stopped" | Place;

/** Shows the calls that hold all the terms to `visit`, newest first, until it returns false. */
async function visitFound(
  file: CallFile,
  { clock, searchMaxMs }: SearchLimits,
  { teamId, query, terms, after, signal }: Search<CallFilter>,
  visit: (hit: Hit, blocks: BlockReading) => boolean,
): Promise<End> {
  const deadlineMs = clock.monotonicMs() + searchMaxMs;
  const screen = new TextScreen(file.statements, terms);
  let place = after;
  const step = (): End | undefined => {
    const selection = Selection.of(teamId, query, file.names, file.statements);
    if (!selection) return "nothing_left";
    const endMs = clock.monotonicMs() + stepMs;
    const { hits, reachedMs } = newest(file.segments, {
      selection: screen.narrowed(selection),
      after: place && rowPlace(place),
      skip: 0,
      take: stepHits,
      isOver: () => clock.monotonicMs() >= endMs,
    });
    using blocks = new BlockReading(file.statements);
    for (const hit of hits) {
      const seq = hit.segment.seq(hit.position);
      if (blocks.at(seq).includesTerms(seq, terms) && !visit(hit, blocks)) return "stopped";
      if (clock.monotonicMs() < endMs) continue;
      place = placeOf(hit);
      return clock.monotonicMs() >= deadlineMs ? place : undefined;
    }
    const last = hits.at(-1);
    if (last && hits.length === stepHits) place = placeOf(last);
    else if (reachedMs !== undefined) place = placeAfter(reachedMs);
    else return "nothing_left";
    return clock.monotonicMs() >= deadlineMs ? place : undefined;
  };
  for (;;) {
    signal?.throwIfAborted();
    const end = file.read(step);
    if (end !== undefined) return end;
    await turn();
  }
}

function placeOf({ segment, position }: Hit): Place {
  return { startedAtMs: segment.startedMs(position), id: uuidText(segment.id(position)) };
}

function tookTooLong({ searchMaxMs }: SearchLimits): Problem {
  const advice = "narrow it by time, server or tool";
  return new Problem("unavailable", `the search took longer than ${searchMaxMs} ms; ${advice}`);
}
