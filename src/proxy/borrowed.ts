/**
 * Reads of connections to upstreams into one piece of memory, which each of them has for as long as it is told of one read:
 * a buffer of its own for each read, and what streams do about it, is a tenth of what a small answer costs.
 *
 * In: a socket that was opened with `borrowing`. Out: what came, to be used up or copied before the return.
 */
import type { OnReadOpts, Socket } from "node:net";
import { readMemory } from "../blocks.ts";
import { mayReadOn } from "../fair-reads.ts";

const takerOf = Symbol("taker");
interface BorrowingSocket extends Socket {
  [takerOf]?: (bytes: Buffer) => void;
}

/** For `net.connect`; not for TLS. */
export const borrowing: OnReadOpts = {
  buffer: readMemory,
  // Node calls it as a method of the socket.
  callback(this: unknown, bytesRead: number): boolean {
    const socket = this as BorrowingSocket;
    socket[takerOf]?.(readMemory.subarray(0, bytesRead));
    return mayReadOn(socket, bytesRead);
  },
};

/** The socket may be another, which tells what comes by `data`. */
export function takeBorrowed(socket: Socket, take: (bytes: Buffer) => void): void {
  (socket as BorrowingSocket)[takerOf] = take;
}
