/** What the questions need to know of a log that was made for them; kept beside it, for the processes that ask. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface StoreFacts {
  readonly teamIds: readonly string[];
  /** The team that is asked about. */
  readonly teamId: string;
  readonly rows: number;
  readonly bodies: "full" | "small";
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Of calls all over the log. */
  readonly callIds: readonly string[];
  readonly sessionIds: readonly string[];
  /** Where the log stood when the last 5,000 calls had not come yet. */
  readonly position: string;
}

export const logFile = "calls.db";

export function writeFacts(folder: string, facts: StoreFacts): void {
  writeFileSync(join(folder, "facts.json"), JSON.stringify(facts));
}

export function readFacts(folder: string): StoreFacts {
  return JSON.parse(readFileSync(join(folder, "facts.json"), "utf8")) as StoreFacts;
}

/** Everything the log keeps in the folder. */
export function bytesOf(folder: string): number {
  return filesOf(folder).reduce((sum, path) => sum + statSync(path).size, 0);
}

export function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && !path.endsWith(".json") && !path.includes("wide"));
}
