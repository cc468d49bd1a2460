/**
 * Takes calls out of the file: rows, and their part of the blocks, which are written anew without it.
 *
 * Guarantees: what is removed is in no answer when the removing method has returned; its bytes are
 * overwritten (`secure_delete`) and the WAL that held them is emptied as soon as no reader needs it. Every step is
 * one transaction of at most 8 blocks rewritten or one segment dropped, after which others get their turn; a
 * process that dies between two steps loses nothing but the rest of the work, which `sweep`, `prune` or
 * `pruneBodies` takes up again.
 */
import { setImmediate as turn } from "node:timers/promises";
import {
  type BlockHead,
  BlockReading,
  blockHeads,
  blocksWithBodies,
  removeBlocks,
  type Span,
  writeBlock,
} from "./blocks.ts";
import { busyTimeoutMs, type CallFile } from "./call-file.ts";
import { entryWithoutBodies, hasBodies } from "./call-row.ts";
import type { Segment } from "./segment.ts";
import { hiddenServers, type Positions } from "./selection.ts";
import { uuidBytes } from "./uuid-bytes.ts";

const blocksPerStep = 8;
const rowsPerStep = 1_024;
const vacuumPagesPerStep = 512;
/** Free pages that stay in the file for the calls to come, 8 MiB or a quarter of it. */
const freePagesMin = 1_024;

export class CallRemoval {
  readonly #file: CallFile;
  #scrubDue = false;
  #stopped = false;

  constructor(file: CallFile) {
    this.#file = file;
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
    if (removed) this.#scrub();
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
    let swept = false;
    for (let server = this.#nextUnswept(); server; server = this.#nextUnswept()) {
      const place = { fromSeq: 0 };
      while (!this.#stopped && this.#sweepStep(server, place)) await turn();
      swept = true;
    }
    if (swept && !this.#stopped) this.#scrub();
    return swept;
  }

  async prune(beforeMs: number): Promise<number> {
    await this.sweep();
    let removed = 0;
    for (let step = 1; step > 0 && !this.#stopped; await turn()) {
      step = this.#pruneStep(beforeMs);
      removed += step;
    }
    while (!this.#stopped && this.#giveBackStep()) await turn();
    if (!this.#stopped) this.#scrub();
    return removed;
  }

  async pruneBodies(beforeMs: number): Promise<number> {
    await this.sweep();
    let pruned = 0;
    for (let more = true; more && !this.#stopped; await turn()) {
      more = this.#file.write(() => {
        const heads = blocksWithBodies(this.#file.statements, beforeMs, blocksPerStep);
        for (const head of heads) pruned += this.#pruneBlock(head, beforeMs);
        return heads.length > 0;
      });
    }
    while (!this.#stopped && this.#giveBackStep()) await turn();
    if (!this.#stopped) this.#scrub();
    return pruned;
  }

  /** Ends what takes several steps before the next one, since the file is about to be closed. */
  stop(): void {
    this.#stopped = true;
  }

  /** Empties the WAL if a removal could not: a reader was in the middle of it. */
  scrubIfDue(): void {
    if (this.#scrubDue) this.#scrub();
  }

  /** Zero when nothing that old is left. */
  #pruneStep(beforeMs: number): number {
    const { names, segments, statements } = this.#file;
    return this.#file.write(() => {
      for (const segment of segments.startingBefore(beforeMs)) {
        const old = segment.firstRowFrom(beforeMs);
        if (old === segment.head.rows) this.#dropSegment(segment);
        else this.#removeRows(segment, seqsOf(segment, range(Math.min(old, rowsPerStep))));
        return old === segment.head.rows ? old : Math.min(old, rowsPerStep);
      }
      statements.get("DELETE FROM losses WHERE until_ms < ?").run(beforeMs);
      names.prune(beforeMs);
      return 0;
    });
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

  #nextUnswept(): { teamId: string; serverId: string } | undefined {
    if (this.#stopped) return undefined;
    const sql = "SELECT team_id, server_id FROM removed_servers WHERE swept = 0 LIMIT 1";
    const row = this.#file.statements.get(sql).get();
    return row && { teamId: String(row.team_id), serverId: String(row.server_id) };
  }

  /** False when the server has no calls left. */
  #sweepStep(
    { teamId, serverId }: { teamId: string; serverId: string },
    place: { fromSeq: number },
  ): boolean {
    const { names, segments, statements } = this.#file;
    return this.#file.write(() => {
      const [team, server] = [names.find(teamId), names.find(serverId)];
      for (const segment of segments.inOrderFrom(place.fromSeq)) {
        const doomed = seqsOf(segment, rowsOfServer(segment, team, server));
        if (doomed.size === 0) continue;
        const heads = blockHeads(statements, segment.head)
          .filter(({ firstSeq }) => firstSeq >= place.fromSeq)
          .filter((head) => seqsWithin(head, doomed) > 0);
        for (const head of heads.slice(0, blocksPerStep)) this.#thin(head, doomed);
        const next = heads[blocksPerStep];
        if (next) place.fromSeq = next.firstSeq;
        else {
          // Its bodies are gone already: this is quick.
          this.#removeRows(segment, doomed);
          place.fromSeq = segment.head.lastSeq + 1;
        }
        return true;
      }
      const done = "UPDATE removed_servers SET swept = 1 WHERE team_id = ? AND server_id = ?";
      statements.get(done).run(teamId, serverId);
      return false;
    });
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

  #giveBackStep(): boolean {
    const { db, statements } = this.#file;
    const free = Number(statements.get("PRAGMA freelist_count").get()?.freelist_count);
    const pages = Number(statements.get("PRAGMA page_count").get()?.page_count);
    if (free <= Math.max(freePagesMin, pages / 4)) return false;
    db.exec(`PRAGMA incremental_vacuum(${vacuumPagesPerStep})`);
    return true;
  }

  /** Old pages in the WAL still hold what was removed: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint */
  #scrub(): void {
    const { db, statements } = this.#file;
    // Not a moment's wait for a reader: the next append tries again.
    db.exec("PRAGMA busy_timeout = 0");
    const row = statements.get("PRAGMA wal_checkpoint(TRUNCATE)").get();
    db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    this.#scrubDue = row?.busy === 1;
  }
}

function rowsOfServer(
  segment: Segment,
  team: number | undefined,
  server: number | undefined,
): number[] {
  const holds = (column: "team" | "server", value: number | undefined) =>
    value !== undefined && segment.dictionary(column).values.includes(value);
  if (!holds("team", team) || !holds("server", server)) return [];
  return range(segment.head.rows).filter(
    (row) => segment.value("server", row) === server && segment.value("team", row) === team,
  );
}

function seqsOf(segment: Segment, positions: readonly number[] | Positions): Set<number> {
  const seqs = new Set<number>();
  for (const position of positions) seqs.add(segment.seq(position));
  return seqs;
}

function seqsWithin({ firstSeq, lastSeq }: Span, seqs: ReadonlySet<number>): number {
  let within = 0;
  for (let seq = firstSeq; seq <= lastSeq; seq++) if (seqs.has(seq)) within++;
  return within;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
