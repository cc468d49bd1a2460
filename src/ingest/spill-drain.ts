/**
 * One spill file on its way into the store: batches, in order, each the same until it was delivered.
 *
 * Guarantees: a call that was delivered is not offered again, however often the store fails in between.
 * Bounds: the file and one batch in memory.
 */
import { free } from "../free.ts";
import type { BatchSource } from "./accounting.ts";
import type { QueueLimits } from "./queue.ts";
import type { Spill, SpillFile } from "./spill.ts";
import { packedOf, readRecords, type SpillEntry, type SpillRecord } from "./spill-records.ts";
import { type Packed, toWaiting, type Waiting } from "./waiting.ts";

const sources = { here: "spill", inherited: "inherited", earlier_process: "recovered" } as const;

export class SpillDrain {
  readonly file: SpillFile;
  readonly #bytes: Buffer;
  readonly #entries: Iterator<SpillEntry>;
  #next: IteratorResult<SpillEntry>;
  #batch: readonly Waiting[] = [];
  #delivered = 0;
  #lost = 0;

  private constructor(file: SpillFile, bytes: Buffer) {
    this.file = file;
    this.#bytes = bytes;
    this.#entries = readRecords(bytes);
    this.#next = this.#entries.next();
  }

  /** @throws — the file cannot be read. */
  static async open(spill: Spill, file: SpillFile): Promise<SpillDrain> {
    return new SpillDrain(file, await spill.read(file));
  }

  get source(): BatchSource {
    return sources[this.file.origin];
  }

  /**
   * Calls that are not in the store and can be read no more; to be asked at the end. A file that an
   * earlier writer has left tells only what it shows.
   */
  get lost(): number {
    return this.file.origin === "here" ? this.file.calls - this.#delivered : this.#lost;
  }

  /** Of the next calls, with `bytesMax` of them; empty at the end. */
  batch({ callsMax, bytesMax, parcelCallsMax }: QueueLimits): readonly Waiting[] {
    if (this.#batch.length > 0) return this.#batch;
    const packed: Packed[] = [];
    for (let bytes = 0; packed.length < callsMax && bytes < bytesMax; ) {
      if (this.#next.done) break;
      const entry = this.#next.value;
      this.#next = this.#entries.next();
      if ("lost" in entry) this.#lost += this.#countsAsLost(entry) ? entry.lost : 0;
      else {
        const call = this.#read(entry);
        if (call) packed.push(call);
        else this.#lost += 1;
        bytes += call?.payload.byteLength ?? 0;
      }
    }
    this.#batch = toWaiting(packed, this.file.sinceMs, parcelCallsMax);
    return this.#batch;
  }

  delivered(): void {
    this.#delivered += this.#batch.length;
    for (const { parcel } of this.#batch) parcel?.release();
    this.#batch = [];
  }

  /** All was delivered. */
  get isEmpty(): boolean {
    return this.#batch.length === 0 && this.#next.done === true;
  }

  /** Its bytes are given back. Nothing may be asked of it any more but `lost`. */
  end(): void {
    free(this.#bytes);
  }

  /** What this process has written and what proves itself is one; an earlier one may have been of another make. */
  #read(record: SpillRecord): Packed | undefined {
    return this.file.origin === "earlier_process" ? packedOf(record) : record;
  }

  /** What a recorder of this process was writing when it died was in its memory still, and is counted there. */
  #countsAsLost({ torn }: { torn: boolean }): boolean {
    return !(torn && this.file.origin === "inherited");
  }
}
