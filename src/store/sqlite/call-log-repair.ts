/**
 * A call log out of what can still be read of a damaged one: its calls are appended to a new file, so that everything
 * that is derived from them is whole again.
 *
 * In: the path of a damaged file, its WAL beside it, which is not changed. Out: a sound file, and how much is in it;
 * what calls have lost is in its own list of losses. Guarantees: a call is there as it was, or without what its block
 * held, or not at all; no position that somebody may follow the log from is given to a later call.
 * Bounds: one batch in memory, and what damaged-calls.ts says.
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { Call } from "../../call.ts";
import { newId } from "../../id.ts";
import type { Loss } from "../../loss.ts";
import { SqliteCallLog } from "./call-log.ts";
import { type DamagedCall, readDamagedCalls, readDamagedHeads } from "./damaged-calls.ts";
import { countIfReadable, openDamaged, readBothWays, savingWhatCan } from "./damaged-file.ts";
import { requireCurrent } from "./migrate.ts";

export interface CallLogRepair {
  readonly calls: number;
  /** Of those, how many lost all but what lists are filtered and counted by. */
  readonly callsWithoutBlock: number;
  /** At least, where what is left of the file no longer says how many there were. */
  readonly callsLost: number;
}

const batchCalls = 2_000;
/** Of bodies, after which a batch is full. */
const batchCharactersMax = 8_388_608;

/**
 * @param to Must not exist.
 * @throws Problem `unavailable` — not even the list of tables can be read, another schema version, no room.
 */
export async function repairCallLog(from: string, to: string): Promise<CallLogRepair> {
  using source = savingWhatCan(from, () => openReadable(from));
  await using target = SqliteCallLog.open(to, { mode: "write" });
  // Beside the log's own connection, which knows nothing of other files.
  using beside = new DatabaseSync(to, { timeout: 5_000 });
  const nextSeq = copySmallTables(source, beside);
  const number = beside.prepare("UPDATE arrivals SET next_seq = max(next_seq, ?)");
  const missing = new Map<string, Loss>();
  let [calls, callsWithoutBlock, discarded] = [0, 0, 0];
  const heads = readDamagedHeads(source);
  for (const batch of batches(readDamagedCalls(source, heads))) {
    number.run(batch[0]?.seq ?? 0);
    const appended = await target.append(batch.map(({ call }) => call));
    calls += appended.stored;
    discarded += appended.discarded;
    for (const { call } of batch.filter(({ whole }) => !whole)) {
      callsWithoutBlock++;
      addMissing(missing, call);
    }
  }
  await target.addLosses([...missing.values()]);
  number.run(nextSeq);
  const before = countIfReadable(source, "ids") ?? heads.reduce((sum, { rows }) => sum + rows, 0);
  return { calls, callsWithoutBlock, callsLost: Math.max(0, before - calls - discarded) };
}

function openReadable(path: string): DatabaseSync {
  const db = openDamaged(path, "calls");
  try {
    // What the tables of another version mean is not known here.
    requireCurrent(db, "calls");
    return db;
  } catch (cause) {
    db.close();
    throw cause;
  }
}

/** Returns the number of the next call, as far as it can be read. */
function copySmallTables(source: DatabaseSync, target: DatabaseSync): number {
  const copy = (table: string, columns: readonly string[], key: readonly string[]) => {
    const marks = columns.map(() => "?").join(", ");
    const names = columns.join(", ");
    const add = target.prepare(`INSERT OR IGNORE INTO ${table} (${names}) VALUES (${marks})`);
    const keep = (values: readonly SQLInputValue[]) => void add.run(...values);
    readBothWays(source, `SELECT ${names} FROM ${table}`, key, keep);
  };
  const losses = "id team_id server_id kind reason calls from_ms until_ms".split(" ");
  copy("losses", losses, ["id"]);
  copy("removed_servers", ["team_id", "server_id", "swept"], ["team_id", "server_id"]);
  // None of their calls comes along.
  target.exec("UPDATE removed_servers SET swept = 1");
  let nextSeq = 0;
  readBothWays(source, "SELECT next_seq FROM arrivals", ["only"], ([value]) => {
    nextSeq = Number(value);
  });
  return nextSeq;
}

function* batches(calls: Iterable<DamagedCall>): Generator<readonly DamagedCall[]> {
  let batch: DamagedCall[] = [];
  let characters = 0;
  for (const each of calls) {
    batch.push(each);
    characters += each.call.requestBody.length + each.call.responseBody.length;
    if (batch.length < batchCalls && characters < batchCharactersMax) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

function addMissing(losses: Map<string, Loss>, { teamId, serverId, startedAtMs }: Call): void {
  const key = `${teamId} ${serverId}`;
  const known = losses.get(key);
  losses.set(key, {
    id: known?.id ?? newId(),
    teamId,
    serverId,
    kind: "bodies",
    reason: "damaged",
    calls: (known?.calls ?? 0) + 1,
    fromMs: Math.min(known?.fromMs ?? startedAtMs, startedAtMs),
    untilMs: Math.max(known?.untilMs ?? startedAtMs, startedAtMs),
  });
}
