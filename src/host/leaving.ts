/**
 * How the host stops taking traffic: so that nothing is lost, if somebody else takes it.
 *
 * Before it stops listening it may say for a while that it will (`/readyz`), and answers on; each connection ends with
 * the next answer on it. Who was given its socket loses no connection by that: those that come later wait there for the
 * next process. Bounds: the settings, and `reuseMaxMs` of the edge.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Listener } from "../edge/listener.ts";
import type { Forwarder } from "../proxy/forwarder.ts";
import type { Config } from "./config.ts";
import type { DataPlanes } from "./data-planes.ts";

export interface Leaving {
  readonly listener: Pick<Listener, "retire" | "close">;
  readonly forwarder: Pick<Forwarder, "drain">;
  /** The data planes beside this thread. */
  readonly others?: Pick<DataPlanes, "retire" | "close"> | undefined;
  /** Of streams that are no exchanges. */
  readonly endStreams: () => void;
}

/** Resolves when no connection is open. */
export async function leave(
  { listener, forwarder, others, endStreams }: Leaving,
  { drainMs, drainDelayMs, listenFd }: Pick<Config, "drainMs" | "drainDelayMs" | "listenFd">,
): Promise<void> {
  if (drainDelayMs > 0 || listenFd !== undefined)
    await Promise.all([sleep(drainDelayMs), listener.retire(), others?.retire()]);
  endStreams();
  await Promise.all([listener.close(drainMs), forwarder.drain(drainMs), others?.close(drainMs)]);
}
