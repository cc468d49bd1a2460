/**
 * Takes calls out of the file that somebody wants gone: one, or those of a server. What has come of age is call-pruning.ts.
 *
 * Guarantees: what is removed is in no answer when the removing method has returned; its bytes are
 * overwritten (`secure_delete`) and the WAL that held them is emptied as soon as no reader needs it. Every step is
 * one transaction of at most 8 blocks or one segment rewritten or 64 looked at, which begins with nothing more after
 * 8 ms, or the emptying of the WAL; after it others get their turn. A process that dies between two steps loses nothing
 * but the rest of the work, which `sweep` takes up again. What is damaged stays, and the rest goes. Measured with bodies
 * of 1.7 KB: one call takes 8 ms of the thread's CPU in all, a step of a server 9 to 19.
 */
import { setImmediate as turn } from "node:timers/promises";
import { type Clock, systemClock } from "../../clock.ts";
import { blockHeads } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { rowsOfServer, seqsOf, seqsWithin } from "./doomed.ts";
import type { Residue } from "./residue.ts";
import { blocksPerStep, removeRows, thinBlock, thinSegment } from "./row-removal.ts";
import type { Segment } from "./segment.ts";
import { hiddenServers } from "./selection.ts";
import { uuidBytes } from "./uuid-bytes.ts";

/** Looked at for calls to erase. */
const segmentsPerStep = 64;
/** After which a step begins with nothing more, be it less than its share. */
const stepMs = 8;

interface RemovedServer {
  readonly teamId: string;
  readonly serverId: string;
}

interface SweepPlace {
  fromSeq: number;
  isAllRead: boolean;
}

export class CallRemoval {
  readonly #file: CallFile;
  readonly #residue: Residue;
  readonly #clock: Clock;
  #stopped = false;

  constructor(file: CallFile, residue: Residue, clock: Clock = systemClock) {
    this.#file = file;
    this.#residue = residue;
    this.#clock = clock;
  }

  async removeCall(teamId: string, id: string): Promise<boolean> {
    const { names, segments, statements } = this.#file;
    const removed = this.#file.write(() => {
      const seq = statements.get("SELECT seq FROM ids WHERE id = ?").get(uuidBytes(id))?.seq;
      const segment = seq === undefined ? undefined : segments.holding(Number(seq));
      const position = segment?.rowOfSeq(Number(seq)) ?? -1;
      if (!segment || position < 0) return false;
      if (segment.value("team", position) !== names.find(teamId)) return false;
      const server = segment.value("server", position);
      if (hiddenServers(teamId, statements).includes(server)) return false;
      removeRows(this.#file, segment, new Set([Number(seq)]));
      return true;
    });
    if (removed) await this.#scrub();
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
      const removed = server;
      const place = { fromSeq: 0, isAllRead: true };
      await this.#residue.inParts(async () => {
        while (!this.#stopped && this.#sweepStep(removed, place)) await turn();
      });
      swept.add(`${server.teamId} ${server.serverId}`);
    }
    if (swept.size > 0) await this.#scrub();
    else if (!this.#stopped) this.#residue.scrubIfDue();
    return swept.size > 0;
  }

  /** Ends what takes several steps before the next one, since the file is about to be closed. */
  stop(): void {
    this.#stopped = true;
  }

  /** Others get their turn first: of two turns one comes after whatever arrived while a step was under way. */
  async #scrub(): Promise<void> {
    await turn();
    await turn();
    if (!this.#stopped) this.#residue.scrub();
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
    const endMs = this.#clock.monotonicMs() + stepMs;
    return this.#file.write(() => {
      const team = names.find(server.teamId);
      const name = team === undefined ? undefined : names.find(server.serverId, team);
      let left = segmentsPerStep;
      for (const segment of segments.inOrderFrom(place.fromSeq)) {
        const next = this.#file.passingDamage(segment.head.id, () =>
          this.#sweepSegment(segment, rowsOfServer(segment, team, name), { ...place, endMs }),
        );
        if (next === undefined) place.isAllRead = false;
        place.fromSeq = next ?? segment.head.lastSeq + 1;
        const isOver = --left === 0 || this.#clock.monotonicMs() >= endMs;
        if (typeof next === "number" || isOver) return true;
      }
      const done = "UPDATE removed_servers SET swept = 1 WHERE team_id = ? AND server_id = ?";
      if (place.isAllRead) statements.get(done).run(server.teamId, server.serverId);
      return false;
    });
  }

  /** The seq to go on from; null when there was nothing to do. */
  #sweepSegment(
    segment: Segment,
    rows: readonly number[],
    { fromSeq, endMs }: { readonly fromSeq: number; readonly endMs: number },
  ): number | null {
    if (rows.length === 0) return null;
    const doomed = seqsOf(segment, rows);
    const heads = blockHeads(this.#file.statements, segment.head)
      .filter(({ firstSeq }) => firstSeq >= fromSeq)
      .filter((head) => seqsWithin(head, doomed) > 0);
    for (const [index, head] of heads.entries()) {
      thinBlock(this.#file, head, doomed);
      const isOver = index + 1 === blocksPerStep || this.#clock.monotonicMs() >= endMs;
      const next = heads[index + 1];
      if (next && isOver) return next.firstSeq;
    }
    // A step of its own, for which no block is left.
    if (heads.length > 0) return segment.head.lastSeq;
    thinSegment(this.#file, segment, doomed);
    return segment.head.lastSeq + 1;
  }
}
