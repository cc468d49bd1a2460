/** A disk of a few MiB in memory, to be filled. */
import { rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { leaveNothing } from "./leftovers.ts";
import { attempt, command } from "./machine.ts";
import type { Scratch } from "./scratch.ts";

export class SmallDisk implements Disposable {
  readonly path: string;
  readonly #gone: () => void;
  #fillers = 0;

  constructor(scratch: Scratch, sizeMiB: number) {
    this.path = scratch.path;
    command("mount", "-t", "tmpfs", "-o", `size=${sizeMiB}m,mode=700`, "tmpfs", this.path);
    this.#gone = leaveNothing(() => attempt("umount", "--lazy", this.path));
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Takes what is left, to the last page. */
  fill(): void {
    this.#fillers += 1;
    try {
      writeFileSync(this.#filler(this.#fillers), Buffer.alloc(this.freeBytes));
    } catch (cause) {
      // The host was quicker: as full as it gets.
      if ((cause as NodeJS.ErrnoException).code !== "ENOSPC") throw cause;
    }
  }

  /** Gives back what `fill` took. */
  empty(): void {
    for (; this.#fillers > 0; this.#fillers -= 1)
      rmSync(this.#filler(this.#fillers), { force: true });
  }

  [Symbol.dispose](): void {
    command("umount", "--lazy", this.path);
    this.#gone();
  }

  #filler(number: number): string {
    return join(this.path, `filler-${number}`);
  }
}
