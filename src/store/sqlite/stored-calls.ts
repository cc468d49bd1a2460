/** How many calls a call log's file holds, those included that are hidden and about to be erased. */
import { DatabaseSync } from "node:sqlite";
import { withProblems } from "./database.ts";

/** @throws Problem `unavailable` — the file cannot be read. */
export function countStoredCalls(path: string): number {
  return withProblems(`the database ${path} cannot be read`, () => {
    using db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    return Number(db.prepare("SELECT total(calls) AS calls FROM segments").get()?.calls);
  });
}
