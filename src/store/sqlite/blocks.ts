/**
 * The blocks of the file: written once per batch, read by the seq of a call.
 *
 * Bounds: a reading holds at most 8 unpacked blocks, of 1 Mi characters (3 MiB at most) or one call each.
 */
import { free } from "../../free.ts";
import { Problem } from "../../problem.ts";
import { Block, type BlockEntry, type FilteredBlock, packBlock } from "./block.ts";
import type { Statements } from "./statements.ts";

/** Of arrival, both ends inclusive. */
export interface Span {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** What is known of a block without unpacking it. */
export interface BlockHead extends Span {
  readonly calls: number;
  readonly rawBytes: number;
  /** No call that started before has bodies left; null when none of them has. */
  readonly bodiesFromMs: number | null;
}

const heldMax = 8;

/** Reads within one transaction; a later one may find other blocks. Of a block nothing may be asked once 8 others were read. */
export class BlockReading implements Disposable {
  readonly #statements: Statements;
  readonly #held: (Span & { readonly block: Block })[] = [];

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** The block that holds the call. @throws Problem `internal_error` — none does: the file is damaged. */
  at(seq: number): Block {
    const known = this.#held.find(({ firstSeq, lastSeq }) => firstSeq <= seq && seq <= lastSeq);
    if (known) return known.block;
    const read = this.#read(seq);
    if (this.#held.length >= heldMax) this.#held.shift()?.block[Symbol.dispose]();
    this.#held.push(read);
    return read.block;
  }

  /** The call's entry, see `Block.find`. @throws Problem `internal_error` — the file is damaged. */
  entry(seq: number, bodyMaxLength?: number): BlockEntry {
    const entry = this.at(seq).find(seq, bodyMaxLength);
    if (!entry) throw lost(seq);
    return entry;
  }

  /** As `entry`; `undefined` when the file is damaged there, so that one block does not take a whole page with it. */
  entryIfWhole(seq: number, bodyMaxLength?: number): BlockEntry | undefined {
    try {
      return this.entry(seq, bodyMaxLength);
    } catch (cause) {
      if (cause instanceof Problem && cause.code === "internal_error") return undefined;
      throw cause;
    }
  }

  /** Gives the memory of the blocks back. */
  [Symbol.dispose](): void {
    for (const { block } of this.#held.splice(0)) block[Symbol.dispose]();
  }

  #read(seq: number): Span & { readonly block: Block } {
    const row = this.#statements.get(blockSql).get(seq);
    if (!row || Number(row.last_seq) < seq) throw lost(seq);
    const firstSeq = Number(row.first_seq);
    const bytes = row.bytes;
    if (!(bytes instanceof Uint8Array)) throw lost(seq);
    const [codec, rawBytes] = [Number(row.codec), Number(row.raw_bytes)];
    const block = new Block({ firstSeq, codec, rawBytes, bytes });
    free(bytes);
    return { firstSeq, lastSeq: Number(row.last_seq), block };
  }
}

/** Those that begin in a span, by arrival. */
export function blockHeads(statements: Statements, { firstSeq, lastSeq }: Span): BlockHead[] {
  const sql = `${headSql} WHERE first_seq BETWEEN ? AND ? ORDER BY first_seq`;
  return statements.get(sql).all(firstSeq, lastSeq).map(headOf);
}

/** Those that hold some seqs, by arrival; looks at no others, which may be on the disk alone. */
export function blocksHolding(statements: Statements, seqs: Iterable<number>): BlockHead[] {
  const sql = `${headSql} WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1`;
  const heads: BlockHead[] = [];
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    if (seq <= (heads.at(-1)?.lastSeq ?? -1)) continue;
    const row = statements.get(sql).get(seq);
    const head = row && headOf(row);
    if (head && seq <= head.lastSeq) heads.push(head);
  }
  return heads;
}

/** Those that may have bodies of calls started before a time, at most `limit`, but for those that begin with one of `except`. */
export function blocksWithBodies(
  statements: Statements,
  beforeMs: number,
  limit: number,
  except: readonly number[],
): BlockHead[] {
  const sql = `${headSql} WHERE bodies_from_ms < ?
    AND first_seq NOT IN (SELECT value FROM json_each(?)) ORDER BY bodies_from_ms LIMIT ?`;
  return statements.get(sql).all(beforeMs, JSON.stringify(except), limit).map(headOf);
}

/** Adds a block, or replaces the one that begins with it. */
export function writeBlock(
  statements: Statements,
  span: Span,
  bodiesFromMs: number | null,
  entries: readonly BlockEntry[],
): void {
  writePacked(statements, span, bodiesFromMs, packBlock(span.firstSeq, entries));
}

/** As `writeBlock`. */
export function writePacked(
  statements: Statements,
  { firstSeq, lastSeq }: Span,
  bodiesFromMs: number | null,
  { calls, codec, rawBytes, filter, bytes }: FilteredBlock,
): void {
  statements
    .get("REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
    .run(firstSeq, lastSeq, calls, bodiesFromMs, codec, rawBytes, filter, bytes);
}

export function removeBlocks(statements: Statements, { firstSeq, lastSeq }: Span): void {
  const sql = "DELETE FROM blocks WHERE first_seq BETWEEN ? AND ?";
  statements.get(sql).run(firstSeq, lastSeq);
}

const headSql = "SELECT first_seq, last_seq, calls, raw_bytes, bodies_from_ms FROM blocks";

const blockSql = `
  SELECT first_seq, last_seq, codec, raw_bytes, bytes FROM blocks
  WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1
`;

function headOf(row: Readonly<Record<string, unknown>>): BlockHead {
  const { bodies_from_ms } = row;
  return {
    firstSeq: Number(row.first_seq),
    lastSeq: Number(row.last_seq),
    calls: Number(row.calls),
    rawBytes: Number(row.raw_bytes),
    bodiesFromMs: bodies_from_ms === null ? null : Number(bodies_from_ms),
  };
}

function lost(seq: number): Problem {
  return new Problem("internal_error", `call ${seq} of the call log has lost its bodies`);
}
