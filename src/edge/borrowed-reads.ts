/**
 * Reads of clients' connections into one piece of memory, as those of upstreams are (`proxy/borrowed.ts`): a buffer of its own
 * for each read, and what streams do about it, is half of what a small request costs to receive. Node offers `onread` only to
 * who opens a connection, but has its parts on every socket (docs/adr/0020-reads-of-clients-are-borrowed.md).
 *
 * In: a socket that was accepted, and a callback. Out: whether it is called from now on instead of `data`.
 */
import type { Socket } from "node:net";
import { readMemory } from "../blocks.ts";

/** What was read stands at the beginning of `readMemory`, until the return. False stops reading. */
export type OnRead = (this: Socket, bytesRead: number) => boolean;

/** Of Node's `lib/net.js` and `lib/internal/stream_base_commons.js`; none of it is documented. */
interface Parts {
  /** What `onStreamRead` reads into, or null. */
  readonly memory: symbol;
  readonly callback: symbol;
  /** What makes more memory, or null. */
  readonly makeMemory: symbol;
}
interface BareSocket {
  readonly _handle?: { useUserBuffer?(memory: Buffer): void } | null;
  [part: symbol]: unknown;
}

/** Of all sockets; once one of them had it. */
let known: Parts | undefined;

function findParts(bare: object): Parts | undefined {
  const symbols = Object.getOwnPropertySymbols(bare);
  const named = (name: string) => symbols.find(({ description }) => description === name);
  const [memory, callback, makeMemory] = [
    named("kBuffer"),
    named("kBufferCb"),
    named("kBufferGen"),
  ];
  return memory && callback && makeMemory && { memory, callback, makeMemory };
}

/** False, and nothing has happened, where it is not to be had. To be called before anything was read. */
export function borrowReads(socket: Socket, onRead: OnRead): boolean {
  const bare = socket as unknown as BareSocket;
  const readInto = bare._handle?.useUserBuffer;
  if (typeof readInto !== "function") return false;
  const parts = known ?? findParts(bare);
  if (
    !parts ||
    [parts.memory, parts.callback, parts.makeMemory].some((part) => bare[part] !== null)
  )
    return false;
  known = parts;
  readInto.call(bare._handle, readMemory);
  bare[parts.memory] = readMemory;
  bare[parts.callback] = onRead;
  socket.resume();
  return true;
}

/** From now on what is read comes by `data`, in memory of its own, unless Node's parser takes it before. */
export function ownReads(socket: Socket): void {
  // The handle keeps reading into our memory: it has no way back.
  if (known) (socket as unknown as BareSocket)[known.callback] = pushCopy;
}

function pushCopy(this: Socket, bytesRead: number): boolean {
  return this.push(Buffer.from(readMemory.subarray(0, bytesRead)));
}
