/** A form's request: whether it is on its way, and what was wrong with it. */
import { useState } from "react";
import { type Problem, toProblem } from "../problem.ts";
import { queryClient } from "../query-client.ts";

export interface Request {
  readonly busy: boolean;
  readonly problem: Problem | undefined;
  /** What is wrong, if it is not about one of these fields, which say it themselves. */
  besides(...fields: readonly string[]): string | undefined;
  /** True when it succeeded. */
  run(work: () => Promise<void>): Promise<boolean>;
  clear(): void;
}

/** @param changes keys of the queries that are asked again afterwards. */
export function useRequest(...changes: readonly string[]): Request {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  return {
    busy,
    problem,
    besides: (...fields) =>
      fields.some((field) => problem?.of(field)) ? undefined : problem?.message,
    async run(work) {
      setBusy(true);
      setProblem(undefined);
      try {
        await work();
        await Promise.all(changes.map((key) => queryClient.invalidateQueries({ queryKey: [key] })));
        return true;
      } catch (cause) {
        setProblem(toProblem(cause));
        return false;
      } finally {
        setBusy(false);
      }
    },
    clear: () => setProblem(undefined),
  };
}
