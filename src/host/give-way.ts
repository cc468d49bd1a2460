/**
 * Lets others go first when there are fewer cores than work: for threads, and commands beside a host, that nobody's
 * traffic waits for.
 *
 * Guarantees: a thread that gives way still runs, slowly, however busy the others are. Only Linux has a priority of
 * threads; elsewhere, and where it cannot be set, the thread runs like the others, which is logged.
 */
import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { basename } from "node:path";
import type { Log } from "../telemetry.ts";

/** A tenth of what another thread gets of a core that both want. */
const nicer = 10;
const nicest = 19;

/** The calling thread from now on, and the threads that it starts. */
export function giveWay(log: Log): void {
  try {
    // "<process>/task/<thread>": https://man7.org/linux/man-pages/man5/proc_thread-self.5.html
    const thread = Number(basename(readlinkSync("/proc/thread-self")));
    setPriority(thread, Math.min(nicest, getPriority(thread) + nicer));
  } catch (cause) {
    log.info({ err: cause }, "the system cannot let this thread give way to the others");
  }
}
