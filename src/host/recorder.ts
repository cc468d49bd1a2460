/**
 * The main thread's side of the recorder: a `Watch` for the data plane, slabs to the thread.
 *
 * What the thread cannot take, and what dies with it, is lost and counted; the exchange never notices.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { SlabWriter } from "../capture/slab.ts";
import { SlabTurn } from "../capture/slab-turn.ts";
import { systemClock } from "../clock.ts";
import type { Watch } from "../exchange.ts";
import { newId } from "../id.ts";
import { closeAccount } from "../ingest/accounting.ts";
import { LossTally, type LostCall } from "../ingest/loss-tally.ts";
import type { LossKind } from "../loss.ts";
import type { Log } from "../telemetry.ts";
import { DurableWaits } from "./durable-waits.ts";
import { LossTeller } from "./loss-teller.ts";
import { memoryBudget, wholeCallsMaxBytes } from "./memory-budget.ts";
import {
  addCounts,
  emptyReport,
  lostCalls,
  type RecorderStatistics,
} from "./recorder-statistics.ts";
import type {
  BarrierPassed,
  RecorderData,
  RecorderFigures,
  RecorderReport,
  RecorderStart,
} from "./recorder-thread.ts";
import { type SlabReceipts, type SlabSource, SlabSources } from "./slab-sources.ts";
import { Thread } from "./thread.ts";
import { troubleOf } from "./trouble.ts";
import type { Writer } from "./writer.ts";

const heapMaxMiB = 512;
/** Half of what it might be, as the writer's and the main thread's: saves some 50 MiB, and calls that wait are outside the heap. */
const youngMaxMiB = 12;
const answerMaxMs = 60_000;
const statisticsMaxMs = 500;

export class Recorder implements AsyncDisposable {
  readonly #log: Log;
  readonly #writer: Writer;
  readonly #slabs: SlabWriter;
  /** Present where there are data planes beside the main thread. */
  readonly #turn: SlabTurn | undefined;
  readonly #others: SlabSources;
  readonly #losses = new LossTally();
  readonly #teller: LossTeller;
  readonly #waits: DurableWaits;
  #thread: Thread | undefined;
  #latest: RecorderReport = emptyReport;
  #latestAtMs = systemClock.monotonicMs();
  #onStored: () => void = () => undefined;
  #lostAtMs = Number.NEGATIVE_INFINITY;
  /** Exchanges that every thread so far has seen to their end, or lost. */
  #closedExchanges = 0;
  #lostExchanges = 0;
  #unreadBytes = 0;
  #lostBytes = 0;

  private constructor(writer: Writer, log: Log, isOneOfSeveral: boolean) {
    this.#log = log;
    this.#writer = writer;
    this.#turn = isOneOfSeveral ? new SlabTurn() : undefined;
    this.#others = new SlabSources(
      (message, transfer) => this.thread.post(message, transfer),
      (bytes) => this.#noteLost(bytes),
    );
    this.#slabs = new SlabWriter((slab) => this.#post(slab), {
      clock: systemClock,
      backlogMaxBytes: memoryBudget.backlogMaxBytes,
      waitingMaxBytes: wholeCallsMaxBytes,
      waitingBytes: () => this.waitingBytes,
      onLoss: (whose, kind, reason) => this.lose(whose, kind, reason),
      ...(this.#turn && { turn: this.#turn }),
    });
    this.#waits = new DurableWaits((barrier) => {
      this.#slabs.flush();
      return this.thread.post({ barrier }, []);
    });
    const tell = (losses: unknown) => writer.thread.call<void>("addLosses", losses);
    this.#teller = new LossTeller(this.#losses, tell, log);
  }

  /** @throws Problem — the spill cannot be opened. */
  static async open(
    data: RecorderData,
    writer: Writer,
    log: Log,
    isOneOfSeveral = false,
  ): Promise<Recorder> {
    const recorder = new Recorder(writer, log, isOneOfSeveral);
    // Read anew for each thread: one that follows another goes on with its account.
    const start: { -readonly [Key in keyof RecorderStart]: RecorderStart[Key] } = {
      ...data,
      life: newId(),
    };
    recorder.#thread = await Thread.open({
      name: "recorder",
      entry: new URL("./recorder-thread.ts", import.meta.url),
      data: start,
      heapMaxMiB,
      youngMaxMiB,
      answerMaxMs,
      log,
      onMessage: (message) => recorder.#onMessage(message as RecorderReport | BarrierPassed),
      onStart: () => {
        recorder.#connect();
        recorder.#introduce();
      },
      onDeath: () => {
        recorder.#onDeath();
        start.before = recorder.#latest.account;
      },
    });
    recorder.#introduce();
    writer.serve(() => recorder.#connect());
    return recorder;
  }

  /** Another data plane, of whose exchanges the recorder is to know; its slabs carry that turn. */
  join(turn: SlabTurn, receipts: SlabReceipts): SlabSource {
    return this.#others.join(turn, receipts);
  }

  get watch(): Watch {
    return this.#slabs.watch;
  }

  get thread(): Thread {
    if (!this.#thread) throw new Error("a recorder is made by Recorder.open");
    return this.#thread;
  }

  /** So many calls, or their bodies, did not come here. */
  lose(whose: LostCall, kind: LossKind, reason: string, calls = 1): void {
    this.#lostAtMs = systemClock.monotonicMs();
    this.#losses.add(whose, kind, reason, calls);
  }

  /** Resolves when what the watch was shown so far survives the death of the machine; see `DurableWaits`. */
  durable(): Promise<void> {
    return this.#waits.wait();
  }

  /** Called soon after calls were stored, once for any number of them. */
  onStored(listener: () => void): void {
    this.#onStored = listener;
  }

  /** False when an exchange that begins now may be lost to the log, or its bodies, as far as can be known. */
  get hasRoom(): boolean {
    const { crowded, room, exchangesEnded } = this.#latest;
    if (!this.thread.alive || crowded || this.#slabs.crowded) return false;
    // What is on its way there has to fit in, too, in half of the room: a byte of it is a character, which counts as
    // two, and exchanges that are let in have bytes to come.
    const backlogBytes = this.#slabs.stats().backlogBytes + this.#others.unreadBytes;
    const underWay = this.#exchangesSeen - this.#closedExchanges - exchangesEnded;
    return backlogBytes * 4 <= room.bytes && underWay * 2 < room.calls;
  }

  /** Memory of calls that wait for the store, as told last. */
  get waitingBytes(): number {
    return this.#latest.waitingBytes;
  }

  /** Why calls cannot be recorded as they should be, as a sentence; undefined when they can. */
  get unreadiness(): string | undefined {
    if (!this.thread.alive) return "the recorder is being replaced";
    if (!this.#writer.thread.alive) return "the writer of the call log is being replaced";
    const now = systemClock.monotonicMs();
    const { arrears } = this.#latest;
    return troubleOf({
      ...arrears,
      reportedMs: now - this.#latestAtMs,
      lostMs: now - this.#lostAtMs,
    });
  }

  /** The thread's own figures as it told them last, if it is too busy to tell them now. */
  async statistics(): Promise<RecorderStatistics> {
    const figures = await Promise.race([
      this.#figures().catch(() => undefined),
      sleep(statisticsMaxMs, undefined, { ref: false }),
    ]);
    if (figures) this.#onReport(figures.report);
    const { account, spill, arrears } = this.#latest;
    return {
      slabs: this.#slabs.stats(),
      ...(figures && { capture: figures.capture }),
      account,
      spill,
      arrears,
      lostByServer: addCounts(this.#losses.byServer, figures?.lostByServer ?? {}),
      lossesUntold: this.#losses.untold + (figures?.lossesUntold ?? 0),
      lostBytes: this.#lostBytes,
      lostExchanges: this.#lostExchanges,
      durableWaitsGivenUp: this.#waits.givenUp,
      deaths: this.thread.deaths,
      writerDeaths: this.#writer.thread.deaths,
      busyMs: { recorder: this.thread.busyMs, writer: this.#writer.thread.busyMs },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#waits[Symbol.dispose]();
    this.#slabs[Symbol.dispose]();
    try {
      // A thread that is dead was accounted for when it died.
      if (this.thread.alive)
        this.#latest = await this.thread.call("close", "hookwatch is shutting down");
      await this.#teller[Symbol.asyncDispose]();
    } finally {
      await this.thread[Symbol.asyncDispose]();
    }
    const { account } = this.#latest;
    if (account.accepted > 0) this.#log.info({ ...account }, "the recorder is closed");
  }

  async #figures(): Promise<RecorderFigures | undefined> {
    return this.thread.alive ? this.thread.call<RecorderFigures>("figures") : undefined;
  }

  #connect(): void {
    if (this.#thread) this.#writer.connect(this.#thread);
  }

  /** Says whose slabs are to be read in one order. */
  #introduce(): void {
    if (!this.#turn || !this.#thread) return;
    this.#thread.post({ join: { writer: 0, memory: this.#turn.memory } }, []);
    this.#others.introduceAll();
  }

  /** By all data planes. */
  get #exchangesSeen(): number {
    return this.#slabs.stats().exchangesSeen + this.#others.exchangesSeen;
  }

  #post(slab: Uint8Array<ArrayBuffer>): void {
    const bytes = slab.byteLength;
    this.#unreadBytes += bytes;
    const turn = this.#turn;
    const deliveredMs = turn && systemClock.monotonicMs();
    const message = turn ? { slab, of: { writer: 0, number: turn.ending, deliveredMs } } : { slab };
    if (!this.thread.post(message, [slab.buffer])) this.#onLost(bytes);
  }

  #onMessage(message: RecorderReport | BarrierPassed): void {
    if ("barrier" in message) {
      const { barrier, writer } = message;
      if (writer === 0) this.#waits.passed(barrier);
      else this.#others.passed(writer, barrier);
    } else this.#onReport(message);
  }

  #onReport(report: RecorderReport): void {
    if (lostCalls(report) > lostCalls(this.#latest)) this.#lostAtMs = systemClock.monotonicMs();
    const stored = report.account.stored + report.account.bodiesShed;
    const isNew = stored > this.#latest.account.stored + this.#latest.account.bodiesShed;
    this.#latest = report;
    this.#latestAtMs = systemClock.monotonicMs();
    if (isNew) this.#onStored();
    this.#onRead(report.consumedBytes);
    for (const [writer, bytes] of report.consumedOfOthers ?? [])
      this.#others.consumed(writer, bytes);
  }

  #onDeath(): void {
    // Those still open are lost, too: the next thread has not seen how they began.
    const exchangesSeen = this.#exchangesSeen;
    this.#lostExchanges += exchangesSeen - this.#closedExchanges - this.#latest.exchangesEnded;
    this.#closedExchanges = exchangesSeen;
    const none = { consumedBytes: 0, exchangesEnded: 0, waitingBytes: 0 };
    this.#latest = { ...this.#latest, ...none, account: closeAccount(this.#latest.account) };
    this.#onLost(this.#unreadBytes);
    this.#others.loseAll();
    this.#waits.giveUp();
  }

  #onLost(bytes: number): void {
    this.#noteLost(bytes);
    this.#onRead(bytes);
  }

  #noteLost(bytes: number): void {
    this.#lostAtMs = systemClock.monotonicMs();
    this.#lostBytes += bytes;
  }

  #onRead(bytes: number): void {
    this.#unreadBytes -= bytes;
    this.#slabs.consumed(bytes);
  }
}
