/** How many threads take calls where nobody says it, and where no more than one can. */
import { availableParallelism } from "node:os";
import type { FieldProblem } from "../problem.ts";
import { variables } from "./variables.ts";

/** The recorder and the writer take a core each when the others are busy. */
const otherBusyThreads = 2;

/** `given`: by the operator. */
export function dataPlanesOf(
  given: number | undefined,
  listenFd: number | undefined,
  report: (problem: FieldProblem) => void,
  machine = { cores: availableParallelism(), platform: process.platform },
): number {
  if (listenFd === undefined) return given ?? usual(machine);
  if (given !== undefined && given > 1) {
    const message = `is ${given}, but on a socket that was given (LISTEN_FDS) only 1 thread can listen`;
    report({ field: variables.dataPlanes.name, message });
  }
  return 1;
}

/** Elsewhere the system does not share connections out between the sockets of one port. */
function usual({ cores, platform }: { cores: number; platform: NodeJS.Platform }): number {
  const { max } = variables.dataPlanes.form;
  return platform === "linux" ? Math.min(max, Math.max(1, cores - otherBusyThreads)) : 1;
}
