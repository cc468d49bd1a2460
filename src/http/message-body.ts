/**
 * The body of one message after another, whichever way its end is told: by a length, by a last chunk, or by the
 * connection's end.
 *
 * In: bytes as they come. Out: the body's, in pieces that share their memory, and whether it is whole.
 */
import { type BodySink, type BodyState, ChunkedBody } from "./chunked-body.ts";
import type { Framing } from "./framing.ts";

export class MessageBody {
  readonly #chunked = new ChunkedBody();
  #isChunked = false;
  #state: BodyState = "whole";
  /** Yet to come; infinite when the connection's end is the body's. */
  #leftBytes = 0;

  get state(): BodyState {
    return this.#isChunked ? this.#chunked.state : this.#state;
  }

  /** Only the connection's end tells the body's. */
  get endsWithConnection(): boolean {
    return !this.#isChunked && this.#leftBytes === Number.POSITIVE_INFINITY;
  }

  /** `otherwiseBytes`: how many come when the framing does not tell; of a request none, of an answer all that come. */
  begin({ chunked, contentLength }: Framing, otherwiseBytes: number): void {
    this.#isChunked = chunked;
    this.#leftBytes = contentLength === -1 ? otherwiseBytes : contentLength;
    this.#state = this.#leftBytes === 0 ? "whole" : "reading";
    if (chunked) this.#chunked.reset();
  }

  /** There is none, whatever the fields say. */
  beginEmpty(): void {
    this.#isChunked = false;
    this.#leftBytes = 0;
    this.#state = "whole";
  }

  /** Tells nothing more. To be called from `onBody`, too. */
  stop(): void {
    this.#chunked.stop();
    this.#state = "stopped";
  }

  /** Reads from `at` on. Gives where the body ended, or the chunk's length. */
  read(chunk: Buffer, at: number, sink: BodySink): number {
    if (this.#isChunked) return this.#chunked.read(chunk, at, sink);
    if (this.#state !== "reading" || at >= chunk.length) return at;
    const end = Math.min(chunk.length, at + this.#leftBytes);
    this.#leftBytes -= end - at;
    if (this.#leftBytes === 0) this.#state = "whole";
    sink.onBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    return end;
  }
}
