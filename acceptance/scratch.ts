/** Folders for the length of a measurement. */
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaveNothing } from "./leftovers.ts";

export interface Scratch extends AsyncDisposable {
  readonly path: string;
}

/** A new folder, gone after disposal and in any case with this process. */
export async function makeScratch(name: string): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), `hookwatch-${name}-`));
  const gone = leaveNothing(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
      gone();
    },
  };
}
