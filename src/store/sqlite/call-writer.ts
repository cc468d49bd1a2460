/**
 * Appends batches: rows and blocks of one batch in one transaction.
 *
 * In: calls, in order of arrival. Guarantees: all of the batch or none of it, each id once, no
 * call of a removed server. A batch of 1,000 calls makes eight blocks; small batches make small ones,
 * which compress less.
 */
import type { Call } from "../../call.ts";
import type { Appended } from "../call-log.ts";
import { type BlockEntry, blockCallsMax, blockCharactersMax } from "./block.ts";
import { writeBlock } from "./blocks.ts";
import type { CallFile } from "./call-file.ts";
import { insertCallSql, toEntry, toRow } from "./call-row.ts";
import type { Statements } from "./statements.ts";

export function appendCalls(file: CallFile, calls: readonly Call[]): Appended {
  if (calls.length === 0) return { stored: 0, known: 0, discarded: 0 };
  return file.write(() => {
    const { statements, names } = file;
    const insert = statements.get(insertCallSql);
    const isRemoved = removedServers(statements);
    const firstSeq = Number(statements.get("SELECT next_seq FROM arrivals").get()?.next_seq);
    const blocks = new OpenBlock(statements);
    let [stored, discarded] = [0, 0];
    for (const call of calls) {
      if (isRemoved(call)) {
        discarded++;
        continue;
      }
      const seq = firstSeq + stored;
      if (Number(insert.run(...toRow(call, seq, names)).changes) === 0) continue;
      blocks.add(toEntry(call, seq), call.startedAtMs);
      stored++;
    }
    blocks.close();
    statements.get("UPDATE arrivals SET next_seq = ?").run(firstSeq + stored);
    return { stored, known: calls.length - stored - discarded, discarded };
  });
}

/** Gathers entries until they fill a block. */
class OpenBlock {
  readonly #statements: Statements;
  #entries: BlockEntry[] = [];
  #characters = 0;
  #minStartedMs = Infinity;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  add(entry: BlockEntry, startedAtMs: number): void {
    const { rest, error, request, response } = entry;
    const characters = rest.length + error.length + request.length + response.length;
    if (this.#characters + characters > blockCharactersMax) this.close();
    this.#entries.push(entry);
    this.#characters += characters;
    this.#minStartedMs = Math.min(this.#minStartedMs, startedAtMs);
    if (this.#entries.length === blockCallsMax) this.close();
  }

  close(): void {
    const [first, last] = [this.#entries[0], this.#entries.at(-1)];
    if (!first || !last) return;
    const span = { firstSeq: first.seq, lastSeq: last.seq };
    writeBlock(this.#statements, span, this.#minStartedMs, this.#entries);
    this.#entries = [];
    this.#characters = 0;
    this.#minStartedMs = Infinity;
  }
}

/** Asks once for each server of a batch. */
function removedServers(statements: Statements): (call: Call) => boolean {
  const sql = "SELECT 1 FROM removed_servers WHERE team_id = ? AND server_id = ?";
  const known = new Map<string, boolean>();
  return ({ teamId, serverId }) => {
    const key = `${teamId} ${serverId}`;
    const removed = known.get(key) ?? statements.get(sql).get(teamId, serverId) !== undefined;
    known.set(key, removed);
    return removed;
  };
}
