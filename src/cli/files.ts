/** File work of the commands: what the file system refuses becomes a sentence, what was written is synced. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { Problem } from "../problem.ts";

/** @throws Problem `unavailable` — instead of what the file system throws; the rest passes. */
export async function inWords<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof Error && "syscall" in cause)) throw cause;
    throw new Problem("unavailable", `${what}: ${cause.message}`, { cause });
  }
}

/** So that the names of its files survive the death of the machine. */
export function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Brings the files in `to` up to those in `from`, which others append to, add and delete: what is there already
 * is not read again, what is gone goes. A missing folder is an empty one. Returns how many bytes it has copied.
 */
export function mirrorSpill(from: string, to: string): number {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const names = spillFilesIn(from);
  for (const name of spillFilesIn(to).filter((each) => !names.includes(each)))
    rmSync(join(to, name));
  return names
    .map((name) => appendRest(join(from, name), join(to, name)))
    .reduce((a, b) => a + b, 0);
}

/** Names, in no order; none of a missing folder. */
export function spillFilesIn(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })) return [];
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

const chunkBytes = 1_048_576;

function appendRest(from: string, to: string): number {
  const source = openIfThere(from);
  if (source === undefined) return 0;
  const target = openSync(to, "a+", 0o600);
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let copied = 0;
  try {
    for (let at = statSync(to).size; ; ) {
      const bytes = readSync(source, chunk, 0, chunkBytes, at);
      if (bytes === 0) break;
      writeSync(target, chunk, 0, bytes);
      at += bytes;
      copied += bytes;
    }
    fsyncSync(target);
  } finally {
    closeSync(source);
    closeSync(target);
  }
  return copied;
}

/** A file whose calls were stored is deleted, at any moment. */
function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw cause;
  }
}
