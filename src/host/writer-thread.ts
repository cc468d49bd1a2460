/**
 * Entry of the writer thread: the one connection that writes the call log.
 *
 * It is apart from the recorder because commits are synchronous: while one hangs, capture goes on and the spill
 * takes what comes (ADR-0013). Batches come from the recorder by a port of its own; removals, and
 * for engines whose reads cannot be shared the queries, from the main thread.
 */
import type { MessagePort } from "node:worker_threads";
import type { Portion } from "../ingest/parcel.ts";
import type { Loss } from "../loss.ts";
import { CallLogKeeper } from "./call-log-keeper.ts";
import { serveMethods } from "./remote.ts";
import { readMethods, removeMethods } from "./remote-call-log.ts";
import { openCallLog } from "./stores.ts";
import { openThreadPort } from "./thread-port.ts";

export interface WriterData {
  readonly callsUrl: string;
  readonly dataDir: string;
}

/** How often the log is put in order while it has nothing else to do. */
const sweepEveryMs = 5_000;

const { port, data, log } = openThreadPort<WriterData>();
let keeper: CallLogKeeper;
let sweeps: NodeJS.Timeout;
let appending = 0;
let sweeping = false;
let sweepAgain = false;

const writing = {
  append: async (batch: readonly Portion[]) => {
    appending += 1;
    try {
      return await keeper.append(batch);
    } finally {
      appending -= 1;
    }
  },
  addLosses: (losses: readonly Loss[]) => keeper.calls.addLosses(losses),
};

serveMethods(port, {
  open: () => {
    const { callsUrl, dataDir } = data;
    keeper = new CallLogKeeper(() => openCallLog(callsUrl, dataDir, "write", log), log);
    void sweep();
    sweeps = setInterval(() => {
      if (appending === 0) void sweep();
    }, sweepEveryMs);
  },
  close: async () => {
    clearInterval(sweeps);
    await keeper[Symbol.asyncDispose]();
  },
  ...writing,
  ...readMethods(() => keeper.calls),
  ...removeMethods(() => keeper.removing),
  removeServer: async (teamId: string, serverId: string) => {
    const removed = await keeper.removing.removeServer(teamId, serverId);
    void sweep();
    return removed;
  },
});

port.on("message", ({ recorder }: { recorder?: MessagePort }) => {
  if (recorder) serveMethods(recorder, writing);
});

/** What is gone from every answer goes from the files, too; nobody waits for it. One at a time. */
async function sweep(): Promise<void> {
  sweepAgain = true;
  if (sweeping) return;
  sweeping = true;
  while (sweepAgain && keeper.isOpen) {
    sweepAgain = false;
    try {
      await keeper.calls.sweep();
    } catch (cause) {
      log.error(
        { err: cause },
        "the call log could not be put in order; a later sweep tries again",
      );
    }
  }
  sweeping = false;
}
