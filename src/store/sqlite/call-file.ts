/** The call log's file as its parts share it: one connection, its statements, its dictionary. */
import type { DatabaseSync } from "node:sqlite";
import { Problem } from "../../problem.ts";
import { BundleAnswers } from "./bundle-answers.ts";
import { type DatabaseMode, damageHint, openDatabase, transaction } from "./database.ts";
import { Names } from "./names.ts";
import { Segments } from "./segments.ts";
import { Statements } from "./statements.ts";
import { isUnreadable, Unreadable } from "./unreadable.ts";

/** For another writer. Only a mistake has two at once; a checkpoint that ends a process may take a while. */
export const busyTimeoutMs = 5_000;

/** Columns kept in memory: a reader asks for the same ones again and again, a writer merges each once or twice. */
const cacheMaxBytes: Readonly<Record<DatabaseMode, number>> = {
  read: 16_777_216,
  write: 8_388_608,
};

const answersMaxBytes: Readonly<Record<DatabaseMode, number>> = {
  read: 33_554_432,
  write: 1_048_576,
};

export class CallFile implements Disposable {
  readonly db: DatabaseSync;
  readonly statements: Statements;
  readonly names: Names;
  readonly segments: Segments;
  readonly answers: BundleAnswers;
  /** Ids of segments. */
  readonly unreadable = new Unreadable();
  #contentVersion: unknown;

  /** @throws Problem `unavailable` — see `openDatabase`. */
  constructor(path: string, mode: DatabaseMode) {
    this.db = openDatabase(path, "calls", mode, busyTimeoutMs);
    this.statements = new Statements(this.db);
    this.names = new Names(this.statements);
    this.segments = new Segments(this.statements, cacheMaxBytes[mode]);
    this.answers = new BundleAnswers(answersMaxBytes[mode]);
  }

  /** One snapshot of the file. */
  read<Result>(work: () => Result): Result {
    try {
      return transaction(this.db, "read", work);
    } catch (cause) {
      throw toProblem(cause);
    } finally {
      this.segments.release();
    }
  }

  write<Result>(work: () => Result): Result {
    try {
      return transaction(this.db, "write", () => {
        this.#forgetIfChangedElsewhere();
        return work();
      });
    } catch (cause) {
      this.#forget();
      this.unreadable.forget();
      throw toProblem(cause);
    } finally {
      this.segments.release();
    }
  }

  /**
   * Within a write transaction: what `work` returns. `undefined` when it meets damage; then it has changed nothing, and
   * its id is remembered.
   */
  passingDamage<Result>(
    id: number,
    work: () => Result,
    known = this.unreadable,
  ): Result | undefined {
    this.db.exec("SAVEPOINT passing_damage");
    try {
      const result = work();
      this.db.exec("RELEASE passing_damage");
      return result;
    } catch (cause) {
      if (!isUnreadable(cause) || !this.db.isTransaction) throw cause;
      this.db.exec("ROLLBACK TO passing_damage; RELEASE passing_damage");
      this.#forget();
      known.add(id, cause);
      return undefined;
    }
  }

  /** Ids that were given to names and segments within what failed are given again. */
  #forget(): void {
    this.names.forget();
    this.segments.forget();
    this.answers.forget();
  }

  [Symbol.dispose](): void {
    this.db.close();
  }

  /** https://www.sqlite.org/pragma.html#pragma_data_version: differs after another connection has committed. */
  #forgetIfChangedElsewhere(): void {
    const contentVersion = this.statements.get("PRAGMA data_version").get()?.data_version;
    if (contentVersion !== this.#contentVersion) this.names.forget();
    this.#contentVersion = contentVersion;
  }
}

function toProblem(cause: unknown): unknown {
  if (cause instanceof Problem || !isUnreadable(cause)) return cause;
  const message = `what the call log holds cannot be understood: ${cause.message}${damageHint}`;
  return new Problem("internal_error", message, { cause });
}
