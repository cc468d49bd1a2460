/**
 * Entry of the recorder thread: slabs of bytes in, calls to the writer thread out, by way of the spill where need be.
 *
 * capture → ingest run here, away from the data plane, and away from the commits that may hang.
 */
import type { MessagePort } from "node:worker_threads";
import { Capture, type CaptureStats } from "../capture/capture.ts";
import { type NumberedSlab, SlabOrder } from "../capture/slab-order.ts";
import { SlabTurn } from "../capture/slab-turn.ts";
import { systemClock } from "../clock.ts";
import { free } from "../free.ts";
import { idsByTime } from "../id.ts";
import type { Account, Taken } from "../ingest/accounting.ts";
import { Ingest, ingestDefaults } from "../ingest/ingest.ts";
import { LossTally } from "../ingest/loss-tally.ts";
import type { Portion } from "../ingest/parcel.ts";
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
  /** Likewise of other data planes, by their numbers; absent where there are none. */
  readonly consumedOfOthers?: ReadonlyMap<number, number>;
  readonly account: Account;
  /** Exchanges that this thread has seen to their end. */
  readonly exchangesEnded: number;
  readonly spill: { readonly files: number; readonly bytes: number };
  /** See `Ingest.pressure`. */
  readonly crowded: boolean;
  readonly room: Room;
  readonly waitingBytes: number;
  /** See `Ingest.arrears`. */
  readonly arrears: { readonly silentMs: number; readonly oldestMs: number };
}

/** Posted when everything that was posted before the barrier is durable, or lost and counted. */
export interface BarrierPassed {
  readonly barrier: number;
  /** Whose. */
  readonly writer: number;
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
/** After a report by which calls waited: the disk may have taken them, and data planes leave out bodies for them. */
const reportAgainMs = 100;
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
let unreportedOfOthers: Map<number, number> | undefined;
let toldAtMs = Number.NEGATIVE_INFINITY;
let nextReport: NodeJS.Timeout | undefined;
let reportAgain: NodeJS.Timeout | undefined;

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
      order?.advance();
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
    order?.finish();
    capture.finish(reason);
    await ingest[Symbol.asyncDispose]();
    await teller[Symbol.asyncDispose]();
    return report(0);
  },
});

async function append(batch: readonly Portion[]): Promise<Taken> {
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
  const told = report(bytes);
  clearTimeout(reportAgain);
  if (told.waitingBytes > 0) reportAgain = setTimeout(tell, reportAgainMs).unref();
  const consumedOfOthers = unreportedOfOthers;
  unreportedOfOthers = undefined;
  port.postMessage(consumedOfOthers ? { ...told, consumedOfOthers } : told);
}

function store(): RemoteMethods {
  if (writer) return writer;
  throw new Problem("unavailable", "the writer of the call log is not running");
}

function report(consumedBytes: number): RecorderReport {
  const { exchangesEnded } = capture.stats();
  const { files, bytes } = spill ?? { files: 0, bytes: 0 };
  const [account, arrears] = [ingest.account(), ingest.arrears()];
  const { crowded, room, waitingBytes } = ingest.pressure;
  const told = { consumedBytes, account, exchangesEnded, spill: { files, bytes } };
  return { ...told, crowded, room, waitingBytes, arrears };
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
  const of = order && origins.get(slab);
  if (order && of) {
    order.add(of.writer, { slab, ...of });
    return;
  }
  unreportedBytes += slab.byteLength;
  capture.see(slab);
  free(slab);
  reportSoon();
}

async function passWhenDurable(barrier: number, writer: number): Promise<void> {
  await ingest.durable();
  const passed: BarrierPassed = { barrier, writer };
  port.postMessage(passed);
}

/** Where several threads serve: see `SlabOrder`. */
let order: SlabOrder | undefined;
/** Whose the slabs in the queue are. */
const origins = new WeakMap<Uint8Array, SlabOrigin>();

type SlabOrigin = Omit<NumberedSlab, "slab"> & { readonly writer: number };

function makeOrder(): SlabOrder {
  return new SlabOrder({
    now: () => systemClock.monotonicMs(),
    see: (of, slab, span) => capture.seeOf(of, slab, span),
    done: (of, slab) => {
      const bytes = slab.byteLength;
      free(slab);
      if (of === 0) unreportedBytes += bytes;
      else {
        unreportedOfOthers ??= new Map();
        unreportedOfOthers.set(of, (unreportedOfOthers.get(of) ?? 0) + bytes);
      }
      reportSoon();
    },
  });
}

interface Received {
  readonly slab?: Uint8Array<ArrayBuffer>;
  /** Of a slab, where several threads serve. */
  readonly of?: SlabOrigin;
  readonly writer?: MessagePort | number;
  readonly barrier?: number;
  readonly join?: { readonly writer: number; readonly memory: SharedArrayBuffer };
  readonly leave?: number;
}

port.on("message", (message: Received) => {
  const { slab, writer: from, barrier, join, leave } = message;
  if (typeof from === "object") connect(from);
  if (join) {
    order ??= makeOrder();
    order.join(join.writer, new SlabTurn(join.memory));
  }
  if (leave !== undefined) void bury(leave);
  if (barrier !== undefined) void pass(barrier, typeof from === "number" ? from : 0);
  if (!slab) return;
  if (message.of) origins.set(slab, message.of);
  slabs.put(slab);
});

/** When what its thread has sent before it has been read, and is durable. */
async function pass(barrier: number, writer: number): Promise<void> {
  await slabs.settled();
  if (order) order.mark(writer, () => void passWhenDurable(barrier, writer));
  else await passWhenDurable(barrier, writer);
}

/** When what it has sent has been read. */
async function bury(writer: number): Promise<void> {
  await slabs.settled();
  order?.leave(writer, () => capture.abandon(writer, "the data plane that served it has died"));
}
