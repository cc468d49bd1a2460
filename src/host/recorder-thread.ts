/**
 * Entry of the recorder thread: slabs of bytes in, durable calls out.
 *
 * capture → ingest → store run here, away from the data plane, in one thread, so that no call is
 * handed from thread to thread on its way.
 */
import type { Call } from "../call.ts";
import { Capture } from "../capture/capture.ts";
import { systemClock } from "../clock.ts";
import { idsByTime } from "../id.ts";
import type { Account } from "../ingest/accounting.ts";
import { Ingest, ingestDefaults, type Taken } from "../ingest/ingest.ts";
import type { CallLog } from "../store/call-log.ts";
import { serveMethods } from "./remote.ts";
import { readMethods, removeMethods } from "./remote-call-log.ts";
import { openCallLog } from "./stores.ts";
import { openThreadPort } from "./thread-port.ts";

export interface RecorderData {
  readonly callsUrl: string;
  readonly dataDir: string;
  readonly bodyCaptureMaxBytes: number;
  /** Key of the digests that stand for session ids and secrets. */
  readonly digestKey: Uint8Array;
}

/** Posted for each slab that was read and each batch that was stored: what would be lost with this thread. */
export interface Consumed {
  /** 0 for a batch. */
  readonly consumedBytes: number;
  readonly account: Account;
  /** Exchanges that this thread has seen to their end. */
  readonly exchangesEnded: number;
}

/** How often answers that never came are looked for. */
const sweepMs = 1_000;

const { port, data, log } = openThreadPort<RecorderData>();
let calls: CallLog;
let ingest: Ingest;
let capture: Capture;
let sweep: NodeJS.Timeout;

serveMethods(port, {
  open: () => {
    calls = openCallLog(data.callsUrl, data.dataDir, "write", log);
    ingest = new Ingest(append, { ...ingestDefaults, log });
    const { bodyCaptureMaxBytes, digestKey } = data;
    capture = new Capture((call) => ingest.offer(call), {
      bodyCaptureMaxBytes,
      digestKey,
      log,
      ids: idsByTime(),
    });
    void erase();
    sweep = setInterval(() => capture.sweep(systemClock.monotonicMs()), sweepMs);
  },
  statistics: () => ({ capture: capture.stats(), account: ingest.account() }),
  close: async (reason: string) => {
    clearInterval(sweep);
    capture.finish(reason);
    await ingest[Symbol.asyncDispose]();
    const account = ingest.account();
    await calls[Symbol.asyncDispose]();
    return account;
  },
  ...readMethods(() => calls),
  ...removeMethods(() => calls),
  removeServer: async (teamId: string, serverId: string) => {
    const removed = await calls.removeServer(teamId, serverId);
    void erase();
    return removed;
  },
});

async function append(batch: readonly Call[]): Promise<Taken> {
  const taken = await calls.append(batch);
  setImmediate(report, 0);
  return taken;
}

function report(consumedBytes: number): void {
  const { exchangesEnded } = capture.stats();
  port.postMessage({ consumedBytes, account: ingest.account(), exchangesEnded } satisfies Consumed);
}

/** Gone from every answer already; nobody waits for the bytes to go. */
async function erase(): Promise<void> {
  try {
    await calls.sweep();
  } catch (cause) {
    log.error(
      { err: cause },
      "calls of deleted servers are hidden but not erased yet; a later sweep tries again",
    );
  }
}

port.on("message", (message: { slab?: Uint8Array<ArrayBuffer> }) => {
  if (!message.slab) return;
  const bytes = message.slab.byteLength;
  capture.see(message.slab);
  report(bytes);
});
