/**
 * Bytes into calls, on the recorder thread.
 *
 * In: slabs, in order. Out: calls, redacted and bounded, each as soon as its answer was seen.
 * Guarantees: nothing is thrown; a bug met in one exchange ends the looking at that exchange, is
 * counted and logged, and what was known of it still becomes a call. Bounds: see `CaptureOptions`.
 */
import type { Call } from "../call.ts";
import { FleetingMap } from "../fleeting.ts";
import type { Log } from "../telemetry.ts";
import { Budget } from "./budget.ts";
import type { CaptureContext, CaptureCounts } from "./capture-context.ts";
import { ExchangeReading } from "./exchange-reading.ts";
import { FieldTexts } from "./field-texts.ts";
import { giveUp } from "./give-up.ts";
import { Loans } from "./held-body.ts";
import { Pending } from "./pending.ts";
import { FieldRedactor } from "./redact-fields.ts";
import { ResumableStreams } from "./resumable-streams.ts";
import { Rounds } from "./rounds.ts";
import { Scopes } from "./scopes.ts";
import { Seal } from "./seal.ts";
import { readSlab, type SlabEvent, type SlabSpan } from "./slab-reader.ts";
import { failure } from "./verdict.ts";

export interface CaptureOptions {
  /** How much of each body the log keeps. */
  readonly bodyCaptureMaxBytes: number;
  /** Larger messages are not parsed. 16 MiB. */
  readonly messageScanMaxBytes?: number;
  /** For the bodies of all open exchanges and calls together, half of it for one team alone. 128 MiB. */
  readonly openMessageBytesMax?: number;
  /** Requests that wait for an answer beyond their exchange. 10,000. */
  readonly pendingMax?: number;
  /** Sessions whose client is remembered. 50,000. */
  readonly sessionMax?: number;
  /** Calls that were asked for more input and may go on. 10,000. */
  readonly roundMax?: number;
  /** Events by whose ids a stream may be resumed. 100,000. */
  readonly eventIdMax?: number;
  /** Key of the digests that stand for session ids and secrets. */
  readonly digestKey: Uint8Array;
  /** Credentials of ours that have no form of their own. None. */
  readonly ownSecrets?: readonly string[];
  readonly log: Log;
  /** See `idsByTime`. */
  readonly ids: (atMs: number) => string;
}

/** Counts since the start, and what is open now. */
export interface CaptureStats extends Readonly<CaptureCounts> {
  readonly exchangesOpen: number;
  readonly requestsPending: number;
  readonly requestsEvicted: number;
  readonly sessions: number;
  readonly sessionsEvicted: number;
  readonly rounds: number;
  readonly roundsEvicted: number;
  readonly openMessageBytes: number;
  /** Bytes of bodies that were not kept because `openMessageBytesMax` was reached. */
  readonly bytesRefused: number;
}

export class Capture {
  readonly #context: CaptureContext;
  readonly #log: Log;
  readonly #open = new FleetingMap<number, ExchangeReading>();
  readonly #fieldTexts = new FieldTexts();

  constructor(emit: (call: Call) => void, options: CaptureOptions) {
    const { bodyCaptureMaxBytes, messageScanMaxBytes = 16 * mebibyte } = options;
    const seal = new Seal(options.digestKey, options.ownSecrets);
    const counts = { ...noCounts };
    this.#log = options.log;
    this.#context = {
      limits: { bodyCaptureMaxBytes, messageScanMaxBytes },
      budget: new Budget(options.openMessageBytesMax ?? 128 * mebibyte),
      loans: new Loans(),
      seal,
      fields: new FieldRedactor(seal),
      scopes: new Scopes(options.sessionMax ?? 50_000),
      pending: new Pending(options.pendingMax ?? 10_000),
      rounds: new Rounds(seal, options.roundMax ?? 10_000),
      streams: new ResumableStreams(options.eventIdMax ?? 100_000),
      counts,
      ids: options.ids,
      emit: (call) => {
        counts.calls += 1;
        emit(call);
      },
    };
  }

  see(slab: Uint8Array): void {
    const { torn } = readSlab(slab, this.#fieldTexts, (exchange, atMs, event) =>
      this.#see(exchange, atMs, event),
    );
    this.#context.loans.end();
    if (torn !== "") this.#noteTorn(slab, torn);
  }

  /** As `see`, for a part of a slab of one of several writers; its end is told, or that of the slab if it is torn. */
  seeOf(writer: number, slab: Uint8Array, span: SlabSpan): number {
    const first = writer * exchangesPerWriter;
    const { at, torn } = readSlab(
      slab,
      this.#fieldTexts,
      (exchange, atMs, event) => this.#see(first + exchange, atMs, event),
      span,
    );
    this.#context.loans.end();
    if (torn === "") return at;
    this.#noteTorn(slab, torn);
    return slab.byteLength;
  }

  /** The writer is gone: what it had open becomes calls that ended in error for that reason. */
  abandon(writer: number, reason: string): void {
    const first = writer * exchangesPerWriter;
    for (const [number, reading] of this.#open) {
      if (number < first || number >= first + exchangesPerWriter) continue;
      this.#close(number);
      this.#guard(undefined, () => reading.abandon(reason));
    }
  }

  /**
   * Gives up on answers that did not come in time; to be called about once a second.
   * `monotonicMs` may be of another clock than that of the slabs.
   */
  sweep(monotonicMs: number): void {
    this.#guard(undefined, () => this.#context.pending.sweep(monotonicMs));
  }

  /** What is open becomes calls that ended in error for that reason. */
  finish(reason: string): void {
    for (const [number, reading] of this.#open) {
      this.#close(number);
      this.#guard(undefined, () => reading.abandon(reason));
    }
    const verdict = failure("transport", reason);
    const { pending } = this.#context;
    this.#guard(undefined, () => pending.giveUpAll((draft) => giveUp(draft, verdict)));
  }

  stats(): CaptureStats {
    const { budget, counts, pending, rounds, scopes } = this.#context;
    return {
      ...counts,
      exchangesOpen: this.#open.size,
      requestsPending: pending.size,
      requestsEvicted: pending.evicted,
      sessions: scopes.size,
      sessionsEvicted: scopes.evicted,
      rounds: rounds.size,
      roundsEvicted: rounds.evicted,
      openMessageBytes: budget.usedBytes,
      bytesRefused: budget.refusedBytes,
    };
  }

  #see(number: number, atMs: number, event: SlabEvent): void {
    const known = this.#open.get(number);
    if (event.type === "opening") {
      // Its end was lost with a slab: the number is in use again.
      if (known)
        this.#guard(undefined, () => known.abandon("the end of the exchange was not seen"));
      this.#close(number);
      this.#guard(undefined, () => {
        this.#open.set(number, new ExchangeReading(this.#context, event.opening, atMs));
      });
      return;
    }
    if (!known) {
      this.#context.counts.strayRecords += 1;
      return;
    }
    if (event.type === "end") this.#close(number);
    this.#guard(known, () => known.see(event, atMs));
  }

  #noteTorn(slab: Uint8Array, reason: string): void {
    this.#context.counts.tornSlabs += 1;
    this.#log.error({ reason, bytes: slab.byteLength }, "a slab of records is torn");
  }

  #close(number: number): void {
    if (this.#open.delete(number)) this.#context.counts.exchangesEnded += 1;
  }

  /** Keeps a bug to the exchange it was met in. */
  #guard(reading: ExchangeReading | undefined, look: () => void): void {
    try {
      look();
    } catch (cause) {
      this.#context.counts.faults += 1;
      this.#log.error({ err: cause }, "a bug in capture ended the looking at an exchange");
      if (!reading) return;
      for (const [number, open] of this.#open) if (open === reading) this.#close(number);
      this.#guard(undefined, () => reading.abandon("the exchange could not be read"));
    }
  }
}

/** Numbers of exchanges are 32 bits wide in slabs. */
const exchangesPerWriter = 2 ** 32;
const mebibyte = 1024 * 1024;

const noCounts: CaptureCounts = {
  calls: 0,
  exchangesEnded: 0,
  faults: 0,
  tornSlabs: 0,
  strayRecords: 0,
  answersUnmatched: 0,
  eventsGarbled: 0,
  batchMembersDropped: 0,
  transcriptMessagesDropped: 0,
};
