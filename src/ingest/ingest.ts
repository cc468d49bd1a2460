/**
 * Calls into durable batches: group commit with bounded memory, and a disk to wait on.
 *
 * In:  `Call`s from capture, one by one, at any pace. Out: batches to the call log. `offer` never waits and never throws. A call that
 * has waited for too long (spilling.ts), or finds memory half full, goes to the spill (spill.ts), as does a batch under way, so that a
 * store which hangs holds nothing hostage; memory and spill take turns (batch-turns.ts). What the store could not take is sent again,
 * the same calls with the same ids. Where neither has room bodies are shed, then calls dropped, counted (accounting.ts) and told of.
 */
import type { Call } from "../call.ts";
import { type Clock, systemClock } from "../clock.ts";
import { Problem } from "../problem.ts";
import type { Log, LogFields } from "../telemetry.ts";
import {
  type Account,
  Accounting,
  type BatchSource,
  type DropReason,
  type Taken,
} from "./accounting.ts";
import { Barriers } from "./barriers.ts";
import { type BatchLimits, BatchTurns } from "./batch-turns.ts";
import { LossTally } from "./loss-tally.ts";
import type { Portion } from "./parcel.ts";
import { CallQueue, type QueueLimits } from "./queue.ts";
import { Rest, within } from "./rest.ts";
import type { Spill, SpillFile } from "./spill.ts";
import type { SpillDrain } from "./spill-drain.ts";
import { Spilling } from "./spilling.ts";
import { toPortions, type Waiting } from "./waiting.ts";

/** `callsMax` and `bytesMax`: of calls that may wait in memory, bodies mostly. */
export interface IngestOptions extends QueueLimits, BatchLimits {
  /** How long the first call of a batch waits for company: what a commit costs is shared by the batch. */
  readonly lingerMs: number;
  /** Wait before a refused batch is sent again; doubles up to `retryMaxMs`. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  /** How long the store is waited for at the end, and then the spill. */
  readonly closeMaxMs: number;
  readonly log: Log;
  /** Absent: what memory cannot hold is lost. */
  readonly spill?: Spill;
  /** Who tells the log of what was lost. */
  readonly losses?: LossTally;
  /** Of the recorder that died before this one, in the same process. */
  readonly before?: Account;
  readonly clock?: Clock;
}

export const ingestDefaults = {
  callsMax: 20_000,
  bytesMax: 67_108_864,
  parcelCallsMax: 50,
  batchCallsMax: 1_000,
  batchBytesMax: 4_194_304,
  lingerMs: 20,
  retryMinMs: 100,
  retryMaxMs: 2_000,
  closeMaxMs: 2_500,
};

export class Ingest implements AsyncDisposable {
  readonly #append: (batch: readonly Portion[]) => Promise<Taken>;
  readonly #options: IngestOptions;
  readonly #clock: Clock;
  readonly #losses: LossTally;
  readonly #queue: CallQueue;
  readonly #accounting: Accounting;
  readonly #spilling: Spilling;
  readonly #turns: BatchTurns;
  readonly #linger = new Rest();
  readonly #retry = new Rest();
  #drain: SpillDrain | undefined;
  #working: Promise<void> | undefined;
  #retryMs: number;
  #takenAtMs = Number.NEGATIVE_INFINITY;
  /** By message, of which there are few. */
  readonly #complainedAtMs = new Map<string, number>();
  /** Somebody waits for what is waiting here. */
  #hurried = false;
  readonly #barriers = new Barriers();
  #closing = false;
  /** Closed, whatever is still under way. */
  #closed = false;

  constructor(append: (batch: readonly Portion[]) => Promise<Taken>, options: IngestOptions) {
    this.#append = append;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#losses = options.losses ?? new LossTally();
    this.#queue = new CallQueue(options);
    this.#turns = new BatchTurns(options);
    this.#accounting = new Accounting(options.before);
    this.#retryMs = options.retryMinMs;
    const { spill, log } = options;
    const parts = { queue: this.#queue, accounting: this.#accounting, clock: this.#clock, log };
    const onSafe = () => this.#barriers.pass(this.#spilling.volatileMs);
    this.#spilling = new Spilling(spill, { onSpilled: () => this.#begin(), onSafe }, parts);
    this.#begin();
  }

  offer(call: Call): void {
    this.#accounting.accept();
    const now = this.#clock.monotonicMs();
    if (this.#closing) this.#drop("memory", "shutdown", [{ call }]);
    else if (this.#queue.offer(call, now) === "refused")
      this.#drop("memory", "queue_full", [{ call }]);
    else this.#begin();
    if (this.#queue.size >= this.#options.batchCallsMax) this.#linger.cut();
  }

  /** Resolves when everything accepted so far is stored, discarded or counted as lost. */
  async flush(): Promise<void> {
    this.#hurried = true;
    this.#linger.cut();
    do {
      await this.#working;
      await this.#spilling.settle();
    } while (this.#working !== undefined);
    this.#hurried = false;
  }

  /**
   * Resolves when everything accepted so far survives the death of the machine, in the store or in the spill, or is
   * counted as lost. While somebody waits, batches do not wait for company: what comes during one commit shares the next.
   */
  async durable(): Promise<void> {
    if (this.#closed || this.#spilling.volatileMs === undefined) return;
    const passed = this.#barriers.wait(this.#clock.monotonicMs());
    this.#linger.cut();
    this.#begin();
    await passed;
  }

  account(): Account {
    return this.#accounting.snapshot();
  }

  /** `crowded`: what is offered now may be lost, or its bodies; what is under way has room still. */
  get pressure(): Pick<Spilling, "crowded" | "room" | "waitingBytes"> {
    return this.#spilling;
  }

  /** Since when the log takes nothing though something waits for it, and how old the oldest is; milliseconds. */
  arrears(): { readonly silentMs: number; readonly oldestMs: number } {
    const oldestAtMs = this.#spilling.oldestMs;
    if (oldestAtMs === undefined) return { silentMs: 0, oldestMs: 0 };
    const now = this.#clock.monotonicMs();
    return { silentMs: now - Math.max(this.#takenAtMs, oldestAtMs), oldestMs: now - oldestAtMs };
  }

  /** Stores what is waiting; what the store refuses even now stays in the spill, and what that refuses is lost. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    this.#retry.end();
    await within(this.#options.closeMaxMs, this.flush());
    await within(this.#options.closeMaxMs, this.#spilling.spillAll());
    this.#closed = true;
    this.#drop("memory", "shutdown", this.#spilling.giveUp());
    this.#barriers.pass(undefined);
    await this.#options.spill?.[Symbol.asyncDispose]();
  }

  #begin(): void {
    if (this.#closed) return;
    this.#spilling.watch();
    this.#working ??= this.#work();
  }

  /** One batch after the other until nothing waits that can be sent; never rejects. */
  async #work(): Promise<void> {
    // Not before its promise is known, or the end of an empty round would be overwritten.
    await undefined;
    for (;;) {
      const file = this.#closing ? undefined : (this.#drain?.file ?? this.#spilling.oldest());
      const inMemory = this.#queue.size > 0;
      if (!file && !inMemory) break;
      const fromSpill = this.#turns.isForSpill(file !== undefined, inMemory);
      const taken = file && fromSpill ? await this.#empty(file) : await this.#sendWaiting(!file);
      if (this.#closing && !taken) break;
      if (!taken) await this.#retry.take(this.#retryMs);
      const { retryMinMs, retryMaxMs } = this.#options;
      this.#retryMs = taken ? retryMinMs : Math.min(this.#retryMs * 2, retryMaxMs);
    }
    this.#working = undefined;
  }

  async #sendWaiting(forCompany: boolean): Promise<boolean> {
    const { batchCallsMax, batchBytesMax, lingerMs } = this.#options;
    const hurried = this.#hurried || this.#barriers.size > 0 || !forCompany;
    if (this.#queue.size < batchCallsMax && !hurried) await this.#linger.take(lingerMs);
    // They may have gone to the spill meanwhile.
    const batch = this.#queue.take(batchCallsMax, batchBytesMax);
    if (batch.length === 0) return true;
    const flight = this.#spilling.takeOff(batch);
    const taken = await this.#deliver("memory", batch);
    await this.#spilling.land(flight, taken);
    return taken;
  }

  /** The next of a file of the spill into the store. False when the store is away, or the file cannot be read now. */
  async #empty(file: SpillFile): Promise<boolean> {
    const drain = await this.#open(file);
    if (!drain) return false;
    const limits = this.#turns.spillLimits(this.#queue.size > 0);
    const batch = drain.batch({ ...limits, parcelCallsMax: this.#options.parcelCallsMax });
    if (batch.length > 0) {
      if (this.#closing || !(await this.#deliver(drain.source, batch))) return false;
      drain.delivered();
      if (!drain.isEmpty) return true;
    }
    this.#drain = undefined;
    drain.end();
    if (drain.lost > 0) {
      this.#accounting.drop(drain.source, "spill_damaged", drain.lost);
      const { path } = file;
      this.#options.log.error({ path, calls: drain.lost }, "calls in a spill file were damaged");
    }
    await this.#spilling.remove(file);
    return true;
  }

  async #open(file: SpillFile): Promise<SpillDrain | undefined> {
    if (this.#drain?.file === file) return this.#drain;
    try {
      this.#drain = await this.#spilling.open(file);
      return this.#drain;
    } catch (cause) {
      const { path } = file;
      this.#complain("warn", { err: cause, path }, "a spill file cannot be read now");
      return undefined;
    }
  }

  /** False when the store is away and the whole batch has to be sent again. */
  async #deliver(source: BatchSource, batch: readonly Waiting[]): Promise<boolean> {
    const sentAtMs = this.#clock.monotonicMs();
    try {
      const taken = await this.#append(toPortions(batch));
      this.#turns.took(this.#clock.monotonicMs() - sentAtMs, batch);
      if (!this.#closed) this.#settle(source, batch, taken);
      return true;
    } catch (cause) {
      this.#accounting.storeFailures += 1;
      const away = cause instanceof Problem && cause.code === "unavailable";
      const level = away ? "warn" : "error";
      this.#complain(
        level,
        { err: cause, calls: batch.length },
        "the call log did not take a batch",
      );
      if (away) return false;
    }
    if (batch.length > 1) return this.#deliverEach(source, batch);
    this.#drop(source, "rejected", batch);
    return true;
  }

  /** One call that cannot be stored must not hold up the others for ever: it is found, and lost alone. */
  async #deliverEach(source: BatchSource, batch: readonly Waiting[]): Promise<boolean> {
    for (const one of batch) {
      while (!(await this.#deliver(source, [one]))) {
        if (!this.#closing) await this.#retry.take(this.#options.retryMaxMs);
        // What is in the spill stays there.
        else if (source !== "memory") return false;
        else {
          this.#drop(source, "shutdown", [one]);
          break;
        }
      }
    }
    return true;
  }

  #settle(source: BatchSource, batch: readonly Waiting[], taken: Taken): void {
    const shed = batch.filter((waiting) => waiting.shed);
    this.#takenAtMs = this.#clock.monotonicMs();
    this.#accounting.settle(source, { calls: batch.length, shed: shed.length }, taken);
    for (const { call } of shed) this.#losses.add(call, "bodies", "queue_full");
  }

  #drop(source: BatchSource, reason: DropReason, lost: readonly { call: Call }[]): void {
    if (lost.length === 0) return;
    this.#accounting.drop(source, reason, lost.length);
    for (const { call } of lost) this.#losses.add(call, "call", reason);
    this.#complain("error", { reason }, "calls are lost; /metrics counts them");
  }

  /** What goes wrong with every batch, or every call, is told once in a while. */
  #complain(level: "warn" | "error", fields: LogFields, message: string): void {
    const now = this.#clock.monotonicMs();
    if (now - (this.#complainedAtMs.get(message) ?? Number.NEGATIVE_INFINITY) < complainAgainMs)
      return;
    this.#complainedAtMs.set(message, now);
    this.#options.log[level](fields, message);
  }
}

const complainAgainMs = 10_000;
