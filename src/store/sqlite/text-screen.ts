/**
 * Rules out rows by the filters of their blocks, for one search.
 *
 * Bounds: remembers for each segment it has met which of its blocks may hold the terms, two numbers a block:
 * they neither change with the segment nor get more by merging, as a wider block is in place of its parts.
 */

import type { Positions } from "./hot-loops.ts";
import type { Segment } from "./segment.ts";
import type { Selection } from "./selection.ts";
import type { Statements } from "./statements.ts";
import { mayHold, trigramHashes } from "./text-filter.ts";

export class TextScreen {
  readonly #statements: Statements;
  readonly #hashes: Uint32Array;
  /** By the segment's id: first and last seq of each block that may hold the terms. */
  readonly #spans = new Map<number, readonly number[]>();

  constructor(statements: Statements, terms: readonly Buffer[]) {
    this.#statements = statements;
    this.#hashes = trigramHashes(terms);
  }

  narrowed(selection: Selection): Pick<Selection, "select" | "sinceMs" | "untilMs"> {
    return {
      sinceMs: selection.sinceMs,
      untilMs: selection.untilMs,
      select: (segment) => {
        // The columns say less and cost less: often they leave no row whose text matters.
        const positions = selection.select(segment);
        return positions.length === 0 ? positions : this.#within(segment, positions);
      },
    };
  }

  #within(segment: Segment, positions: Positions): Positions {
    const spans = this.#spansOf(segment);
    if (spans.length === 0) return positions.subarray(0, 0);
    return positions.filter((position) => {
      const seq = segment.seq(position);
      for (let index = 0; index < spans.length; index += 2)
        if (seq >= (spans[index] ?? 0) && seq <= (spans[index + 1] ?? 0)) return true;
      return false;
    });
  }

  #spansOf({ head }: Segment): readonly number[] {
    let spans = this.#spans.get(head.id);
    if (!spans) {
      const sql =
        "SELECT first_seq, last_seq, filter FROM blocks WHERE first_seq BETWEEN ? AND ? ORDER BY first_seq";
      spans = this.#statements
        .get(sql)
        .all(head.firstSeq, head.lastSeq)
        .filter(({ filter }) => filter instanceof Uint8Array && mayHold(filter, this.#hashes))
        .flatMap(({ first_seq, last_seq }) => [Number(first_seq), Number(last_seq)]);
      this.#spans.set(head.id, spans);
    }
    return spans;
  }
}
