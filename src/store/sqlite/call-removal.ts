/**
 * Takes calls out of the file that somebody wants gone: one, or those of a server. What has come of age is call-pruning.ts.
 *
 * Guarantees: what is removed is in no answer when the removing method has returned; its bytes are
 * overwritten (`secure_delete`) and the WAL that held them is emptied as soon as no reader needs it. Every step is
 * one transaction of at most 8 blocks rewritten or 64 segments looked at, after which others get their turn; a
 * process that dies between two steps loses nothing but the rest of the work, which `sweep` takes up again.
 * What is damaged stays, and the rest goes.
 */
import { setImmediate as turn } from "node:timers/promises";
import { blockHeads } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { rowsOfServer, seqsOf, seqsWithin } from "./doomed.ts";
import type { Residue } from "./residue.ts";
import { blocksPerStep, removeRows, thinBlock } from "./row-removal.ts";
import type { Segment } from "./segment.ts";
import { hiddenServers } from "./selection.ts";
import { uuidBytes } from "./uuid-bytes.ts";

/** Looked at for calls to erase. */
const segmentsPerStep = 64;

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
  #stopped = false;

  constructor(file: CallFile, residue: Residue) {
    this.#file = file;
    this.#residue = residue;
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
      removeRows(this.#file, segment, new Set([Number(seq)]));
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
    else this.#residue.scrubIfDue();
    return swept.size > 0;
  }

  /** Ends what takes several steps before the next one, since the file is about to be closed. */
  stop(): void {
    this.#stopped = true;
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
      const team = names.find(server.teamId);
      const name = team === undefined ? undefined : names.find(server.serverId, team);
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
    for (const head of heads.slice(0, blocksPerStep)) thinBlock(this.#file, head, doomed);
    const next = heads[blocksPerStep];
    if (next) return next.firstSeq;
    // Its bodies are gone already: this is quick.
    removeRows(this.#file, segment, doomed);
    return segment.head.lastSeq + 1;
  }
}
