/**
 * A request body on its way to the upstream, chunk by chunk.
 *
 * In: the chunks as they arrive. Out: the same, at the upstream's pace; `onWant` is called when it takes more
 * after `push` has answered false. Holds what came before there was a connection: as a rule one chunk.
 */

/** Where it goes. */
export interface UploadTaker {
  /** False when it wants no more until `Upload.resume` is called. Borrowed bytes may not stay as they are after the return. */
  take(chunk: Buffer, isBorrowed: boolean): boolean;
  takeEnd(): void;
}

export class Upload {
  /** Nobody wants it any more. */
  destroyed = false;
  readonly #onWant: () => void;
  #held: Buffer[] = [];
  #ended = false;
  #taker: UploadTaker | undefined;
  /** It goes nowhere, but is to be read. */
  #discards = false;

  constructor(onWant: () => void) {
    this.#onWant = onWant;
  }

  /** `null` ends it. False when nothing more is to come for now. */
  push(chunk: Buffer | null, isBorrowed = false): boolean {
    if (this.#discards || this.destroyed) return true;
    if (chunk === null) {
      this.#ended = true;
      this.#taker?.takeEnd();
      return false;
    }
    if (this.#taker) return this.#taker.take(chunk, isBorrowed);
    this.#held.push(isBorrowed ? Buffer.from(chunk) : chunk);
    return false;
  }

  /** Gives what is here and all that comes. Called once. */
  start(taker: UploadTaker): void {
    if (this.destroyed) return;
    this.#taker = taker;
    let wanted = true;
    for (const chunk of this.#held.splice(0)) wanted = taker.take(chunk, false);
    if (this.#ended) taker.takeEnd();
    else if (wanted) this.#onWant();
  }

  /** The taker wants more. */
  resume(): void {
    if (!this.destroyed && !this.#ended) this.#onWant();
  }

  /** The upstream takes no more, but may still answer: what comes is dropped. */
  discard(): void {
    this.#discards = true;
    this.#held = [];
    this.resume();
  }

  destroy(): void {
    this.destroyed = true;
    this.#held = [];
    this.#taker = undefined;
  }
}
