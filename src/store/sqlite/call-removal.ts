/**
 * Takes calls out of the file: rows, and their part of the blocks, which are written anew without it.
 *
 * Guarantees: what is removed is in no answer when the removing method has returned; its bytes are
 * overwritten (`secure_delete`) and the WAL that held them is emptied as soon as no reader needs it. Every step is
 * one transaction of at most 16 blocks, 2,048 calls, after which others get their turn; a process that
 * dies between two steps loses nothing but the rest of the work, which `sweep` or `prune` takes up again.
 */

import type { SQLInputValue } from "node:sqlite";
import { setImmediate as turn } from "node:timers/promises";
import { BlockReading, blockSpan, type Span, writeBlock } from "./blocks.ts";
import { busyTimeoutMs, type CallFile } from "./call-file.ts";
import { unsweptServers } from "./call-query.ts";
import { uuidBytes } from "./call-row.ts";

const blocksPerStep = 16;
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
    const { names, statements } = this.#file;
    const removed = this.#file.write(() => {
      const sql = "SELECT seq, server FROM calls WHERE id = ? AND team = ?";
      const row = statements.get(sql).get(uuidBytes(id), names.find(teamId) ?? null);
      if (!row || unsweptServers(teamId, statements).includes(Number(row.server))) return false;
      const seq = Number(row.seq);
      this.#thin(blockSpan(statements, seq), "seq = ?", [seq]);
      return true;
    });
    if (removed) this.#scrub();
    return removed;
  }

  /** Marks the server, so that no answer shows its calls, and takes the first step of removing them. */
  removeServer(teamId: string, serverId: string): number {
    const { names, statements } = this.#file;
    const hidden = this.#file.write(() => {
      const mark = "INSERT INTO removed_servers VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
      const count = "SELECT count(*) AS n FROM calls WHERE team = ? AND server = ?";
      const [team, server] = [names.find(teamId) ?? null, names.find(serverId) ?? null];
      const calls = Number(statements.get(count).get(team, server)?.n);
      const { changes } = statements.get(mark).run(teamId, serverId, calls === 0 ? 1 : 0);
      return Number(changes) === 0 ? 0 : calls;
    });
    this.#sweepStep();
    this.#scrub();
    return hidden;
  }

  /** Removes what is left of removed servers, unless it is stopped. */
  async sweep(): Promise<void> {
    while (!this.#stopped && this.#sweepStep()) await turn();
    if (!this.#stopped) this.#scrub();
  }

  async prune(beforeMs: number): Promise<number> {
    await this.sweep();
    let removed = 0;
    while (!this.#stopped) {
      const step = this.#pruneStep(beforeMs);
      removed += step;
      if (step === 0) break;
      await turn();
    }
    while (!this.#stopped && this.#giveBackStep()) await turn();
    if (!this.#stopped) this.#scrub();
    return removed;
  }

  /** Ends `sweep` and `prune` before their next step, since the file is about to be closed. */
  stop(): void {
    this.#stopped = true;
  }

  /** Empties the WAL if a removal could not: a reader was in the middle of it. */
  scrubIfDue(): void {
    if (this.#scrubDue) this.#scrub();
  }

  /** Zero when nothing that old is left. */
  #pruneStep(beforeMs: number): number {
    const { names, statements } = this.#file;
    return this.#file.write(() => {
      const sql = `SELECT first_seq, last_seq FROM blocks WHERE min_started_ms < ?
        ORDER BY min_started_ms LIMIT ${blocksPerStep}`;
      const rows = statements.get(sql).all(beforeMs);
      if (rows.length === 0) names.prune(beforeMs);
      let removed = 0;
      for (const row of rows) {
        const span = { firstSeq: Number(row.first_seq), lastSeq: Number(row.last_seq) };
        removed += this.#thin(span, "started_ms < ?", [beforeMs]);
      }
      return removed;
    });
  }

  /** False when no removed server has calls left. */
  #sweepStep(): boolean {
    const { names, statements } = this.#file;
    return this.#file.write(() => {
      const sql = "SELECT team_id, server_id FROM removed_servers WHERE swept = 0 LIMIT 1";
      const unswept = statements.get(sql).get();
      if (!unswept) return false;
      const [teamId, serverId] = [String(unswept.team_id), String(unswept.server_id)];
      const server = [names.find(teamId) ?? null, names.find(serverId) ?? null];
      const next = statements.get(
        "SELECT seq FROM calls WHERE team = ? AND server = ? ORDER BY started_ms LIMIT 1",
      );
      for (let step = 0; step < blocksPerStep; step++) {
        const row = next.get(...server);
        if (!row) {
          const done = "UPDATE removed_servers SET swept = 1 WHERE team_id = ? AND server_id = ?";
          statements.get(done).run(teamId, serverId);
          return true;
        }
        this.#thin(blockSpan(statements, Number(row.seq)), "team = ? AND server = ?", server);
      }
      return true;
    });
  }

  /** Removes those calls of a block that meet the condition. Resolves to how many they were. */
  #thin({ firstSeq, lastSeq }: Span, condition: string, values: readonly SQLInputValue[]): number {
    const { statements } = this.#file;
    // NOT INDEXED: by seq, whatever other index the condition might suggest.
    const doomed = `DELETE FROM calls NOT INDEXED WHERE seq BETWEEN ? AND ? AND ${condition}`;
    const { changes } = statements.get(doomed).run(firstSeq, lastSeq, ...values);
    const remaining = "SELECT seq, started_ms FROM calls WHERE seq BETWEEN ? AND ? ORDER BY seq";
    const kept = statements.get(remaining).all(firstSeq, lastSeq);
    if (kept.length === 0) {
      statements.get("DELETE FROM blocks WHERE first_seq = ?").run(firstSeq);
    } else {
      const reading = new BlockReading(statements);
      const entries = kept.map(({ seq }) => reading.entry(Number(seq)));
      const minStartedMs = Math.min(...kept.map(({ started_ms }) => Number(started_ms)));
      writeBlock(statements, { firstSeq, lastSeq }, minStartedMs, entries);
    }
    return Number(changes);
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
