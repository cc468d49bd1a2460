/**
 * Server-sent events, read as a client does: one by one, each waited for.
 *
 * In: the body of an answer. Out: its events and comments, and how it ended.
 */
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { within } from "../e2e/until.ts";

const eventMaxMs = 5_000;

export class Events {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #events: EventSourceMessage[] = [];
  readonly #comments: string[] = [];
  readonly #decoder = new TextDecoder();
  /** Everything that came, as it came. */
  text = "";

  constructor(body: ReadableStream<Uint8Array<ArrayBuffer>> | null) {
    if (!body) throw new Error("the answer has no body");
    this.#reader = body.getReader();
  }

  readonly #parser = createParser({
    onEvent: (event) => void this.#events.push(event),
    onComment: (comment) => void this.#comments.push(comment),
  });

  /** The next event; its data is JSON. */
  async next<Data>(maxMs = eventMaxMs): Promise<{ id: string; event: string; data: Data }> {
    const event = await within(
      "an event",
      maxMs,
      this.#until(() => this.#events.shift()),
    );
    return { id: event.id ?? "", event: event.event ?? "", data: JSON.parse(event.data) as Data };
  }

  async comment(maxMs = eventMaxMs): Promise<string> {
    return within(
      "a comment",
      maxMs,
      this.#until(() => this.#comments.shift()),
    );
  }

  /** Resolves when the stream ends as it should; rejects when it breaks. Events that come before are dropped. */
  async end(maxMs = eventMaxMs): Promise<void> {
    const drain = async () => {
      while (await this.#read());
    };
    await within("the end of the stream", maxMs, drain());
  }

  /** As a client that leaves. */
  async leave(): Promise<void> {
    await this.#reader.cancel();
  }

  async #until<Value>(take: () => Value | undefined): Promise<Value> {
    for (;;) {
      const value = take();
      if (value !== undefined) return value;
      if (!(await this.#read()))
        throw new Error(`the stream has ended after ${this.text.slice(-500)}`);
    }
  }

  async #read(): Promise<boolean> {
    const { done, value } = await this.#reader.read();
    if (done) return false;
    const text = this.#decoder.decode(value, { stream: true });
    this.text += text;
    this.#parser.feed(text);
    return true;
  }
}
