/**
 * Puts small blocks together, as many small appends leave them behind: they compress badly.
 *
 * Guarantees: a call's texts stay as they are; blocks of one segment only. A block is written anew when it has seven
 * neighbours or its segment is large and stays, so a handful of times in all. Bounds: a step, one
 * transaction, writes 4 blocks.
 */
import { setImmediate as turn } from "node:timers/promises";
import { blockCallsMax, blockCharactersMax } from "./block.ts";
import { type BlockHead, BlockReading, blockHeads, removeBlocks, writeBlock } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { largeRowsMin } from "./segment.ts";
import { Unreadable } from "./unreadable.ts";

const blocksPerStep = 4;
const neighboursMin = 8;

export class BlockMerging {
  readonly #file: CallFile;
  /** Before it no two blocks can be put together, unless calls are removed. */
  #doneSeq = 0;
  /** First seqs of neighbours that stay as they are. */
  readonly #unreadable = new Unreadable();
  #stopped = false;

  constructor(file: CallFile) {
    this.#file = file;
  }

  /** `anew`: calls were removed, so blocks may have become small anywhere. */
  async merge(anew: boolean): Promise<void> {
    const place = { fromSeq: anew ? 0 : this.#doneSeq, openSeq: Infinity };
    while (!this.#stopped && this.#step(place)) await turn();
    if (!this.#stopped) this.#doneSeq = Math.min(place.fromSeq, place.openSeq);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** False when nothing is left to do. */
  #step(place: { fromSeq: number; openSeq: number }): boolean {
    const { segments, statements } = this.#file;
    const sql = `SELECT first_seq FROM blocks INDEXED BY blocks_small
      WHERE calls < 64 AND raw_bytes < 524288 AND first_seq >= ? ORDER BY first_seq LIMIT 1`;
    const small = statements.get(sql).get(place.fromSeq);
    if (!small) return false;
    return this.#file.write(() => {
      const segment = segments.holding(Number(small.first_seq));
      if (!segment) {
        place.fromSeq = Number(small.first_seq) + 1;
        return true;
      }
      const { head } = segment;
      const isLarge = head.rows >= largeRowsMin;
      const packs = packsOf(blockHeads(statements, head), isLarge ? 2 : neighboursMin);
      const packed = packs
        .slice(0, blocksPerStep)
        .filter((pack) =>
          this.#file.passingDamage(
            pack[0]?.firstSeq ?? 0,
            () => this.#pack(pack),
            this.#unreadable,
          ),
        );
      if (packs.length > blocksPerStep && packed.length > 0) return true;
      place.fromSeq = head.lastSeq + 1;
      if (!isLarge) place.openSeq = Math.min(place.openSeq, head.firstSeq);
      return true;
    });
  }

  #pack(pack: readonly BlockHead[]): boolean {
    const { statements } = this.#file;
    const [first, last] = [pack[0], pack.at(-1)];
    if (!first || !last) return false;
    using reading = new BlockReading(statements);
    const entries = pack.flatMap(({ firstSeq }) => reading.at(firstSeq).entries());
    const span = { firstSeq: first.firstSeq, lastSeq: last.lastSeq };
    const from = pack.map(({ bodiesFromMs }) => bodiesFromMs).filter((ms) => ms !== null);
    removeBlocks(statements, span);
    writeBlock(statements, span, from.length === 0 ? null : Math.min(...from), entries);
    return true;
  }
}

/** Neighbours, at least `least` of them, that fit into one block. */
function packsOf(heads: readonly BlockHead[], least: number): BlockHead[][] {
  const packs: BlockHead[][] = [];
  let open: BlockHead[] = [];
  let [calls, bytes] = [0, 0];
  for (const head of heads) {
    if (calls + head.calls > blockCallsMax || bytes + head.rawBytes > blockCharactersMax) {
      packs.push(open);
      open = [];
      [calls, bytes] = [0, 0];
    }
    open.push(head);
    calls += head.calls;
    bytes += head.rawBytes;
  }
  return [...packs, open].filter((pack) => pack.length >= least);
}
