/**
 * A request body on its way to the upstream, chunk by chunk.
 *
 * In: the chunks as they arrive. Out: the same, at the upstream's pace; `onWant` is called when it takes more
 * after `push` has answered false. Not the `IncomingMessage` itself, because undici destroys a body when an
 * exchange fails, and with it the connection on which the failure is to be answered.
 */
import { Readable } from "node:stream";

export class Upload extends Readable {
  readonly #onWant: () => void;

  constructor(onWant: () => void) {
    // Of chunks, not bytes: undici gives a byte stream that has ended already a length of its own making,
    // and the upstream would no longer see that its client sent chunks.
    super({ objectMode: true, highWaterMark: 1 });
    this.#onWant = onWant;
    // What failed is told by the exchange; undici repeats it here.
    this.on("error", () => {});
  }

  override _read(): void {
    this.#onWant();
  }
}
