/**
 * Answers questions about single calls: pages, arrivals, one by its id.
 *
 * In: a connection of its own or the writer's. Guarantees: each transaction sees one snapshot and is short.
 * Bounds: one page; what newest.ts and call-search.ts say.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { Call, CallSummary } from "../../call.ts";
import { isUuid } from "../../id.ts";
import { invalid } from "../../problem.ts";
import type { ArrivalsQuery, CallArrival, CallArrivals, CallPage, PageQuery } from "../call-log.ts";
import { decodeCursor, encodeCursor, type Place } from "../cursor.ts";
import { decodePosition, encodePosition } from "../position.ts";
import { searchTerms } from "../search-terms.ts";
import { BlockReading } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { damagedEntry, toCall } from "./call-row.ts";
import { type SearchLimits, searchedPage } from "./call-search.ts";
import { newest, placeAfter, rowPlace } from "./newest.ts";
import type { Segment } from "./segment.ts";
import { hiddenServers, Selection } from "./selection.ts";
import { uuidBytes } from "./uuid-bytes.ts";

/** After so long others get their turn. */
const stepMs = 20;
const firstSpanSeqs = 512;

export class CallReader {
  readonly #file: CallFile;
  readonly #limits: SearchLimits;

  constructor(file: CallFile, limits: SearchLimits) {
    this.#file = file;
    this.#limits = limits;
  }

  async page(teamId: string, query: PageQuery, signal?: AbortSignal): Promise<CallPage> {
    signal?.throwIfAborted();
    const place = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const terms = searchTerms(query.text ?? "");
    if (terms.length > 0) {
      const search = { teamId, query, terms, after: place, signal };
      return searchedPage(this.#file, this.#limits, search);
    }
    // One call beyond the page tells whether another page follows.
    const calls: CallSummary[] = [];
    const way = { place, skip: query.offset ?? 0 };
    while (!this.#file.read(() => this.#listStep(teamId, query, way, calls))) {
      await turn();
      signal?.throwIfAborted();
    }
    const listed = calls.slice(0, query.limit);
    const last = listed.at(-1);
    return {
      calls: listed,
      next: last && calls.length > listed.length ? encodeCursor(last) : null,
    };
  }

  /** True when the page and one call beyond it are there, or nothing is left. */
  #listStep(
    teamId: string,
    query: PageQuery,
    way: { place: Place | undefined; skip: number },
    calls: CallSummary[],
  ): boolean {
    const { names, segments, statements } = this.#file;
    const selection = Selection.of(teamId, query, names, statements);
    if (!selection) return true;
    const endMs = this.#limits.clock.monotonicMs() + stepMs;
    const { hits, skipped, reachedMs } = newest(segments, {
      selection,
      after: way.place && rowPlace(way.place),
      skip: way.skip,
      take: query.limit + 1 - calls.length,
      isOver: () => this.#limits.clock.monotonicMs() >= endMs,
    });
    using blocks = new BlockReading(statements);
    for (const { segment, position } of hits) {
      const row = segment.row(position);
      const entry = blocks.entryIfWhole(row.seq, query.bodyMaxLength) ?? damagedEntry(row.seq);
      const { messages, ...summary } = toCall(teamId, row, entry, names);
      calls.push(summary);
    }
    if (reachedMs === undefined || calls.length > query.limit) return true;
    way.skip -= skipped;
    way.place = placeAfter(reachedMs);
    return false;
  }

  /** Looks for as long as a search may; what it finds in the first step that finds any is the answer. */
  async arrivals(
    teamId: string,
    query: ArrivalsQuery,
    signal?: AbortSignal,
  ): Promise<CallArrivals> {
    const deadlineMs = this.#limits.clock.monotonicMs() + this.#limits.searchMaxMs;
    for (let after = query.after; ; await turn()) {
      signal?.throwIfAborted();
      const { arrivals, next } = this.#file.read(() => this.#arrived(teamId, query, after));
      if (arrivals.length > 0 || next === after || this.#limits.clock.monotonicMs() >= deadlineMs)
        return { arrivals, next };
      after = next;
    }
  }

  #arrived(
    teamId: string,
    { filter, limit, bodyMaxLength }: ArrivalsQuery,
    after: string | undefined,
  ): CallArrivals {
    const { names, segments, statements } = this.#file;
    const end = Number(statements.get("SELECT next_seq FROM arrivals").get()?.next_seq);
    const fromSeq = after === undefined ? end : decodePosition(after);
    if (fromSeq > end)
      throw invalid({ field: "after", message: "is not a position that this log issued" });
    const selection = Selection.of(teamId, filter, names, statements);
    const terms = searchTerms(filter.text ?? "");
    using blocks = new BlockReading(statements);
    const endMs = this.#limits.clock.monotonicMs() + stepMs;
    const arrivals: CallArrival[] = [];
    if (!selection || fromSeq === end) return { arrivals, next: encodePosition(end) };
    for (const segment of segments.inOrderFrom(fromSeq)) {
      for (const span of spansOf(segment.head, fromSeq)) {
        const positions = [...selection.select(segment, span)];
        for (const position of positions.sort((a, b) => segment.seq(a) - segment.seq(b))) {
          const seq = segment.seq(position);
          const next = encodePosition(seq + 1);
          const entry = blocks.entryIfWhole(seq, bodyMaxLength);
          if (!entry || terms.length === 0 || blocks.at(seq).includesTerms(seq, terms)) {
            const row = segment.row(position);
            const { messages, ...call } = toCall(teamId, row, entry ?? damagedEntry(seq), names);
            arrivals.push({ position: next, call });
            if (arrivals.length === limit) return { arrivals, next };
          }
          if (this.#limits.clock.monotonicMs() >= endMs) return { arrivals, next };
        }
        // Whether any call of it matched or not.
        if (this.#limits.clock.monotonicMs() >= endMs)
          return { arrivals, next: encodePosition(span.belowSeq) };
      }
    }
    return { arrivals, next: encodePosition(end) };
  }

  find(teamId: string, id: string): Call | undefined {
    if (!isUuid(id)) return undefined;
    const { names, segments, statements } = this.#file;
    return this.#file.read(() => {
      const seq = statements.get("SELECT seq FROM ids WHERE id = ?").get(uuidBytes(id))?.seq;
      const segment = seq === undefined ? undefined : segments.holding(Number(seq));
      const position = segment?.rowOfSeq(Number(seq)) ?? -1;
      if (!segment || position < 0) return undefined;
      const row = segment.row(position);
      if (row.team !== names.find(teamId)) return undefined;
      if (hiddenServers(teamId, statements).includes(row.server)) return undefined;
      using blocks = new BlockReading(statements);
      return toCall(teamId, row, blocks.entry(row.seq), names);
    });
  }
}

/** What of a segment is put in order in one go, from a seq on: little first, lest each page of many does so with all that follow. */
function* spansOf(
  { firstSeq, lastSeq }: Segment["head"],
  seq: number,
): Generator<{ readonly fromSeq: number; readonly belowSeq: number }> {
  const fromSeq = Math.max(seq, firstSeq);
  const endSeq = lastSeq + 1;
  const restSeq = Math.min(fromSeq + firstSpanSeqs, endSeq);
  if (fromSeq < restSeq) yield { fromSeq, belowSeq: restSeq };
  if (restSeq < endSeq) yield { fromSeq: restSeq, belowSeq: endSeq };
}
