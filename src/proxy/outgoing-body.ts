/**
 * A request body on a connection, framed as its head says: by its length, or in chunks.
 *
 * In: an upload. Out: bytes on the socket, at its pace. A body that is longer or shorter than its head said is not sent as
 * if it were right. An upstream that takes no more may still have answered: what it sent is there to be read although
 * nothing can be written any more, so a failed write ends the upload and not the connection.
 */
import type { Socket } from "node:net";
import { giveBlock, takeBlock } from "../blocks.ts";
import { joinedBodyMaxBytes } from "./limits.ts";
import type { Upload, UploadTaker } from "./upload.ts";

export class OutgoingBody implements UploadTaker {
  /** All of it was given to the socket. */
  whole = false;
  readonly #socket: Socket;
  readonly #upload: Upload;
  readonly #onMismatch: () => void;
  readonly #chunked: boolean;
  /** Yet to come. */
  #leftBytes: number;

  /** `bodyBytes`: -1 for chunks. `onMismatch`: the body is not what its head said. */
  constructor(socket: Socket, upload: Upload, bodyBytes: number, onMismatch: () => void) {
    this.#socket = socket;
    this.#upload = upload;
    this.#onMismatch = onMismatch;
    this.#chunked = bodyBytes === -1;
    this.#leftBytes = bodyBytes;
  }

  start(): void {
    tolerateWriteErrors(this.#socket, () => this.#upload.discard());
    this.#upload.start(this);
  }

  /** The socket takes more. */
  resume(): void {
    if (!this.whole) this.#upload.resume();
  }

  /** To be called when nothing more is to be sent. */
  stop(): void {
    this.#upload.destroy();
  }

  take(chunk: Buffer, isBorrowed: boolean): boolean {
    const socket = this.#socket;
    if (!socket.writable || chunk.length === 0) return true;
    if (!this.#chunked) {
      this.#leftBytes -= chunk.length;
      if (this.#leftBytes < 0) {
        this.#onMismatch();
        return true;
      }
      return send(socket, chunk, isBorrowed) || socket.writableLength === 0;
    }
    socket.cork();
    socket.write(`${chunk.length.toString(16)}\r\n`, "latin1");
    send(socket, chunk, isBorrowed);
    const wants = socket.write("\r\n", "latin1");
    socket.uncork();
    return wants || socket.writableLength === 0;
  }

  takeEnd(): void {
    this.whole = true;
    if (this.#chunked) {
      if (this.#socket.writable) this.#socket.write("0\r\n\r\n", "latin1");
    } else if (this.#leftBytes !== 0) this.#onMismatch();
  }
}

/** Node keeps what the system does not take at once. */
function send(socket: Socket, chunk: Buffer, isBorrowed: boolean): boolean {
  if (!isBorrowed) return socket.write(chunk);
  if (chunk.length <= joinedBodyMaxBytes) return socket.write(Buffer.from(chunk));
  const block = takeBlock(chunk.length);
  chunk.copy(block);
  return socket.write(block.subarray(0, chunk.length), () => giveBlock(block));
}

/** A head and all of its body in one write; a small body is copied, which is cheaper than two buffers in one call. */
export function sendWhole(socket: Socket, head: string, body: Buffer): void {
  if (body.length <= joinedBodyMaxBytes) {
    const both = Buffer.allocUnsafe(head.length + body.length);
    both.write(head, 0, "latin1");
    body.copy(both, head.length);
    socket.write(both);
    return;
  }
  socket.cork();
  socket.write(head, "latin1");
  socket.write(body);
  socket.uncork();
}

interface Tolerant {
  _write(chunk: unknown, encoding: BufferEncoding, callback: Written): void;
  _writev(chunks: unknown, callback: Written): void;
}
type Written = (error?: Error | null) => void;

/**
 * Node ends a socket whose write fails, and what had come on it is lost. So the stream is told that all was written; the
 * reading side tells how the connection ends.
 */
function tolerateWriteErrors(socket: Socket, onError: () => void): void {
  const writes = socket as unknown as Tolerant;
  const { _write: write, _writev: writev } = Object.getPrototypeOf(socket) as Tolerant;
  const tolerated = (callback: Written) => (error?: Error | null) => {
    callback();
    if (error) onError();
  };
  writes._write = (chunk, encoding, callback) =>
    write.call(socket, chunk, encoding, tolerated(callback));
  writes._writev = (chunks, callback) => writev.call(socket, chunks, tolerated(callback));
}
