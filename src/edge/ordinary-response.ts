/**
 * The answer to an ordinary request, written as `node:http` writes it.
 *
 * In: a head and bytes. Out: the same on the connection, framed; what is written in one turn of the event loop goes out
 * together. Holds what is given in one turn, and what the socket's buffer holds. Bytes that were given must stay as
 * they are until they have left.
 */
import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { giveBlock, takeBlock } from "../blocks.ts";
import type { InboundRequest, InboundResponse } from "../inbound.ts";
import type { OrdinaryRequest } from "./ordinary-request.ts";
import { Signals } from "./signals.ts";
import { toHeadText } from "./written-head.ts";

/** Who is told what becomes of the connection. */
export interface ResponseOwner {
  /** How long clients are told that an idle connection may be used again. */
  readonly reuseMs: number;
  /** Everything has left; `isLast`: the connection is to end with it. */
  answered(isLast: boolean): void;
}

/** Beyond it, copying bytes together costs more than giving them to the system in pieces, unless they cannot stay. */
const smallMaxBytes = 16_384;
/** What is gathered in one turn. */
const gatherMaxBytes = 65_536;

export class OrdinaryResponse
  extends Signals<"close" | "drain" | "finish" | "socket">
  implements InboundResponse
{
  sendDate = true;
  headersSent = false;
  destroyed = false;
  writableFinished = false;
  socket: Socket | null;
  readonly req: InboundRequest;
  /** False: the head is to tell that the connection ends with the answer. */
  shouldKeepAlive: boolean;
  readonly #owner: ResponseOwner;
  /** Whoever writes says when it is to leave. */
  #gathers = false;
  /** Until it has left. */
  #headText = "";
  #hasBody = true;
  #isChunked = false;
  #isLast = false;
  #isEnded = false;
  #parts: Uint8Array[] | undefined;
  #partsBytes = 0;
  #flushes = false;
  #needsDrain = false;

  constructor(request: OrdinaryRequest, owner: ResponseOwner, keepsAlive: boolean) {
    super();
    this.req = request;
    this.socket = request.socket;
    this.shouldKeepAlive = keepsAlive;
    this.#owner = owner;
  }

  writeHead(statusCode: number, reason: string, rawHeaders: string[]): this;
  writeHead(statusCode: number, rawHeaders: string[]): this;
  writeHead(statusCode: number, ...rest: [string, string[]] | [string[]]): this {
    assert(!this.headersSent, "a second head for one answer");
    const head = toHeadText({
      statusCode,
      reason: rest.length === 2 ? rest[0] : undefined,
      rawHeaders: rest.length === 2 ? rest[1] : rest[0],
      sendDate: this.sendDate,
      keepsAlive: this.shouldKeepAlive,
      reuseMs: this.#owner.reuseMs,
    });
    this.headersSent = true;
    this.#headText = head.text;
    this.#hasBody = head.hasBody;
    this.#isChunked = head.isChunked;
    this.#isLast = head.isLast;
    return this;
  }

  gather(): void {
    this.#gathers = true;
  }

  flushHeaders(): void {
    assert(this.headersSent, "there is no head");
    this.flush();
  }

  write(chunk: Uint8Array): boolean {
    assert(this.headersSent, "a body without a head");
    if (this.#isEnded || this.destroyed) return false;
    if (!this.#hasBody) return true;
    // Node, too, gives nothing to a connection that its client has half closed; it is about to close.
    if (this.socket?.writable !== true) return false;
    this.#gather(chunk);
    if (this.#partsBytes > gatherMaxBytes) this.flush();
    else if (!this.#flushes && !this.#gathers) {
      this.#flushes = true;
      process.nextTick(flushOf, this);
    }
    if (this.socket?.writableNeedDrain !== true) return true;
    this.#needsDrain = true;
    return false;
  }

  end(chunk?: Uint8Array | string): this {
    if (this.#isEnded || this.destroyed) return this;
    assert(this.headersSent, "an end without a head");
    if (chunk !== undefined && this.#hasBody) {
      this.#gather(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    }
    this.#isEnded = true;
    this.#send(true);
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.socket?.destroy();
    return this;
  }

  /** The socket takes more. */
  drained(): void {
    if (!this.#needsDrain || this.#isEnded) return;
    this.#needsDrain = false;
    this.emit("drain");
  }

  /** The connection has closed. */
  closed(): void {
    if (this.writableFinished) return;
    this.destroyed = true;
    this.emit("close");
  }

  /** Everything has left. */
  finished(): void {
    if (this.socket === null || this.destroyed) return;
    this.writableFinished = true;
    this.destroyed = true;
    this.socket = null;
    this.emit("finish");
    this.emit("close");
    this.#owner.answered(this.#isLast);
  }

  /** Sends what was gathered. */
  flush(): void {
    this.#flushes = false;
    if (!this.#isEnded && !this.destroyed) this.#send(false);
  }

  #gather(chunk: Uint8Array): void {
    // An empty chunk would end a chunked body.
    if (chunk.length === 0) return;
    this.#partsBytes += chunk.length;
    if (this.#parts) this.#parts.push(chunk);
    else this.#parts = [chunk];
  }

  #send(isEnd: boolean): void {
    const { socket } = this;
    if (socket?.writable !== true) return;
    const parts = this.#parts;
    const bytes = this.#partsBytes;
    const head = this.#headText;
    const last = isEnd && this.#isChunked && this.#hasBody ? "0\r\n\r\n" : "";
    this.#parts = undefined;
    this.#partsBytes = 0;
    this.#headText = "";
    // Whoever gathers ends answers in turns of their own, so that nobody is told amid something else.
    const atOnce = isEnd && this.#gathers;
    const done = isEnd && !atOnce ? this.#onSent() : undefined;
    if (parts === undefined) {
      if (head !== "" || last !== "") socket.write(head + last, "latin1", done);
      else if (done !== undefined && socket.writableLength === 0) process.nextTick(done);
      else if (done !== undefined) socket.write("", "latin1", done);
    } else if (bytes <= smallMaxBytes) {
      const room = roomFor(head, parts, bytes, this.#isChunked, last);
      socket.write(join(Buffer.allocUnsafe(room), head, parts, this.#isChunked, last), done);
    } else if (this.#gathers) {
      const block = takeBlock(roomFor(head, parts, bytes, this.#isChunked, last));
      const sent = () => giveBlock(block);
      socket.write(join(block, head, parts, this.#isChunked, last), sent);
    } else this.#sendInPieces(socket, head, parts, last, done);
    if (!atOnce) return;
    if (socket.writableLength > 0) socket.write("", "latin1", this.#onSent());
    else if (socket.errored === null) this.finished();
  }

  #onSent(): (error?: Error | null) => void {
    return (error) => error || this.finished();
  }

  #sendInPieces(
    socket: Socket,
    head: string,
    parts: readonly Uint8Array[],
    last: string,
    done: ((error?: Error | null) => void) | undefined,
  ): void {
    socket.cork();
    let text = head;
    for (const part of parts) {
      if (this.#isChunked) text += `${part.length.toString(16)}\r\n`;
      if (text !== "") socket.write(text, "latin1");
      socket.write(part);
      text = this.#isChunked ? "\r\n" : "";
    }
    text += last;
    if (text !== "" || done) socket.write(text, "latin1", done);
    socket.uncork();
  }
}

function flushOf(response: OrdinaryResponse): void {
  response.flush();
}

function roomFor(
  head: string,
  parts: readonly Uint8Array[],
  bytes: number,
  isChunked: boolean,
  last: string,
): number {
  // The length of a part has at most six digits here, and two line ends go with it.
  return head.length + bytes + (isChunked ? parts.length * 10 : 0) + last.length;
}

/** Gives what of the room was needed. */
function join(
  room: Buffer,
  head: string,
  parts: readonly Uint8Array[],
  isChunked: boolean,
  last: string,
): Buffer {
  let at = room.write(head, 0, "latin1");
  for (const part of parts) {
    if (isChunked) at += room.write(`${part.length.toString(16)}\r\n`, at, "latin1");
    room.set(part, at);
    at += part.length;
    if (isChunked) at += room.write("\r\n", at, "latin1");
  }
  at += room.write(last, at, "latin1");
  return at === room.length ? room : room.subarray(0, at);
}
