/**
 * The listening socket that this process was given by whoever started it and holds it (sd_listen_fds(3)): connections
 * that come while no process listens wait in it.
 */
import type { FieldProblem } from "../problem.ts";

/** The first that is given; those before it are standard input, output and error. */
const firstFd = 3;

/** Undefined when there is none, or when it was meant for the process before this one. */
export function givenSocket(
  { LISTEN_FDS = "", LISTEN_PID }: Readonly<Record<string, string | undefined>>,
  pid: number,
  report: (problem: FieldProblem) => void,
): number | undefined {
  if (LISTEN_FDS === "" || LISTEN_FDS === "0") return undefined;
  // Absent where a process in between has passed the socket on.
  if (LISTEN_PID !== undefined && LISTEN_PID !== String(pid)) return undefined;
  if (LISTEN_FDS === "1") return firstFd;
  const message = `is "${LISTEN_FDS}", but HookWatch listens on 1 socket`;
  report({ field: "LISTEN_FDS", message });
  return undefined;
}
