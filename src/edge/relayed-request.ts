/**
 * A request that Node's server reads and answers, on a connection whose other requests are read by us.
 *
 * In: the bytes of a plain request as they come, to a connection of its own at Node's server. Out: its answer on the
 * client's connection; then that is ours again, unless Node has ended it. So the agents behind a reverse proxy, which has
 * them and dashboards on the same connections, are answered by us all the same. Bounds: those of a stream, both ways.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { InboundSocket } from "../inbound.ts";
import type { ResponseOwner } from "./ordinary-response.ts";

export interface RelayedOwner extends Pick<ResponseOwner, "answered"> {
  /** The client's connection. */
  readonly socket: Socket;
}

/** On its line it stands for the request and for the answer. */
export class RelayedRequest {
  /** Node's end. */
  readonly socket: RelayedSocket;
  /** From when Node has read the head until it has left. */
  answer: ServerResponse | undefined;
  readonly #owner: RelayedOwner;
  /** Bytes of the body that have not come. */
  #left: number;
  #hasPaused = false;

  /** `bytes`: the head, and what has come of the body; `left`: what has not. */
  constructor(owner: RelayedOwner, bytes: Buffer, left: number) {
    this.#owner = owner;
    this.#left = left;
    this.socket = new RelayedSocket(owner.socket, () => this.#readOn());
    this.socket.push(bytes);
  }

  get complete(): boolean {
    return this.#left === 0;
  }

  /** To be told what Node has read and answers with, before anything has left. */
  begin(request: IncomingMessage, answer: ServerResponse): void {
    this.answer = answer;
    const over = () => {
      if (!this.socket.release()) return;
      this.#readOn();
      this.#owner.answered(false);
    };
    answer.once("close", () => {
      this.answer = undefined;
      // Until all of it has come Node goes on dropping it, and ends a connection on which it does not come.
      if (request.complete) over();
      else request.once("close", over);
    });
  }

  /** Takes what belongs to the body; gives back how many bytes that were. */
  take(chunk: Buffer, isBorrowed: boolean): number {
    const taken = Math.min(this.#left, chunk.length);
    if (taken === 0) return 0;
    this.#left -= taken;
    const piece = chunk.subarray(0, taken);
    if (!this.socket.push(isBorrowed ? Buffer.from(piece) : piece)) {
      this.#hasPaused = true;
      this.#owner.socket.pause();
    }
    return taken;
  }

  /** The client sends nothing more, which is for Node to judge. */
  ended(): void {
    this.socket.push(null);
  }

  /** Each write waits until it has left, so nobody waits for this. */
  drained(): void {}

  /** The connection has closed. */
  closed(): void {
    this.socket.destroy();
  }

  close(): void {
    this.socket.destroy();
  }

  #readOn(): void {
    if (!this.#hasPaused) return;
    this.#hasPaused = false;
    this.#owner.socket.resume();
  }
}

type Done = (error?: Error | null) => void;

/** What Node's server has of a connection, for one request. */
export class RelayedSocket extends Duplex {
  /** The client's. */
  readonly connection: Socket;
  #isReleased = false;
  readonly #readOn: () => void;
  #endsSoon = false;

  constructor(connection: Socket, readOn: () => void) {
    super();
    this.connection = connection;
    this.#readOn = readOn;
  }

  get remoteAddress(): string | undefined {
    return this.connection.remoteAddress;
  }

  get localAddress(): string | undefined {
    return this.connection.localAddress;
  }

  get localPort(): number | undefined {
    return this.connection.localPort;
  }

  get bytesRead(): number {
    return this.connection.bytesRead;
  }

  /** Leaves the connection as it is. False: Node has ended it, or will. */
  release(): boolean {
    if (this.#isReleased || this.writableEnded || this.destroyed) return false;
    this.#isReleased = true;
    this.destroy();
    return true;
  }

  destroySoon(): void {
    this.#endsSoon = true;
    this.end();
  }

  resetAndDestroy(): void {
    this.connection.resetAndDestroy();
  }

  override _read(): void {
    this.#readOn();
  }

  override _write(chunk: Buffer, coding: BufferEncoding, done: Done): void {
    if (this.connection.writable) this.connection.write(chunk, coding, done);
    else done();
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    this.connection.cork();
    for (const [index, { chunk, encoding }] of chunks.entries()) {
      if (index === chunks.length - 1) this._write(chunk, encoding, done);
      else if (this.connection.writable) this.connection.write(chunk, encoding);
    }
    this.connection.uncork();
  }

  override _final(done: Done): void {
    if (this.#endsSoon) this.connection.destroySoon();
    else this.connection.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    const isOver = this.writableFinished && this.readableEnded;
    if (!this.#isReleased && !isOver) this.connection.destroy();
    done(error);
  }
}

/** The client's own, of a socket that may be one of Node's ends. */
export function connectionOf(socket: InboundSocket): InboundSocket {
  return socket instanceof RelayedSocket ? socket.connection : socket;
}
