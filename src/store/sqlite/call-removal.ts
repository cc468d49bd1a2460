/**
 * Takes calls out of the file: rows, and their part of the blocks, which are written anew without it.
 *
 * Guarantees: what is removed is in no answer when the removing method has returned; its bytes are
 * overwritten (`secure_delete`) and the WAL that held them is emptied as soon as no reader needs it. Every step is
 * one transaction of at most 8 blocks rewritten, one segment dropped or 64 looked at, after which others get their turn; a
 * process that dies between two steps loses nothing but the rest of the work, which `sweep`, `prune` or
 * `pruneBodies` takes up again. What is damaged stays, and the rest goes.
 */
import { setImmediate as turn } from "node:timers/promises";
import {
  type BlockHead,
  BlockReading,
  blockHeads,
  blocksWithBodies,
  removeBlocks,
  writeBlock,
} from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { entryWithoutBodies, hasBodies } from "./call-row.ts";
import { range, rowsOfServer, seqsOf, seqsWithin } from "./doomed.ts";
import { Residue } from "./residue.ts";
import type { Segment } from "./segment.ts";
import { hiddenServers } from "./selection.ts";
import { Unreadable } from "./unreadable.ts";
import { uuidBytes } from "./uuid-bytes.ts";

const blocksPerStep = 8;
const rowsPerStep = 1_024;
/** Looked at for calls to erase. */
const segmentsPerStep = 64;

interface RemovedServer {
  readonly teamId: string;
  readonly serverId: string;
}

interface PrunePlace {
  /** Of names, the last one that was looked at. */
  nameId: number;
  /** Ids of segments. */
  readonly unreadable: Unreadable;
}

interface SweepPlace {
  fromSeq: number;
  isAllRead: boolean;
}

export class CallRemoval {
  readonly #file: CallFile;
  readonly #residue: Residue;
  #stopped = false;

  constructor(file: CallFile) {
    this.#file = file;
    this.#residue = new Residue(file);
  }

  removeCall(teamId: string, id: string): boolean {
    const { names, segments, statements } = this.#file;
    const removed = this.#file.write(() => {
      const seq = statements.get("SELECT seq FROM ids WHERE id = ?").get(uuidBytes(id))?.seq;
      const segment = seq === undefined ? undefined : segments.holding(Number(seq));
      const position = segment?.rowOfSeq(Number(seq)) ?? -1;
      if (!segment || position < 0) return false;
      if (segment.value("team", position) !== names.find(teamId)) return false;
      const server = segment.value("server", position);
      if (hiddenServers(teamId, statements).includes(server)) return false;
      this.#removeRows(segment, new Set([Number(seq)]));
      return true;
    });
    if (removed) this.#residue.scrub();
    return removed;
  }

  /** Marks the server, so that no answer shows its calls, those appended meanwhile included. False when it was marked already. */
  hideServer(teamId: string, serverId: string): boolean {
    const { statements } = this.#file;
    return this.#file.write(() => {
      const mark = "INSERT INTO removed_servers VALUES (?, ?, 0) ON CONFLICT DO NOTHING";
      const { changes } = statements.get(mark).run(teamId, serverId);
      const losses = "DELETE FROM losses WHERE team_id = ? AND server_id = ?";
      statements.get(losses).run(teamId, serverId);
      return Number(changes) > 0;
    });
  }

  /** Erases what is left of removed servers, unless it is stopped. Resolves to whether there was any. */
  async sweep(): Promise<boolean> {
    const swept = new Set<string>();
    for (let server = this.#nextUnswept(swept); server; server = this.#nextUnswept(swept)) {
      const place = { fromSeq: 0, isAllRead: true };
      while (!this.#stopped && this.#sweepStep(server, place)) await turn();
      swept.add(`${server.teamId} ${server.serverId}`);
    }
    if (this.#stopped) return swept.size > 0;
    if (swept.size > 0) this.#residue.scrub();
    else this.scrubIfDue();
    return swept.size > 0;
  }

  async prune(beforeMs: number): Promise<number> {
    await this.sweep();
    let removed = 0;
    const place = { nameId: 0, unreadable: new Unreadable() };
    for (let step: number | undefined = 0; step !== undefined && !this.#stopped; await turn()) {
      step = this.#pruneStep(beforeMs, place);
      removed += step ?? 0;
    }
    while (!this.#stopped && this.#residue.giveBackStep()) await turn();
    if (!this.#stopped) this.#residue.scrub();
    return removed;
  }

  async pruneBodies(beforeMs: number): Promise<number> {
    await this.sweep();
    let pruned = 0;
    // By their first seqs.
    const unreadable = new Unreadable();
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
    while (!this.#stopped && this.#residue.giveBackStep()) await turn();
    if (!this.#stopped) this.#residue.scrub();
    return pruned;
  }

  /** Ends what takes several steps before the next one, since the file is about to be closed. */
  stop(): void {
    this.#stopped = true;
  }

  /** Empties the WAL if a removal could not: a reader was in the middle of it, or the disk is full. */
  scrubIfDue(): void {
    if (this.#residue.isInWal) this.#residue.scrub();
  }

  /** How many calls it removed; `undefined` when nothing that old is left that can be read. */
  #pruneStep(beforeMs: number, place: PrunePlace): number | undefined {
    const { names, segments, statements } = this.#file;
    const { unreadable } = place;
    return this.#file.write(() => {
      for (const segment of segments.startingBefore(beforeMs, unreadable.values()))
        return (
          this.#file.passingDamage(
            segment.head.id,
            () => this.#pruneSegment(segment, beforeMs),
            unreadable,
          ) ?? 0
        );
      if (place.nameId === 0) statements.get("DELETE FROM losses WHERE until_ms < ?").run(beforeMs);
      const nameId = names.prune(beforeMs, place.nameId);
      place.nameId = nameId ?? 0;
      return nameId === undefined ? undefined : 0;
    });
  }

  #pruneSegment(segment: Segment, beforeMs: number): number {
    const old = segment.firstRowFrom(beforeMs);
    if (old === segment.head.rows) {
      this.#dropSegment(segment);
      return old;
    }
    const doomed = seqsOf(segment, range(Math.min(old, rowsPerStep)));
    this.#removeRows(segment, doomed);
    return doomed.size;
  }

  /** How many calls of a block lost their bodies. */
  #pruneBlock(head: BlockHead, beforeMs: number): number {
    const { segments, statements } = this.#file;
    const segment = segments.holding(head.firstSeq);
    if (!segment) throw new RangeError(`block ${head.firstSeq} has no segment`);
    let [pruned, bodiesFromMs] = [0, Infinity];
    const entries = new BlockReading(statements)
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

  #nextUnswept(swept: ReadonlySet<string>): RemovedServer | undefined {
    if (this.#stopped) return undefined;
    const sql = "SELECT team_id, server_id FROM removed_servers WHERE swept = 0";
    const rows = this.#file.read(() => this.#file.statements.get(sql).all());
    return rows
      .map((row) => ({ teamId: String(row.team_id), serverId: String(row.server_id) }))
      .find(({ teamId, serverId }) => !swept.has(`${teamId} ${serverId}`));
  }

  /** False when the server has no calls left that can be read; while others may, it stays hidden. */
  #sweepStep(server: RemovedServer, place: SweepPlace): boolean {
    const { names, segments, statements } = this.#file;
    return this.#file.write(() => {
      const [team, name] = [names.find(server.teamId), names.find(server.serverId)];
      let left = segmentsPerStep;
      for (const segment of segments.inOrderFrom(place.fromSeq)) {
        const next = this.#file.passingDamage(segment.head.id, () =>
          this.#sweepSegment(segment, rowsOfServer(segment, team, name), place.fromSeq),
        );
        if (next === undefined) place.isAllRead = false;
        place.fromSeq = next ?? segment.head.lastSeq + 1;
        if (typeof next === "number" || --left === 0) return true;
      }
      const done = "UPDATE removed_servers SET swept = 1 WHERE team_id = ? AND server_id = ?";
      if (place.isAllRead) statements.get(done).run(server.teamId, server.serverId);
      return false;
    });
  }

  /** The seq to go on from; null when there was nothing to do. */
  #sweepSegment(segment: Segment, rows: readonly number[], fromSeq: number): number | null {
    if (rows.length === 0) return null;
    const doomed = seqsOf(segment, rows);
    const heads = blockHeads(this.#file.statements, segment.head)
      .filter(({ firstSeq }) => firstSeq >= fromSeq)
      .filter((head) => seqsWithin(head, doomed) > 0);
    for (const head of heads.slice(0, blocksPerStep)) this.#thin(head, doomed);
    const next = heads[blocksPerStep];
    if (next) return next.firstSeq;
    // Its bodies are gone already: this is quick.
    this.#removeRows(segment, doomed);
    return segment.head.lastSeq + 1;
  }

  #dropSegment(segment: Segment): void {
    const { segments, statements } = this.#file;
    removeBlocks(statements, segment.head);
    this.#removeIds(segment, range(segment.head.rows));
    segments.remove(segment.head);
  }

  /** Removes the calls of these seqs from a segment and its blocks. */
  #removeRows(segment: Segment, doomed: ReadonlySet<number>): void {
    const { segments, statements } = this.#file;
    for (const head of blockHeads(statements, segment.head)) {
      if (seqsWithin(head, doomed) > 0) this.#thin(head, doomed);
    }
    const rows = segment.rows();
    this.#removeIds(
      segment,
      rows.keys().filter((position) => doomed.has(segment.seq(position))),
    );
    segments.remove(segment.head);
    const kept = rows.filter(({ seq }) => !doomed.has(seq));
    if (kept.length > 0) segments.write(kept, segment.head);
  }

  #removeIds(segment: Segment, positions: Iterable<number>): void {
    const statement = this.#file.statements.get("DELETE FROM ids WHERE id = ?");
    for (const position of positions) statement.run(segment.id(position));
  }

  #thin(head: BlockHead, doomed: ReadonlySet<number>): void {
    const { statements } = this.#file;
    const entries = new BlockReading(statements).at(head.firstSeq).entries();
    const kept = entries.filter(({ seq }) => !doomed.has(seq));
    if (kept.length === entries.length) return;
    if (kept.length === 0) removeBlocks(statements, { ...head, lastSeq: head.firstSeq });
    else writeBlock(statements, head, head.bodiesFromMs, kept);
  }
}
