/**
 * Takes out of the file what has come of age: whole calls, of all teams or of some, or their bodies.
 *
 * Guarantees: as of call-removal.ts; and names and losses that are as old go with the calls. Every step is one transaction
 * of at most 8 blocks rewritten, one segment dropped or 64 looked at, or 8,192 names, after which others get their turn; what a
 * process that dies leaves undone the next call takes up. What is damaged stays, and the rest goes.
 */
import { setImmediate as turn } from "node:timers/promises";
import {
  type BlockHead,
  BlockReading,
  blockHeads,
  blocksWithBodies,
  writeBlock,
} from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { entryWithoutBodies, hasBodies } from "./call-row.ts";
import { rowsBefore, seqsOf, seqsWithin } from "./doomed.ts";
import type { Residue } from "./residue.ts";
import { blocksPerStep, dropSegment, removeRows } from "./row-removal.ts";
import type { Segment } from "./segment.ts";
import { Unreadable } from "./unreadable.ts";

/** Looked at for calls of some teams. */
const segmentsPerStep = 64;

interface PrunePlace {
  /** Where the way through the calls of some teams stands. */
  fromSeq: number;
  /** Of names, the last one that was looked at. */
  nameId: number;
  /** Ids of segments. */
  readonly unreadable: Unreadable;
}

export class CallPruning {
  readonly #file: CallFile;
  readonly #residue: Residue;
  #stopped = false;

  constructor(file: CallFile, residue: Residue) {
    this.#file = file;
    this.#residue = residue;
  }

  /** Resolves to how many calls it removed, of all teams or of some. */
  async prune(beforeMs: number, teamIds?: readonly string[]): Promise<number> {
    const place = { fromSeq: 0, nameId: 0, unreadable: new Unreadable() };
    const step = teamIds
      ? () => this.#teamsStep(beforeMs, teamIds, place)
      : () => this.#step(beforeMs, place);
    let removed = 0;
    await this.#inSteps(async () => {
      for (let some: number | undefined = 0; some !== undefined && !this.#stopped; await turn()) {
        some = this.#file.write(step);
        removed += some ?? 0;
      }
    });
    return removed;
  }

  /** Resolves to how many calls had bodies. */
  async pruneBodies(beforeMs: number): Promise<number> {
    let pruned = 0;
    // By their first seqs.
    const unreadable = new Unreadable();
    await this.#inSteps(async () => {
      for (let more = true; more && !this.#stopped; await turn()) {
        more = this.#file.write(() => {
          const except = unreadable.values();
          const heads = blocksWithBodies(this.#file.statements, beforeMs, blocksPerStep, except);
          for (const head of heads)
            pruned +=
              this.#file.passingDamage(
                head.firstSeq,
                () => this.#pruneBlock(head, beforeMs),
                unreadable,
              ) ?? 0;
          return heads.length > 0;
        });
      }
    });
    return pruned;
  }

  /** Ends what takes several steps before the next one, since the file is about to be closed. */
  stop(): void {
    this.#stopped = true;
  }

  /** And gives back what they left; others have their turn between any two of them. */
  async #inSteps(steps: () => Promise<void>): Promise<void> {
    await this.#residue.inParts(async () => {
      await steps();
      while (!this.#stopped && this.#residue.giveBackStep()) await turn();
    });
    await turn();
    if (!this.#stopped) this.#residue.scrub();
  }

  /** Within a write transaction: how many calls it removed; `undefined` when nothing that old is left that can be read. */
  #step(beforeMs: number, place: PrunePlace): number | undefined {
    const { names, segments, statements } = this.#file;
    for (const segment of segments.startingBefore(beforeMs, place.unreadable.values()))
      return this.#prunedOf(segment, place, () => rowsBefore(segment, beforeMs)) ?? 0;
    if (place.nameId === 0) statements.get("DELETE FROM losses WHERE until_ms < ?").run(beforeMs);
    return this.#nextNames(place, names.prune(beforeMs, place.nameId));
  }

  /** As `#step`: by arrival, since nothing tells where else the old calls of a team are. */
  #teamsStep(beforeMs: number, teamIds: readonly string[], place: PrunePlace): number | undefined {
    const { names, segments, statements } = this.#file;
    const teams = teamIds.map((teamId) => names.find(teamId)).filter((team) => team !== undefined);
    const wanted = new Set(teams);
    let left = segmentsPerStep;
    for (const segment of segments.inOrderFrom(place.fromSeq)) {
      const some = this.#prunedOf(segment, place, () => rowsBefore(segment, beforeMs, wanted));
      // There may be more of them in it.
      if (some) return some;
      place.fromSeq = segment.head.lastSeq + 1;
      if (--left === 0) return 0;
    }
    if (place.nameId === 0) {
      const old =
        "DELETE FROM losses WHERE until_ms < ? AND team_id IN (SELECT value FROM json_each(?))";
      statements.get(old).run(beforeMs, JSON.stringify(teamIds));
    }
    return this.#nextNames(place, names.prune(beforeMs, place.nameId, teams));
  }

  #nextNames(place: PrunePlace, nameId: number | undefined): number | undefined {
    place.nameId = nameId ?? 0;
    return nameId === undefined ? undefined : 0;
  }

  /** How many calls it removed; `undefined` when the segment is damaged. */
  #prunedOf(
    segment: Segment,
    place: PrunePlace,
    rowsOf: () => readonly number[],
  ): number | undefined {
    const prune = () => this.#pruneSegment(segment, rowsOf());
    return this.#file.passingDamage(segment.head.id, prune, place.unreadable);
  }

  /** All of these rows if they are all it has, else those in the first of its blocks. */
  #pruneSegment(segment: Segment, rows: readonly number[]): number {
    if (rows.length === segment.head.rows) dropSegment(this.#file, segment);
    if (rows.length === segment.head.rows || rows.length === 0) return rows.length;
    const doomed = seqsOf(segment, rows);
    const touched = blockHeads(this.#file.statements, segment.head).filter(
      (head) => seqsWithin(head, doomed) > 0,
    );
    const lastSeq = touched.slice(0, blocksPerStep).at(-1)?.lastSeq ?? segment.head.lastSeq;
    for (const seq of doomed) if (seq > lastSeq) doomed.delete(seq);
    removeRows(this.#file, segment, doomed);
    return doomed.size;
  }

  /** How many calls of a block lost their bodies. */
  #pruneBlock(head: BlockHead, beforeMs: number): number {
    const { segments, statements } = this.#file;
    const segment = segments.holding(head.firstSeq);
    if (!segment) throw new RangeError(`block ${head.firstSeq} has no segment`);
    let [pruned, bodiesFromMs] = [0, Infinity];
    using reading = new BlockReading(statements);
    const entries = reading
      .at(head.firstSeq)
      .entries()
      .map((entry) => {
        if (!hasBodies(entry)) return entry;
        const startedMs = segment.startedMs(segment.rowOfSeq(entry.seq));
        if (startedMs < beforeMs) {
          pruned++;
          return entryWithoutBodies(entry);
        }
        bodiesFromMs = Math.min(bodiesFromMs, startedMs);
        return entry;
      });
    writeBlock(statements, head, bodiesFromMs === Infinity ? null : bodiesFromMs, entries);
    return pruned;
  }
}
