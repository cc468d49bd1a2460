/**
 * An ordinary request, its head read, its body on its way.
 *
 * In: the head, and the body's bytes as they come, which may be borrowed. Out: the same to one reader, from when it listens.
 * Bounds: what comes while nobody reads waits here, up to `heldMaxBytes` and a chunk; then the client has to.
 */
import type { Socket } from "node:net";
import type { InboundFields, InboundRequest } from "../inbound.ts";
import type { OrdinaryHead } from "./ordinary-head.ts";
import { type Listener, Signals } from "./signals.ts";

const heldMaxBytes = 65_536;

export class OrdinaryRequest extends Signals<"data" | "end" | "close"> implements InboundRequest {
  readonly method: string;
  url: string;
  readonly httpVersionMajor = 1;
  readonly httpVersionMinor = 1;
  readonly rawHeaders: string[];
  readonly headers: InboundFields;
  readonly socket: Socket;
  readableLength = 0;
  /** Bytes of the body that have not come. */
  #left: number;
  #held: Buffer[] | undefined;
  /** What came last, behind what is held: to be given out, or copied, before whoever told of it goes on. */
  #borrowed: Buffer | undefined;
  readonly #borrows: boolean;
  /** The reader, too, is content with borrowed bytes. */
  #lends = false;
  /** Undefined until somebody reads. */
  #flowing: boolean | undefined;
  /** The plane has been asked, so that what it wants later it must be given later. */
  #begun = false;
  #ended = false;
  #closed = false;

  /** `borrows`: of what comes, some is borrowed. */
  constructor(head: OrdinaryHead, socket: Socket, borrows: boolean) {
    const { method, url, rawHeaders, headers, bodyBytes } = head;
    super();
    this.method = method;
    this.url = url;
    this.rawHeaders = rawHeaders;
    this.headers = headers;
    this.socket = socket;
    this.#left = bodyBytes;
    this.#borrows = borrows;
  }

  get complete(): boolean {
    return this.#left === 0;
  }

  /** Somebody reads it, or has it dropped. */
  get isRead(): boolean {
    return this.#flowing !== undefined;
  }

  lend(): boolean {
    this.#lends = true;
    return this.#borrows;
  }

  override on(event: "data" | "end" | "close", listener: Listener): this {
    super.on(event, listener);
    if (event === "data" && this.#flowing === undefined) this.resume();
    return this;
  }

  isPaused(): boolean {
    return this.#flowing === false;
  }

  pause(): this {
    this.#flowing = false;
    return this;
  }

  resume(): this {
    if (this.#flowing === true) return this;
    this.#flowing = true;
    if (this.#begun) process.nextTick(flowOf, this);
    return this;
  }

  /**
   * Takes what belongs to the body; gives back how many bytes that were. Those that are borrowed must stay as they are until
   * the return, and of what comes before `begin` until that returns.
   */
  take(bytes: Buffer, isBorrowed: boolean): number {
    const taken = Math.min(this.#left, bytes.length);
    if (taken === 0) return 0;
    this.#left -= taken;
    this.readableLength += taken;
    const chunk = taken === bytes.length ? bytes : bytes.subarray(0, taken);
    if (isBorrowed) this.#borrowed = chunk;
    else this.#hold(chunk);
    if (this.#begun) this.#give();
    return taken;
  }

  /** Gives out what is held, if somebody reads; to be called once the plane has been asked. */
  begin(): void {
    this.#begun = true;
    this.#give();
  }

  #give(): void {
    this.flow();
    if (this.#borrowed) this.#hold(Buffer.from(this.#borrowed));
    this.#borrowed = undefined;
    if (this.readableLength > heldMaxBytes && this.#left > 0) this.socket.pause();
  }

  #hold(chunk: Buffer): void {
    if (this.#held) this.#held.push(chunk);
    else this.#held = [chunk];
  }

  #next(): Buffer | undefined {
    const held = this.#held?.shift();
    if (held) return held;
    this.#held = undefined;
    const borrowed = this.#borrowed;
    this.#borrowed = undefined;
    return borrowed && !this.#lends ? Buffer.from(borrowed) : borrowed;
  }

  flow(): void {
    while (this.#flowing === true) {
      const chunk = this.#next();
      if (chunk === undefined) break;
      this.readableLength -= chunk.length;
      this.emit("data", chunk);
    }
    if (this.#flowing !== true) return;
    if (this.#left > 0) {
      if (this.socket.isPaused()) this.socket.resume();
    } else if (!this.#ended && !this.#closed) {
      this.#ended = true;
      this.emit("end");
      this.close();
    }
  }

  /** Nothing comes any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.emit("close");
  }
}

function flowOf(request: OrdinaryRequest): void {
  request.flow();
}
