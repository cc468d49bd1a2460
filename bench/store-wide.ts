/** The wide table asked what it can answer in one statement. */
import { join } from "node:path";
import { quantile } from "./spent.ts";
import type { StoreFacts } from "./store-facts.ts";
import { questions, wideStatement } from "./store-questions.ts";
import { WideTable } from "./wide-table.ts";

const turns = 5;
const questionMaxMs = 20_000;

/** Milliseconds by question, the median of a few turns after the first; undefined for what it is not asked. */
export function wideAnswers(folder: string, facts: StoreFacts): readonly (number | undefined)[] {
  using table = new WideTable(join(folder, "wide.db"));
  return questions.map(({ wide }) => {
    if (!wide) return undefined;
    const timesMs: number[] = [];
    const startedMs = performance.now();
    for (let turn = 0; turn <= turns && performance.now() - startedMs < questionMaxMs; turn += 1) {
      const { sql, values } = wideStatement(wide, facts, turn);
      const beganMs = performance.now();
      table.all(sql, ...values);
      timesMs.push(performance.now() - beganMs);
    }
    return quantile(timesMs.length > 1 ? timesMs.slice(1) : timesMs, 0.5);
  });
}
