/**
 * The dictionary of repeated texts: a call's row holds the id of a name instead of the name. Each team has names of
 * its own, also where their texts are the same: what one keeps does not depend on what another keeps.
 *
 * Guarantees: an id means one name of one team for ever. Bounds: each of the two memories holds 20,000 names or
 * 4 million characters, then starts anew.
 */
import { Problem } from "../../problem.ts";
import type { Statements } from "./statements.ts";

const rememberedMax = 20_000;
const charactersMax = 4_000_000;
const dayMs = 86_400_000;
const idsPerStep = 8_192;
/** Columns hold ids in 32 bits. */
const idMax = 2 ** 32 - 1;
/** In place of a team: the names of teams belong to none. */
const noTeam = 0;

export class Names {
  readonly #statements: Statements;
  /** By team, then by name. */
  readonly #byName = new Map<number, Map<string, Name>>();
  #byNameSize = 0;
  readonly #byId = new Map<number, string>();
  #characters = 0;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /**
   * Within a write transaction: the id of a name that a call of a team started at `startedAtMs` uses; without a team,
   * that of the team itself.
   *
   * @throws Problem `internal_error` — all ids are used up.
   */
  use(name: string, startedAtMs: number, team = noTeam): number {
    const known = this.#byName.get(team)?.get(name) ?? this.#recall(team, name);
    if (known && known.usedUntilMs > startedAtMs) return known.id;
    // To the end of the day, so that a name in use costs one write a day.
    const usedUntilMs = (Math.floor(startedAtMs / dayMs) + 1) * dayMs;
    const id = known ? known.id : this.#add(team, name, usedUntilMs);
    if (known) this.#statements.get(extendSql).run(usedUntilMs, id);
    this.#remember(team, name, { id, usedUntilMs });
    return id;
  }

  /** Looked up each time: retention may have dropped the name and a later call brought it back under another id. */
  find(name: string, team = noTeam): number | undefined {
    return this.#read(team, name)?.id;
  }

  /** Within the transaction that read a row with this id. @throws Problem `internal_error` — the file is damaged. */
  text(id: number): string {
    const name = this.textIfKept(id);
    if (name !== undefined) return name;
    throw new Problem("internal_error", `name ${id} of the call log is lost`);
  }

  /** `undefined` when retention has dropped it. */
  textIfKept(id: number): string | undefined {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const name = this.#statements.get("SELECT name FROM names WHERE id = ?").get(id)?.name;
    if (typeof name !== "string") return undefined;
    this.#makeRoom(this.#byId.size, name);
    this.#byId.set(id, name);
    return name;
  }

  /**
   * Within a write transaction: drops those names that no call started at or after `beforeMs` uses, of all teams or of
   * `teams`, out of 8,192 ids after `afterId`. Returns the last one looked at, `undefined` when it was the last of all.
   */
  prune(beforeMs: number, afterId: number, teams?: readonly number[]): number | undefined {
    const lastId = Number(this.#statements.get("SELECT max(id) AS id FROM names").get()?.id ?? 0);
    const untilId = Math.min(afterId + idsPerStep, lastId);
    const isLast = untilId >= lastId;
    const [of, some] = teams ? [ofSome, [JSON.stringify(teams)]] : [ofAll, []];
    this.#statements.get(of.names).run(beforeMs, afterId, untilId, ...some);
    // After all names of theirs, which nobody would find without them.
    if (isLast) this.#statements.get(of.teams).run(beforeMs, ...some);
    this.forget();
    return isLast ? undefined : untilId;
  }

  /** What is remembered may not be in the file: after a rollback, or another connection's retention. */
  forget(): void {
    this.#byName.clear();
    this.#byNameSize = 0;
    this.#byId.clear();
    this.#characters = 0;
  }

  #add(team: number, name: string, usedUntilMs: number): number {
    const sql = "INSERT INTO names (team, name, used_until_ms) VALUES (?, ?, ?) RETURNING id";
    const id = Number(this.#statements.get(sql).get(team, name, usedUntilMs)?.id);
    // One more would be taken for another name, of another team even.
    if (id <= idMax) return id;
    const message = `the call log has used up its ${idMax} ids of names; "hookwatch repair" gives them anew`;
    throw new Problem("internal_error", message);
  }

  #read(team: number, name: string): Name | undefined {
    const sql = "SELECT id, used_until_ms FROM names WHERE team = ? AND name = ?";
    const row = this.#statements.get(sql).get(team, name);
    return row && { id: Number(row.id), usedUntilMs: Number(row.used_until_ms) };
  }

  #recall(team: number, name: string): Name | undefined {
    const found = this.#read(team, name);
    if (found) this.#remember(team, name, found);
    return found;
  }

  #remember(team: number, name: string, found: Name): void {
    this.#makeRoom(this.#byNameSize, name);
    const names = this.#byName.get(team) ?? new Map<string, Name>();
    this.#byName.set(team, names);
    if (!names.has(name)) this.#byNameSize++;
    names.set(name, found);
  }

  #makeRoom(size: number, name: string): void {
    this.#characters += name.length;
    if (size >= rememberedMax || this.#characters > charactersMax) this.forget();
  }
}

interface Name {
  readonly id: number;
  readonly usedUntilMs: number;
}

// Not an upsert, which takes an id whether it needs one or not.
const extendSql = "UPDATE names SET used_until_ms = max(used_until_ms, ?) WHERE id = ?";

const oldSql = "DELETE FROM names WHERE used_until_ms <= ?";
const ofAll = {
  names: `${oldSql} AND id > ? AND id <= ? AND team <> ${noTeam}`,
  teams: `${oldSql} AND team = ${noTeam}`,
};
const ofSome = {
  names: `${oldSql} AND id > ? AND id <= ? AND team IN (SELECT value FROM json_each(?))`,
  teams: `${oldSql} AND id IN (SELECT value FROM json_each(?))`,
};
