/**
 * A client that wants to hear a stream of events for ever: opens it again when it ends, after a moment, and keeps how it
 * ended.
 */
import { StreamClient } from "./stream-client.ts";

const againAfterMs = 200;
/** As much of what came last as tells how it ended. */
const tailMax = 200;

export class LastingStream {
  readonly #url: string;
  readonly #endings: string[] = [];
  #client: StreamClient | undefined;
  #over = false;

  constructor(url: string) {
    this.#url = url;
    this.#open();
  }

  /** Wants no more; gives how each stream before this one ended. */
  end(): readonly string[] {
    this.#over = true;
    this.#client?.socket.destroy();
    return this.#endings;
  }

  #open(): void {
    let tail = "";
    const client = new StreamClient(this.#url, (text) => {
      tail = (tail + text).slice(-tailMax);
    });
    this.#client = client;
    client.socket.once("close", () => {
      if (this.#over) return;
      this.#endings.push(endingOf(tail));
      setTimeout(() => this.#over || this.#open(), againAfterMs);
    });
  }
}

/** Of an answer in chunks: after an event, and with the chunk that says it is the last. */
function endingOf(tail: string): string {
  if (tail === "") return "before the answer";
  return /\n\n\r\n0\r\n\r\n$/.test(tail)
    ? "between events"
    : `amid ${JSON.stringify(tail.slice(-40))}`;
}
