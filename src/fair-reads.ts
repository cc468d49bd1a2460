/**
 * Connections that have much to be read take turns with all others: those whose reads are borrowed, so not those with TLS.
 *
 * libuv reads one connection up to 32 times before it looks at another (deps/uv/src/unix/stream.c, `uv__read`): 2 MiB, for
 * which everybody else waits while they are copied and written on.
 * In: what a read brought. Out: whether to read on; who may not is read again in the next turn of the event loop.
 */
import { readMemory } from "./blocks.ts";

/** Of a socket, what its turns need. */
export interface ReadSocket {
  readonly destroyed: boolean;
  isPaused(): boolean;
  resume(): unknown;
}

/** 256 KiB. */
const readsMax = 4;

/** Whose last read filled all the memory there is for one. */
let reading: ReadSocket | undefined;
let fullReads = 0;

/** What the callback of a borrowed read is to return. To be called when what was read is used up. */
export function mayReadOn(socket: ReadSocket, bytesRead: number): boolean {
  if (bytesRead < readMemory.length) {
    // libuv does not ask again.
    reading = undefined;
    return true;
  }
  fullReads = reading === socket ? fullReads + 1 : 1;
  reading = socket;
  if (fullReads < readsMax) return true;
  reading = undefined;
  setImmediate(readAgain, socket);
  return false;
}

/** Unless somebody has paused it meanwhile. */
function readAgain(socket: ReadSocket): void {
  if (!socket.isPaused() && !socket.destroyed) socket.resume();
}
