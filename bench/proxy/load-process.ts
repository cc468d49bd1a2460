/**
 * `node load-process.ts`: the load, in a process of its own on bare sockets. In: orders by IPC. Out: a result for each.
 *
 * Closed loop: each connection sends its next call when its last was answered. At a rate: each call is sent at its time on a
 * connection that is free; when none is, it waits, and its latency counts from when it was due.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Caller, openCaller } from "./caller.ts";

export interface LoadOrder {
  readonly port: number;
  /** Up to the blank line, without the length of the body. */
  readonly head: string;
  readonly body: string;
  readonly withIds: boolean;
  readonly connections: number;
  readonly forMs: number;
  readonly countMax: number;
  /** Calls a second; absent: closed loop. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly count: number;
  /** Answers that were not 200, connections that broke. */
  readonly failed: number;
  readonly ms: number;
  /** From request to the whole answer, ms. */
  readonly latenciesMs: readonly number[];
}

process.once("disconnect", () => process.exit());
process.on("message", (order: LoadOrder) => {
  void run(order).then(
    (result) => process.send?.(result),
    (cause: unknown) => process.send?.({ error: String(cause) }),
  );
});

async function run(order: LoadOrder): Promise<LoadResult> {
  const callers = await Promise.all(
    Array.from({ length: order.connections }, () => openCaller(order)),
  );
  const tally = { count: 0, failed: 0, latenciesMs: [] as number[] };
  const startedMs = performance.now();
  const untilMs = startedMs + order.forMs;
  const call = async (caller: Caller, sinceMs: number): Promise<void> => {
    const ok = await caller.call();
    tally.count += 1;
    if (!ok) tally.failed += 1;
    tally.latenciesMs.push(performance.now() - sinceMs);
  };
  if (order.perSecond === undefined) {
    let started = 0;
    const loop = async (caller: Caller) => {
      for (;;) {
        const nowMs = performance.now();
        if (nowMs >= untilMs || started >= order.countMax) return;
        started += 1;
        await call(caller, nowMs);
      }
    };
    await Promise.all(callers.map(loop));
  } else await paced(callers, order.perSecond, untilMs, call);
  const ms = performance.now() - startedMs;
  for (const caller of callers) caller.close();
  return { ...tally, ms };
}

async function paced(
  callers: readonly Caller[],
  perSecond: number,
  untilMs: number,
  call: (caller: Caller, sinceMs: number) => Promise<void>,
): Promise<void> {
  const free = [...callers];
  const waiting: number[] = [];
  const begin = (caller: Caller, sinceMs: number): Promise<void> =>
    call(caller, sinceMs).then(async () => {
      const dueAtMs = waiting.shift();
      if (dueAtMs === undefined) free.push(caller);
      else await begin(caller, dueAtMs);
    });
  const calls: Promise<void>[] = [];
  const startedMs = performance.now();
  for (let sent = 0; ; ) {
    const nowMs = performance.now();
    const dueAtMs = startedMs + (sent * 1_000) / perSecond;
    if (dueAtMs >= untilMs) break;
    if (dueAtMs > nowMs) {
      await sleep(Math.max(1, dueAtMs - nowMs));
      continue;
    }
    sent += 1;
    const caller = free.shift();
    // What this process is late by is not the proxy's.
    if (caller) calls.push(begin(caller, performance.now()));
    else waiting.push(dueAtMs);
  }
  await Promise.all(calls);
}
