/**
 * What was found damaged while the log was being changed: it stays where it is for `hookwatch check` and
 * `hookwatch repair`, and the work goes on without it.
 *
 * Bounds: 1,000 ids; more damage than that stops the work.
 */
import { Problem } from "../../problem.ts";
import { isDamage } from "./database.ts";

const idsMax = 1_000;

export class Unreadable {
  readonly #ids = new Set<number>();

  has(id: number): boolean {
    return this.#ids.has(id);
  }

  /** Ids, in no order. */
  values(): readonly number[] {
    return [...this.#ids];
  }

  /** After a transaction that failed: ids given within it are given again. */
  forget(): void {
    this.#ids.clear();
  }

  /** @throws the cause, when there is more damage than can be remembered. */
  add(id: number, cause: unknown): void {
    if (this.#ids.size >= idsMax) throw cause;
    this.#ids.add(id);
  }
}

/** Columns, outcomes, tallies and entries that are not what was written throw the last two. */
export function isUnreadable(cause: unknown): cause is Error {
  const isOurs = cause instanceof Problem && cause.code === "internal_error";
  return isOurs || isDamage(cause) || cause instanceof RangeError || cause instanceof SyntaxError;
}
