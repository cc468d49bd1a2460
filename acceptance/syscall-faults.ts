/**
 * Faults in the system calls of a running host, by `strace`: errors or delays, from now until disposed.
 *
 * The threads of the data plane and of V8 are left alone unless asked for: tracing slows every system call of a
 * thread, which would be measured instead of the fault. Threads that begin meanwhile are found within half a second.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { leaveNothing } from "./leftovers.ts";

export interface SyscallFaultOptions {
  readonly calls: readonly string[];
  /** As strace's `--inject` takes it after the names: `error=EIO`, `delay_enter=5000000`. */
  readonly fault: string;
  /** Those of the data plane and of V8, too. */
  readonly everyThread: boolean;
}

const scanMs = 500;

export class SyscallFaults implements AsyncDisposable {
  readonly #pid: number;
  readonly #options: SyscallFaultOptions;
  readonly #tracers = new Map<number, ChildProcess>();
  readonly #scanning: Promise<void>;
  #over = false;

  private constructor(pid: number, options: SyscallFaultOptions) {
    this.#pid = pid;
    this.#options = options;
    this.#scanning = this.#scan();
  }

  static async begin(pid: number, options: SyscallFaultOptions): Promise<SyscallFaults> {
    const faults = new SyscallFaults(pid, options);
    // Attaching takes some milliseconds a thread.
    await sleep(scanMs);
    return faults;
  }

  /** Threads under strace. */
  get threads(): number {
    return this.#tracers.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#scanning;
    await Promise.all([...this.#tracers.values()].map(end));
  }

  async #scan(): Promise<void> {
    while (!this.#over) {
      for (const thread of threadsOf(this.#pid)) {
        const wanted = this.#options.everyThread || isStores(this.#pid, thread);
        if (wanted && !this.#tracers.has(thread)) this.#tracers.set(thread, this.#trace(thread));
      }
      await sleep(scanMs / 5);
    }
  }

  #trace(thread: number): ChildProcess {
    const calls = this.#options.calls.join(",");
    const inject = `inject=${calls}:${this.#options.fault}`;
    const args = ["-qq", "-o", "/dev/null", "-e", `trace=${calls}`, "-e", inject];
    const child = spawn("strace", [...args, "-p", `${thread}`], { stdio: "ignore" });
    const gone = leaveNothing(() => child.kill("SIGKILL"));
    child.once("exit", gone);
    return child;
  }
}

function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** Whether it is one of the threads that the host began for its own work. */
function isStores(pid: number, thread: number): boolean {
  if (thread === pid) return false;
  try {
    const name = readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim();
    return !/^(?:V8Worker|DelayedTaskSche|SignalInspector)/.test(name);
  } catch {
    return false;
  }
}

/** strace lets go of its thread when it is interrupted, as soon as the delay that it injects is over. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGINT");
  await exited;
}
