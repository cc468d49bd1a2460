/** Processor time of a process and of its threads, to the nanosecond, as Linux tells. Threads that have ended are not in it. */
import { readdirSync, readFileSync } from "node:fs";

/** µs; NaN where nobody tells. */
export interface CpuUse {
  readonly process: number;
  /** Of the first thread, which in ours is the data plane's. */
  readonly firstThread: number;
}

export function cpuOf(pid: number): CpuUse {
  try {
    let all = 0;
    let first = Number.NaN;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const micros = threadMicros(pid, thread);
      all += micros;
      if (thread === String(pid)) first = micros;
    }
    return { process: all, firstThread: first };
  } catch {
    return { process: Number.NaN, firstThread: Number.NaN };
  }
}

function threadMicros(pid: number, thread: string): number {
  const [nanos = "0"] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ");
  return Number(nanos) / 1_000;
}

/** Resident memory, KiB. */
export function rssKib(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib ?? Number.NaN);
}
