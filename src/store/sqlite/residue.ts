/**
 * What removals leave behind in the files: free pages in the database, old pages in its WAL.
 *
 * Bounds: a step gives back 4 MiB; emptying the WAL does not wait for readers.
 */
import { busyTimeoutMs, type CallFile } from "./call-file.ts";
import { isOutage, walPagesMax, withProblems } from "./database.ts";

const vacuumPagesPerStep = 512;
/** Instead of `walPagesMax`. */
const partPages = 500;
/** Free pages that stay in the file for the calls to come, 8 MiB or a quarter of it. */
const freePagesMin = 1_024;

export class Residue {
  readonly #file: CallFile;
  /** Whether the WAL could not be emptied: a reader was in the middle of it, or the disk is full. */
  #isInWal = false;
  /** How many write in steps. */
  #inParts = 0;

  constructor(file: CallFile) {
    this.#file = file;
  }

  /** While `work` writes much, in steps, the WAL goes into the database in smaller parts, each of which a commit waits for. */
  async inParts(work: () => Promise<void>): Promise<void> {
    if (this.#inParts === 0) this.#setWalPages(partPages);
    this.#inParts += 1;
    try {
      await work();
    } finally {
      if (--this.#inParts === 0) this.#setWalPages(walPagesMax);
    }
  }

  /** False when there is nothing to give back, or no way to. */
  giveBackStep(): boolean {
    const { db } = this.#file;
    return withProblems("the database is not available", () => {
      const free = this.#pragma("freelist_count");
      if (free <= Math.max(freePagesMin, this.#pragma("page_count") / 4)) return false;
      db.exec(`PRAGMA incremental_vacuum(${vacuumPagesPerStep})`);
      // A file that was made without auto_vacuum keeps them.
      return this.#pragma("freelist_count") < free;
    });
  }

  /** Old pages in the WAL still hold what was removed: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint */
  scrub(): void {
    const { db, statements } = this.#file;
    this.#isInWal = true;
    withProblems("the database is not available", () => {
      // Not a moment's wait for a reader: whoever comes next tries again.
      db.exec("PRAGMA busy_timeout = 0");
      try {
        this.#isInWal = statements.get("PRAGMA wal_checkpoint(TRUNCATE)").get()?.busy === 1;
      } catch (cause) {
        // What was to be removed is; only its old pages are left.
        if (!isOutage(cause)) throw cause;
      } finally {
        db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      }
    });
  }

  /** Empties the WAL if `scrub` could not. */
  scrubIfDue(): void {
    if (this.#isInWal) this.scrub();
  }

  /** Nothing once the file is closed, which ends such work between two steps. */
  #setWalPages(pages: number): void {
    const { db } = this.#file;
    if (db.isOpen) db.exec(`PRAGMA wal_autocheckpoint = ${pages}`);
  }

  #pragma(name: "freelist_count" | "page_count"): number {
    return Number(this.#file.statements.get(`PRAGMA ${name}`).get()?.[name]);
  }
}
