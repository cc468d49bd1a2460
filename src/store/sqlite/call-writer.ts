/**
 * Appends batches: rows and blocks of one batch in one transaction.
 *
 * In: calls, in order of arrival. Guarantees: all of the batch or none of it, each id once, no
 * call of a removed server. A batch makes a segment and blocks of its own; small ones are put together
 * later (segment-merging.ts, block-merging.ts).
 */
import type { Call } from "../../call.ts";
import type { Appended } from "../call-log.ts";
import { type BlockEntry, blockCallsMax, blockCharactersMax } from "./block.ts";
import { writeBlock } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { toEntry, toRow } from "./call-row.ts";
import { encodeSegment, inListOrder, type Row, segmentRowsMax } from "./segment.ts";
import { mergeTail } from "./segment-merging.ts";
import type { Statements } from "./statements.ts";
import { uuidBytes } from "./uuid-bytes.ts";

export function appendCalls(file: CallFile, calls: Iterable<Call>): Appended {
  return file.write(() => {
    const { statements, names } = file;
    const isRemoved = removedServers(statements);
    const isNew = statements.get("INSERT INTO ids VALUES (?, ?) ON CONFLICT DO NOTHING");
    const firstSeq = Number(statements.get("SELECT next_seq FROM arrivals").get()?.next_seq);
    const batch = new Batch(file);
    let [stored, known, discarded] = [0, 0, 0];
    for (const call of calls) {
      if (isRemoved(call)) {
        discarded++;
        continue;
      }
      const seq = firstSeq + stored;
      const id = uuidBytes(call.id);
      if (Number(isNew.run(id, seq).changes) === 0) {
        known++;
        continue;
      }
      batch.add(toRow(call, id, seq, names), call);
      stored++;
    }
    batch.close();
    if (stored > 0) {
      statements.get("UPDATE arrivals SET next_seq = ?").run(firstSeq + stored);
      mergeTail(file);
    }
    return { stored, known, discarded };
  });
}

/** Gathers rows until they fill a segment, entries until they fill a block. */
class Batch {
  readonly #file: CallFile;
  #rows: Row[] = [];
  #entries: BlockEntry[] = [];
  #characters = 0;
  #bodiesFromMs = Infinity;

  constructor(file: CallFile) {
    this.#file = file;
  }

  add(row: Row, call: Call): void {
    const entry = toEntry(call, row.seq);
    const { rest, error, request, response } = entry;
    const characters = rest.length + error.length + request.length + response.length;
    if (this.#characters + characters > blockCharactersMax) this.#closeBlock();
    this.#rows.push(row);
    this.#entries.push(entry);
    this.#characters += characters;
    if (request !== "" || response !== "" || call.messages.length > 0)
      this.#bodiesFromMs = Math.min(this.#bodiesFromMs, row.startedMs);
    if (this.#entries.length === blockCallsMax) this.#closeBlock();
    if (this.#rows.length === segmentRowsMax) this.close();
  }

  close(): void {
    this.#closeBlock();
    const [first, last] = [this.#rows[0], this.#rows.at(-1)];
    if (!first || !last) return;
    const span = { firstSeq: first.seq, lastSeq: last.seq };
    this.#file.segments.write(encodeSegment(inListOrder(this.#rows), span));
    this.#rows = [];
  }

  #closeBlock(): void {
    const [first, last] = [this.#entries[0], this.#entries.at(-1)];
    if (!first || !last) return;
    const span = { firstSeq: first.seq, lastSeq: last.seq };
    const bodiesFromMs = this.#bodiesFromMs === Infinity ? null : this.#bodiesFromMs;
    writeBlock(this.#file.statements, span, bodiesFromMs, this.#entries);
    this.#entries = [];
    this.#characters = 0;
    this.#bodiesFromMs = Infinity;
  }
}

/** Asks once for each server of a batch. */
function removedServers(statements: Statements): (call: Call) => boolean {
  const sql = "SELECT 1 FROM removed_servers WHERE team_id = ? AND server_id = ?";
  const teams = new Map<string, Map<string, boolean>>();
  return ({ teamId, serverId }) => {
    const servers = teams.get(teamId) ?? new Map<string, boolean>();
    const removed =
      servers.get(serverId) ?? statements.get(sql).get(teamId, serverId) !== undefined;
    servers.set(serverId, removed);
    teams.set(teamId, servers);
    return removed;
  };
}
