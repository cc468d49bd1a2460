/**
 * Moves calls from memory to the spill when they have waited for too long, or memory is half full.
 *
 * In: the queue, and the batch that the store is busy with. Out: files of the spill.
 * Guarantees: a call that was offered `dueMs` ago is in the store or written to disk, as long as there is room;
 * what a failed file had not taken durably is in the queue again, at its head.
 * Bounds: one batch of 1,000 calls and 4 MiB each `tickMs`.
 */
import type { Clock } from "../clock.ts";
import type { Log } from "../telemetry.ts";
import type { Accounting } from "./accounting.ts";
import type { CallQueue, Room } from "./queue.ts";
import type { Put, Spill, SpillFile } from "./spill.ts";
import { SpillDrain } from "./spill-drain.ts";
import type { Waiting } from "./waiting.ts";

export interface SpillingEvents {
  /** Calls that were on their way to disk are there, or in the queue again. */
  onSpilled(): void;
  /** `volatileMs` may have moved on. */
  onSafe(): void;
}

export interface SpillingParts {
  readonly queue: CallQueue;
  readonly accounting: Accounting;
  readonly clock: Clock;
  readonly log: Log;
}

/** A batch that the store is busy with, and its copy on disk once it takes long. */
export interface Flight {
  readonly batch: readonly Waiting[];
  copy?: Put;
  /** The copy is durable. */
  safe?: true;
}

/** Half of the 250 ms after which a call survives the death of the process. */
const dueMs = 125;
const tickMs = 25;
const putCallsMax = 1_000;
const putBytesMax = 4_194_304;

export class Spilling {
  readonly #spill: Spill | undefined;
  readonly #events: SpillingEvents;
  readonly #parts: SpillingParts;
  /** Calls on their way to disk. */
  readonly #under = new Map<Put, readonly Waiting[]>();
  #flight: Flight | undefined;
  /** One that the store has not taken, until its copy proves to be durable or not. */
  #landing: Flight | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failedAtMs = Number.NEGATIVE_INFINITY;

  /** Without a spill nothing moves. */
  constructor(spill: Spill | undefined, events: SpillingEvents, parts: SpillingParts) {
    this.#spill = spill;
    this.#events = events;
    this.#parts = parts;
    this.#closeInheritance();
  }

  /** To be called when something waits; looks after it until nothing does. */
  watch(): void {
    if (this.#timer || !this.#spill) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#look();
      if (this.#parts.queue.size > 0 || this.#flight) this.watch();
    }, tickMs);
  }

  /** The store is busy with the batch until the flight lands. */
  takeOff(batch: readonly Waiting[]): Flight {
    this.#flight = { batch };
    return this.#flight;
  }

  /** The store has taken the batch, or it is in the spill now, or in the queue again. */
  async land(flight: Flight, taken: boolean): Promise<void> {
    this.#flight = undefined;
    const { queue, accounting } = this.#parts;
    const { batch, copy } = flight;
    if (!taken) this.#landing = flight;
    if (taken) {
      queue.release(batch);
      if (copy) void this.#spill?.remove(copy.file);
    } else if (copy && (await isDurable(copy))) {
      queue.release(batch);
      accounting.spill(batch.length);
    } else queue.putBack(batch);
    this.#landing = undefined;
    this.#events.onSafe();
  }

  /** Resolves when nothing is on its way to disk. */
  async settle(): Promise<void> {
    while (this.#under.size > 0) await isDurable([...this.#under.keys()][0]);
  }

  /**
   * Everything to disk that there is room for, the end being near. Resolves when it is there.
   * The flight, whose end nobody awaits any more, counts as spilled, too.
   */
  async spillAll(): Promise<void> {
    const { queue, accounting } = this.#parts;
    const flight = this.#flight;
    if (flight) this.#copy(flight);
    // A file that fails has put its calls into the queue again, for another one.
    for (let attempts = 0; queue.size > 0 && attempts < 2; attempts += 1) {
      while (queue.size > 0 && this.#put());
      await this.settle();
    }
    if (flight?.copy && (await isDurable(flight.copy)) && this.#flight === flight) {
      this.#flight = undefined;
      // The store may still refuse it, and be offered each call by itself.
      queue.discount(flight.batch);
      accounting.spill(flight.batch.length);
    }
  }

  /** What is neither in the store nor in the spill. Nothing moves any more. */
  giveUp(): readonly Waiting[] {
    clearTimeout(this.#timer);
    const under = [...this.#under.values()].flat();
    this.#under.clear();
    const waiting = this.#parts.queue.take(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    return [...(this.#flight?.batch ?? []), ...under, ...waiting];
  }

  /** When the oldest call came that the store has not taken; undefined when it has taken all. */
  get oldestMs(): number | undefined {
    const { queue } = this.#parts;
    const all = [this.#flight?.batch[0]?.sinceMs, this.#spill?.oldestMs, queue.oldestMs];
    const some = all.filter((atMs) => atMs !== undefined);
    return some.length === 0 ? undefined : Math.min(...some);
  }

  /** When the oldest call came that the death of the machine would take; undefined when there is none. */
  get volatileMs(): number | undefined {
    let oldestMs = this.#parts.queue.oldestMs ?? Number.POSITIVE_INFINITY;
    for (const flight of [this.#flight, this.#landing])
      if (flight && !flight.safe)
        oldestMs = Math.min(oldestMs, flight.batch[0]?.sinceMs ?? oldestMs);
    for (const batch of this.#under.values())
      oldestMs = Math.min(oldestMs, batch[0]?.sinceMs ?? oldestMs);
    return oldestMs === Number.POSITIVE_INFINITY ? undefined : oldestMs;
  }

  /** Memory is half full, and the disk does not relieve it: what comes now may be lost, or its bodies. */
  get crowded(): boolean {
    return this.#parts.queue.moreThanHalfFull && !this.#spill?.takes;
  }

  /** What can still come and be kept whole; no bound while the disk takes what memory cannot. */
  get room(): Room {
    if (this.#spill?.takes)
      return { calls: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
    return this.#parts.queue.room;
  }

  /** Memory of calls until the store has them, or memory need not hold them any more. */
  get waitingBytes(): number {
    return this.#parts.queue.heldBytes;
  }

  /** The file that the store is to take next. */
  oldest(): SpillFile | undefined {
    return this.#spill?.oldest();
  }

  /** @throws — it cannot be read; its turn comes again after all others. */
  async open(file: SpillFile): Promise<SpillDrain | undefined> {
    if (!this.#spill) return undefined;
    try {
      return await SpillDrain.open(this.#spill, file);
    } catch (cause) {
      this.#spill.postpone(file);
      throw cause;
    }
  }

  /** All of it is in the store, or counted as lost. */
  async remove(file: SpillFile): Promise<void> {
    await this.#spill?.remove(file);
    this.#closeInheritance();
  }

  #look(): void {
    const { queue, clock } = this.#parts;
    const dueSinceMs = queue.moreThanHalfFull
      ? Number.POSITIVE_INFINITY
      : clock.monotonicMs() - dueMs;
    const flight = this.#flight;
    if (flight && (flight.batch[0]?.sinceMs ?? 0) <= dueSinceMs) this.#copy(flight);
    if (queue.oldestMs !== undefined && queue.oldestMs <= dueSinceMs) this.#put();
  }

  /** Older than the queue, so it goes first. */
  #copy(flight: Flight): void {
    if (flight.copy) return;
    const copy = this.#spill?.put(flight.batch, true);
    if (!copy) return;
    flight.copy = copy;
    copy.durable.then(
      () => {
        flight.safe = true;
        this.#events.onSafe();
      },
      (cause: unknown) => {
        delete flight.copy;
        this.#failed(cause);
      },
    );
  }

  /** False when there is no room. */
  #put(): boolean {
    const { queue } = this.#parts;
    const batch = queue.take(putCallsMax, putBytesMax);
    const put = this.#spill?.put(batch);
    if (put) {
      this.#under.set(put, batch);
      void this.#follow(put, batch);
    } else queue.putBack(batch);
    return put !== undefined;
  }

  #closeInheritance(): void {
    if (!this.#spill?.hasInherited) this.#parts.accounting.closeInheritance();
  }

  async #follow(put: Put, batch: readonly Waiting[]): Promise<void> {
    const { queue, accounting } = this.#parts;
    try {
      await put.durable;
      if (!this.#under.delete(put)) return;
      queue.release(batch);
      accounting.spill(batch.length);
    } catch (cause) {
      this.#failed(cause);
      if (this.#under.delete(put)) queue.putBack(batch);
    }
    this.#events.onSafe();
    this.#events.onSpilled();
  }

  #failed(cause: unknown): void {
    const { accounting, clock, log } = this.#parts;
    accounting.spillFailures += 1;
    if (clock.monotonicMs() - this.#failedAtMs < complainAgainMs) return;
    this.#failedAtMs = clock.monotonicMs();
    log.warn({ err: cause }, "a spill file failed; its calls go to another one");
  }
}

/** A disk that fails, fails often. */
const complainAgainMs = 10_000;

async function isDurable(put: Put | undefined): Promise<boolean> {
  try {
    await put?.durable;
    return true;
  } catch {
    return false;
  }
}
