/**
 * The registry's connection: what its sections share. Each of their methods is one `read` or `write`; what they call
 * inside runs in that transaction.
 *
 * Bounds: waits for another writer up to 500 ms.
 */
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { noSuch } from "../refusals.ts";
import { openDatabase, transaction } from "./database.ts";
import type { Row } from "./registry-row.ts";
import { Statements } from "./statements.ts";

const busyTimeoutMs = 500;

export class RegistryFile implements Disposable {
  readonly #db: DatabaseSync;
  readonly #statements: Statements;

  /** @throws Problem `unavailable` — no permission, no database, a newer schema. */
  constructor(path: string) {
    this.#db = openDatabase(path, "registry", "write", busyTimeoutMs);
    this.#statements = new Statements(this.#db);
  }

  /** One snapshot. */
  read<Result>(work: () => Result): Result {
    return transaction(this.#db, "read", work);
  }

  /** Whole or not at all, and durable when it returns. Nobody else writes meanwhile. */
  write<Result>(work: () => Result): Result {
    return transaction(this.#db, "write", work);
  }

  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#statements.get(sql).get(...values);
  }

  all(sql: string, ...values: readonly SQLInputValue[]): Row[] {
    return this.#statements.get(sql).all(...values);
  }

  /** How many rows it changed; those that went with one of them do not count. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#statements.get(sql).run(...values).changes);
  }

  /** Whether the question has an answer. */
  has(sql: string, ...values: readonly SQLInputValue[]): boolean {
    return this.get(sql, ...values) !== undefined;
  }

  /** @throws Problem `resource_not_found` — there is no such user. */
  demandUser(id: string): void {
    if (!this.has("SELECT 1 FROM users WHERE id = ?", id)) throw noSuch("user");
  }

  /** @throws Problem `resource_not_found` — there is no such team. */
  demandTeam(id: string): void {
    if (!this.has("SELECT 1 FROM teams WHERE id = ?", id)) throw noSuch("team");
  }

  /** @throws Problem `resource_not_found` — there is no such team or user. */
  demandBoth({ teamId, userId }: { readonly teamId: string; readonly userId: string }): void {
    this.demandTeam(teamId);
    this.demandUser(userId);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}
