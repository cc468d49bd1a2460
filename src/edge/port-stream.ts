/**
 * A connection between two threads of this process, over a message port: nobody else can be at its other end.
 *
 * In: what is written here. Out: the same over there. Bounds: a chunk waits on its way until the other end has room
 * for it; `highWaterMark` at each end. A thread that dies closes it.
 */
import { Duplex } from "node:stream";
import type { MessagePort } from "node:worker_threads";

interface Sent {
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** Nothing comes any more. */
  readonly end?: true;
  /** There is room for another chunk. */
  readonly taken?: true;
}

export class PortStream extends Duplex {
  /** Of the client whose requests come this way. */
  readonly remoteAddress: string | undefined;
  readonly #port: MessagePort;
  #onTaken: ((error?: Error | null) => void) | undefined;
  #owesTaken = false;

  constructor(port: MessagePort, remoteAddress?: string) {
    super();
    this.#port = port;
    this.remoteAddress = remoteAddress;
    port.on("message", (sent: Sent) => this.#on(sent));
    port.on("close", () => this.destroy());
  }

  /** What the planes call of a socket to end a connection. */
  destroySoon(): void {
    this.end();
  }

  resetAndDestroy(): void {
    this.destroy();
  }

  override _write(chunk: Buffer, _coding: string, done: (error?: Error | null) => void): void {
    this.#onTaken = done;
    this.#port.postMessage({ bytes: Uint8Array.from(chunk) } satisfies Sent);
  }

  override _final(done: () => void): void {
    this.#port.postMessage({ end: true } satisfies Sent);
    done();
  }

  override _read(): void {
    if (!this.#owesTaken) return;
    this.#owesTaken = false;
    this.#port.postMessage({ taken: true } satisfies Sent);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#port.close();
    this.#onTaken = undefined;
    done(error);
  }

  #on({ bytes, end, taken }: Sent): void {
    if (taken) {
      const done = this.#onTaken;
      this.#onTaken = undefined;
      done?.();
    }
    if (bytes) {
      this.#owesTaken = true;
      if (this.push(Buffer.from(bytes.buffer))) this._read();
    }
    if (end) this.push(null);
  }
}
