/** What a worker thread needs of its parent: the port, its data, and a log whose lines the parent writes. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Problem } from "../problem.ts";
import type { Log, LogFields } from "../telemetry.ts";

/** @throws Problem `internal_error` — called outside a worker thread. */
export function openThreadPort<Data>(): { port: MessagePort; data: Data; log: Log } {
  if (!parentPort)
    throw new Problem("internal_error", "this module is the entry of a worker thread");
  const port = parentPort;
  const line = (log: keyof Log) => (fields: LogFields, message: string) =>
    port.postMessage({ log, fields, message });
  const log: Log = {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
  };
  return { port, data: workerData as Data, log };
}
