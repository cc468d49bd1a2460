/**
 * Waiting for a condition instead of for a time.
 *
 * Guarantees: reads once more after the deadline, so that a slow reading is not a failure, and the
 * error shows the last value read.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

const pauseMs = 15;

/** The first value that is accepted; reads again until then, for at most `deadlineMs`. */
export async function until<Value>(
  what: string,
  deadlineMs: number,
  read: () => Value | Promise<Value>,
  accept: (value: Value) => boolean,
): Promise<Value> {
  const startedMs = performance.now();
  for (;;) {
    const late = performance.now() - startedMs > deadlineMs;
    const value = await read();
    if (accept(value)) return value;
    if (late) {
      const last = inspect(value, { depth: 6, maxStringLength: 500, breakLength: 120 });
      throw new Error(`${what}: not within ${deadlineMs} ms; last seen: ${last}`);
    }
    await sleep(pauseMs);
  }
}

/** What the promise resolves to, or an error that names what was waited for. */
export async function within<Value>(
  what: string,
  deadlineMs: number,
  promise: Promise<Value>,
): Promise<Value> {
  const stop = new AbortController();
  const late = sleep(deadlineMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`${what}: not within ${deadlineMs} ms`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    late.catch(() => undefined);
    stop.abort();
  }
}
