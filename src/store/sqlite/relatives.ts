/**
 * Finds calls by the calls they belong to: requests of a server by the call they were asked for, rounds by the
 * call they are rounds of.
 *
 * Few calls have such ids, so columns hold them for those alone (`SparseColumn`); a call without rounds is the only
 * one of its own.
 */
import { isUuid } from "../../id.ts";
import type { CallFilter } from "../call-filter.ts";
import { type SparseColumn, uuidAt } from "./column.ts";
import type { Segment } from "./segment.ts";
import type { Statements } from "./statements.ts";
import { uuidBytes } from "./uuid-bytes.ts";

export class Relatives {
  readonly #parents: ReadonlySet<string> | undefined;
  readonly #logicals: ReadonlySet<string> | undefined;
  /** The calls whose own ids are asked for. */
  readonly #ownSeqs: readonly number[];

  private constructor(
    parents: ReadonlySet<string> | undefined,
    logicals: ReadonlySet<string> | undefined,
    ownSeqs: readonly number[],
  ) {
    this.#parents = parents;
    this.#logicals = logicals;
    this.#ownSeqs = ownSeqs;
  }

  /** Within a transaction. `undefined` when the filter asks for none. */
  static of({ parentIds, logicalIds }: CallFilter, statements: Statements): Relatives | undefined {
    if (!parentIds && !logicalIds) return undefined;
    const own = statements.get("SELECT seq FROM ids WHERE id = ?");
    const ownSeqs = [...new Set(logicalIds?.filter(isUuid))]
      .map((id) => own.get(uuidBytes(id))?.seq)
      .filter((seq) => seq !== undefined);
    return new Relatives(
      parentIds && new Set(parentIds.map(hexOfText)),
      logicalIds && new Set(logicalIds.map(hexOfText)),
      ownSeqs.map(Number),
    );
  }

  /** Positions from `from` to below `to`, ascending. */
  within(segment: Segment, from: number, to: number): Uint16Array {
    const [children, rounds] = [this.#children(segment), this.#rounds(segment)];
    const found = [...(children ?? rounds ?? [])].filter((row) => rounds?.has(row) ?? true);
    return Uint16Array.from(found.filter((row) => row >= from && row < to)).sort();
  }

  #children(segment: Segment): ReadonlySet<number> | undefined {
    if (!this.#parents) return undefined;
    const parent = segment.sparse("parent");
    const children = new Set(rowsWith(parent, this.#parents));
    if (this.#parents.has("")) {
      const anyones = new Set(parent.rows);
      for (let row = 0; row < segment.head.rows; row++) if (!anyones.has(row)) children.add(row);
    }
    return children;
  }

  #rounds(segment: Segment): ReadonlySet<number> | undefined {
    if (!this.#logicals) return undefined;
    const logical = segment.sparse("logical");
    const { firstSeq, lastSeq } = segment.head;
    const own = this.#ownSeqs
      .filter((seq) => seq >= firstSeq && seq <= lastSeq)
      .map((seq) => segment.rowOfSeq(seq))
      .filter((row) => row >= 0 && !logical.rows.includes(row));
    return new Set([...rowsWith(logical, this.#logicals), ...own]);
  }
}

function rowsWith({ rows, uuids }: SparseColumn, wanted: ReadonlySet<string>): number[] {
  const found = [...rows.entries()].filter(([index]) => wanted.has(hexOf(uuidAt(uuids, index))));
  return found.map(([, row]) => row);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

function hexOfText(id: string): string {
  return id.replaceAll("-", "");
}
