/**
 * Entry of the recorder thread: slabs of bytes in, calls to the writer thread out, by way of the spill where need be.
 *
 * capture → ingest run here, away from the data plane, and away from the commits that may hang.
 */
import type { MessagePort } from "node:worker_threads";
import type { Call } from "../call.ts";
import { Capture, type CaptureStats } from "../capture/capture.ts";
import { free } from "../capture/free.ts";
import { systemClock } from "../clock.ts";
import { idsByTime } from "../id.ts";
import type { Account, Taken } from "../ingest/accounting.ts";
import { Ingest, ingestDefaults } from "../ingest/ingest.ts";
import { LossTally } from "../ingest/loss-tally.ts";
import type { Room } from "../ingest/queue.ts";
import { Spill } from "../ingest/spill.ts";
import { Problem } from "../problem.ts";
import { LossTeller } from "./loss-teller.ts";
import { memoryBudget } from "./memory-budget.ts";
import { RemoteMethods, serveMethods } from "./remote.ts";
import { SlabQueue } from "./slab-queue.ts";
import { openThreadPort } from "./thread-port.ts";

export interface RecorderData {
  readonly bodyCaptureMaxBytes: number;
  /** Key of the digests that stand for session ids and secrets. */
  readonly digestKey: Uint8Array;
  /** Credentials of ours that have no form of their own, which the log must not hold. Absent: none. */
  readonly ownSecrets?: readonly string[];
  /** Absent: what memory cannot hold is lost. */
  readonly spill?: { readonly folder: string; readonly maxBytes: number };
}

/** What a recorder thread is started with. */
export interface RecorderStart extends RecorderData {
  /** A UUIDv7 of this process. */
  readonly life: string;
  /** Of the thread before this one. */
  readonly before?: Account;
}

/** Posted for each slab that was read, each batch that was stored, and every second. */
export interface RecorderReport {
  /** Of the slab; else 0. */
  readonly consumedBytes: number;
  readonly account: Account;
  /** Exchanges that this thread has seen to their end. */
  readonly exchangesEnded: number;
  readonly spill: { readonly files: number; readonly bytes: number };
  /** See `Ingest.pressure`. */
  readonly crowded: boolean;
  readonly room: Room;
  /** See `Ingest.arrears`. */
  readonly arrears: { readonly silentMs: number; readonly oldestMs: number };
}

/** Posted when everything that was posted before the barrier is durable, or lost and counted. */
export interface BarrierPassed {
  readonly barrier: number;
}

export interface RecorderFigures {
  readonly capture: CaptureStats;
  readonly report: RecorderReport;
  /** See `LossTally`. */
  readonly lostByServer: Readonly<Record<string, number>>;
  readonly lossesUntold: number;
}

/** How often answers that never came are looked for. */
const sweepMs = 1_000;
/** Between two reports, but when calls were stored: each costs the data plane as much as a call does. */
const reportMinMs = 20;
/** A commit that hangs is waited for: its calls are in the spill meanwhile. */
const appendMaxMs = 86_400_000;

const { openMessageBytesMax, queueBytesMax } = memoryBudget;
const { port, data, log } = openThreadPort<RecorderStart>();
const losses = new LossTally();
const slabs = new SlabQueue(read, systemClock);
let writer: RemoteMethods | undefined;
let teller: LossTeller;
let spill: Spill | undefined;
let ingest: Ingest;
let capture: Capture;
let sweep: NodeJS.Timeout;
let unreportedBytes = 0;
let toldAtMs = Number.NEGATIVE_INFINITY;
let nextReport: NodeJS.Timeout | undefined;

serveMethods(port, {
  open: () => {
    const { bodyCaptureMaxBytes, digestKey, ownSecrets = [], life, before } = data;
    if (data.spill) spill = new Spill({ ...data.spill, life, log });
    const rest = { ...(spill && { spill }), ...(before && { before }) };
    ingest = new Ingest(append, {
      ...ingestDefaults,
      bytesMax: queueBytesMax,
      log,
      losses,
      ...rest,
    });
    teller = new LossTeller(losses, (some) => store().call("addLosses", some), log);
    capture = new Capture((call) => ingest.offer(call), {
      bodyCaptureMaxBytes,
      openMessageBytesMax,
      digestKey,
      ownSecrets,
      log,
      ids: idsByTime(),
    });
    sweep = setInterval(() => {
      capture.sweep(systemClock.monotonicMs());
      tell();
    }, sweepMs);
  },
  figures: (): RecorderFigures => ({
    capture: capture.stats(),
    report: report(0),
    lostByServer: losses.byServer,
    lossesUntold: losses.untold,
  }),
  close: async (reason: string) => {
    clearInterval(sweep);
    await slabs.settled();
    capture.finish(reason);
    await ingest[Symbol.asyncDispose]();
    await teller[Symbol.asyncDispose]();
    return report(0);
  },
});

async function append(batch: readonly Call[]): Promise<Taken> {
  const taken = await store().call<Taken>("append", batch);
  setImmediate(tell);
  return taken;
}

/** Now, or when the report before is old enough. */
function reportSoon(): void {
  if (nextReport !== undefined) return;
  const waitMs = toldAtMs + reportMinMs - systemClock.monotonicMs();
  if (waitMs <= 0) tell();
  else nextReport = setTimeout(tell, waitMs);
}

function tell(): void {
  clearTimeout(nextReport);
  nextReport = undefined;
  toldAtMs = systemClock.monotonicMs();
  const bytes = unreportedBytes;
  unreportedBytes = 0;
  port.postMessage(report(bytes));
}

function store(): RemoteMethods {
  if (writer) return writer;
  throw new Problem("unavailable", "the writer of the call log is not running");
}

function report(consumedBytes: number): RecorderReport {
  const { exchangesEnded } = capture.stats();
  const { files, bytes } = spill ?? { files: 0, bytes: 0 };
  const [account, arrears] = [ingest.account(), ingest.arrears()];
  const { crowded, room } = ingest.pressure;
  const told = { consumedBytes, account, exchangesEnded, spill: { files, bytes } };
  return { ...told, crowded, room, arrears };
}

/** Another writer, after the one before has died. */
function connect(connection: MessagePort): void {
  const methods = new RemoteMethods(connection, appendMaxMs);
  writer = methods;
  connection.on("close", () => {
    if (writer === methods) writer = undefined;
    methods.fail(new Problem("unavailable", "the writer of the call log has died"));
  });
}

function read(slab: Uint8Array<ArrayBuffer>): void {
  unreportedBytes += slab.byteLength;
  capture.see(slab);
  free(slab);
  reportSoon();
}

async function passWhenDurable(barrier: number): Promise<void> {
  await slabs.settled();
  await ingest.durable();
  const passed: BarrierPassed = { barrier };
  port.postMessage(passed);
}

interface Received {
  readonly slab?: Uint8Array<ArrayBuffer>;
  readonly writer?: MessagePort;
  readonly barrier?: number;
}

port.on("message", (message: Received) => {
  if (message.writer) connect(message.writer);
  if (message.barrier !== undefined) void passWhenDurable(message.barrier);
  if (message.slab) slabs.put(message.slab);
});
