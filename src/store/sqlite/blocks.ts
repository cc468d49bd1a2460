/**
 * The blocks of the file: written once per batch, read by the seq of a call.
 *
 * Bounds: a reading holds at most 8 unpacked blocks, of 1 MiB or one call each.
 */
import { Problem } from "../../problem.ts";
import { Block, type BlockEntry, packBlock } from "./block.ts";
import type { Statements } from "./statements.ts";

export interface Span {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

const heldMax = 8;

/** Reads within one transaction; a later one may find other blocks. */
export class BlockReading {
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
    if (this.#held.length >= heldMax) this.#held.shift();
    this.#held.push(read);
    return read.block;
  }

  /** The call's entry, see `Block.find`. @throws Problem `internal_error` — the file is damaged. */
  entry(seq: number, bodyMaxLength?: number): BlockEntry {
    const entry = this.at(seq).find(seq, bodyMaxLength);
    if (!entry) throw lost(seq);
    return entry;
  }

  #read(seq: number): Span & { readonly block: Block } {
    const row = this.#statements.get(blockSql).get(seq);
    if (!row || Number(row.last_seq) < seq) throw lost(seq);
    const firstSeq = Number(row.first_seq);
    const bytes = row.bytes;
    if (!(bytes instanceof Uint8Array)) throw lost(seq);
    const [codec, rawBytes] = [Number(row.codec), Number(row.raw_bytes)];
    const block = new Block({ firstSeq, codec, rawBytes, bytes });
    return { firstSeq, lastSeq: Number(row.last_seq), block };
  }
}

/** The span of the block that holds the call. */
export function blockSpan(statements: Statements, seq: number): Span {
  const sql =
    "SELECT first_seq, last_seq FROM blocks WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1";
  const row = statements.get(sql).get(seq);
  return { firstSeq: Number(row?.first_seq), lastSeq: Number(row?.last_seq) };
}

/** Adds a block, or replaces the one of the same span. */
export function writeBlock(
  statements: Statements,
  { firstSeq, lastSeq }: Span,
  minStartedMs: number,
  entries: readonly BlockEntry[],
): void {
  const { codec, rawBytes, bytes } = packBlock(firstSeq, entries);
  const sql = "REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?)";
  statements.get(sql).run(firstSeq, lastSeq, minStartedMs, codec, rawBytes, bytes);
}

const blockSql = `
  SELECT first_seq, last_seq, codec, raw_bytes, bytes FROM blocks
  WHERE first_seq <= ? ORDER BY first_seq DESC LIMIT 1
`;

function lost(seq: number): Problem {
  return new Problem("internal_error", `call ${seq} of the call log has lost its bodies`);
}
