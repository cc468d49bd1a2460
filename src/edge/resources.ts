/**
 * What the operating system gives this process, as far as new work depends on it.
 *
 * Out: for how many connections there are descriptors; whether memory is nearly used up. Where the system does not
 * tell, as beyond Linux, nothing is limited.
 */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

/** For files, threads and what listens. */
const otherDescriptors = 512;

/** Each open exchange takes a second descriptor, for its upstream; so many `listeners` share those there are. */
export function connectionsWithin(
  descriptors: number,
  connectionsMax: number,
  listeners = 1,
): number {
  const room = Math.floor((descriptors - otherDescriptors) / 2 / listeners);
  return Math.min(connectionsMax, Math.max(16, room));
}

/** Descriptors that this process may have open. */
export function descriptorsMax(): number {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readProc("limits")) ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

/** As parts of what there is: 1 is all of it. */
export interface MemoryUse {
  /** The heap of this thread. */
  readonly heap: number;
  /** What the process holds that no file backs, of what the machine or its container has. */
  readonly resident: number;
}

export function memoryUse(): MemoryUse {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  // Without a container the limit is none, or beyond all memory there is.
  const there = Math.min(process.constrainedMemory() || totalmem(), totalmem());
  const [, heldKib] = /^RssAnon:\s+(\d+) kB/m.exec(readProc("status")) ?? [];
  return { heap: used / limit, resident: (Number(heldKib ?? 0) * 1_024) / there };
}

/** New work is refused before there is no memory left for what runs. */
export function isScarce({ heap, resident }: MemoryUse): boolean {
  return heap > 0.9 || resident > 0.9;
}

function readProc(name: string): string {
  try {
    return readFileSync(`/proc/self/${name}`, "utf8");
  } catch {
    return "";
  }
}
