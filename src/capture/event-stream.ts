/**
 * Server-sent events, out of bytes that arrive in any pieces.
 *
 * In: the bytes of a stream. Out: its events, each when its last byte has been seen. Blocks are cut
 * at blank lines here, so that no character is ever split and the size of each is known; the
 * grammar inside a block is eventsource-parser's.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 *
 * Guarantees: the same events for any cutting of the same bytes; a block that its stream's end
 * leaves open is no event. Bounds: a block larger than `blockMaxBytes` becomes an `oversize` event
 * with its beginning.
 */
import { createParser, type EventSourceParser } from "eventsource-parser";
import type { Room } from "./budget.ts";
import { HeldBody, type Loans } from "./held-body.ts";
import type { BodyText } from "./unpack.ts";

export interface StreamEvent {
  /** "" for the default, `message`. */
  readonly name: string;
  /** By which the stream may be resumed after it; "" without one. */
  readonly id: string;
  /** The data; of an oversize event its beginning; "" of one that gives only an id. */
  readonly text: string;
  /** What the block took on the wire, without its blank line. */
  readonly blockBytes: number;
  readonly oversize: boolean;
}

export interface StreamLimits {
  readonly blockMaxBytes: number;
  /** See `HeldBody`. */
  readonly loans?: Loans;
}

const lf = 0x0a;
const cr = 0x0d;

export class EventStream {
  readonly #onEvent: (event: StreamEvent) => void;
  readonly #block: HeldBody;
  readonly #parser: EventSourceParser;
  #blockBytes = 0;
  #lineIsEmpty = true;
  /** A CR ended the last line; a LF that follows belongs to it. */
  #afterCr = false;
  /** Inside a block whose beginning was not seen. */
  #lost = false;
  #seenIds = false;
  #retryMs = 0;

  constructor(onEvent: (event: StreamEvent) => void, budget: Room, limits: StreamLimits) {
    this.#onEvent = onEvent;
    this.#block = new HeldBody(budget, limits.blockMaxBytes, limits.loans);
    this.#parser = createParser({
      onId: (id) => {
        if (id !== "") this.#seenIds = true;
      },
      onRetry: (retryMs) => {
        this.#retryMs = retryMs;
      },
      onEvent: ({ event = "", id = "", data }) => {
        if (data === "" && id === "") return;
        onEvent({ name: event, id, text: data, blockBytes: this.#blockBytes, oversize: false });
      },
    });
  }

  /** True once an event carried an id, so that the stream may be resumed elsewhere. */
  get seenIds(): boolean {
    return this.#seenIds;
  }

  /** How long the client was told to wait before it resumes the stream. */
  get retryMs(): number {
    return this.#retryMs;
  }

  add(bytes: Uint8Array): void {
    let start = 0;
    let nextCr = bytes.indexOf(cr);
    for (let from = 0; from < bytes.length; ) {
      const nextLf = bytes.indexOf(lf, from);
      const at = nextCr !== -1 && (nextLf === -1 || nextCr < nextLf) ? nextCr : nextLf;
      if (at !== from) {
        this.#lineIsEmpty = false;
        this.#afterCr = false;
      }
      if (at === -1) break;
      from = at + 1;
      if (at === nextCr) nextCr = bytes.indexOf(cr, from);
      if (at === nextLf && this.#afterCr) {
        this.#afterCr = false;
        // The second half of the line end that closed a block is no part of the next one.
        if (this.#block.sizeBytes === 0 && start === at) start = from;
        continue;
      }
      this.#afterCr = at !== nextLf;
      if (this.#lineIsEmpty) {
        this.#block.add(bytes.subarray(start, from));
        start = from;
        this.#dispatch();
      }
      this.#lineIsEmpty = true;
    }
    if (start < bytes.length) this.#block.add(bytes.subarray(start));
  }

  /** Bytes passed unseen: the block they began or ended in is lost, the next one is not. */
  skip(): void {
    this.#block.clear();
    this.#lost = true;
    this.#lineIsEmpty = false;
    this.#afterCr = false;
  }

  /** The data of the block that was not ended, as far as it came. */
  takeRest(): BodyText {
    const { sizeBytes: bytes } = this.#block;
    const text = this.#block.take((held) => held.toString("utf8"));
    return { text: this.#lost ? "" : toData(text), whole: bytes === 0, bytes };
  }

  /** Forgets the block that was not ended. */
  clear(): void {
    this.#block.clear();
  }

  #dispatch(): void {
    const { isWhole, sizeBytes } = this.#block;
    const text = this.#block.take((held) => held.toString("utf8"));
    if (this.#lost) {
      this.#lost = false;
    } else if (isWhole) {
      this.#blockBytes = sizeBytes;
      if (text.length > 2) this.#parser.feed(text);
    } else {
      this.#onEvent({
        name: "",
        id: "",
        text: toData(text),
        blockBytes: sizeBytes,
        oversize: true,
      });
    }
  }
}

/** Of a block that is not whole; of several lines they remain. */
function toData(block: string): string {
  const data = /(?:^|[\r\n])data: ?/.exec(block);
  return data ? block.slice(data.index + data[0].length) : "";
}
