/** Prepared statements of one connection, by their text: preparing costs more than most of them run. */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Filters combine into many texts; the ones used least recently are dropped. */
const statementsMax = 256;

export class Statements {
  readonly #db: DatabaseSync;
  readonly #bySql = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get(sql: string): StatementSync {
    const known = this.#bySql.get(sql);
    const statement = known ?? this.#db.prepare(sql);
    // A Map keeps the order of insertion: the first is the one used least recently.
    if (known) this.#bySql.delete(sql);
    else if (this.#bySql.size >= statementsMax) {
      for (const oldest of this.#bySql.keys()) {
        this.#bySql.delete(oldest);
        break;
      }
    }
    this.#bySql.set(sql, statement);
    return statement;
  }
}
