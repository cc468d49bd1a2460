/** A client on a bare socket: sees bytes when they come, and how a connection ends. */
import { connect, type Socket } from "node:net";
import { until, within } from "./until.ts";

export interface RawEnd {
  /** False when the connection was reset. */
  readonly clean: boolean;
}

export class RawClient implements Disposable {
  readonly #socket: Socket;
  readonly #host: string;
  #received = "";
  readonly #ended: Promise<RawEnd>;

  constructor(url: string) {
    const { hostname, port, host } = new URL(url);
    this.#host = host;
    this.#socket = connect(Number(port), hostname);
    this.#socket.setNoDelay(true);
    this.#socket.on("data", (chunk) => {
      this.#received += chunk.toString("latin1");
    });
    this.#ended = new Promise((resolve) => {
      this.#socket.once("error", () => resolve({ clean: false }));
      this.#socket.once("close", () => resolve({ clean: true }));
    });
  }

  /** Everything so far: heads, chunk sizes and bodies, one character for each byte. */
  get received(): string {
    return this.#received;
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The head of a request; its body is the caller's to send. */
  sendHead(method: string, url: string, fields: Readonly<Record<string, string | number>>): void {
    const { pathname, search } = new URL(url);
    const lines = Object.entries({ host: this.#host, ...fields }).map(
      ([name, value]) => `${name}: ${value}`,
    );
    this.send(`${method} ${pathname}${search} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  }

  /** A whole POST of one message. */
  post(url: string, message: object | string): void {
    const body = typeof message === "string" ? message : JSON.stringify(message);
    this.sendHead("POST", url, {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "content-length": Buffer.byteLength(body),
    });
    this.send(body);
  }

  /** Resolves when this text has come. */
  async receive(text: string, deadlineMs = 2_000): Promise<void> {
    await until(
      `the bytes ${JSON.stringify(text)}`,
      deadlineMs,
      () => this.#received,
      (all) => all.includes(text),
    );
  }

  ended(deadlineMs = 2_000): Promise<RawEnd> {
    return within("the end of the connection", deadlineMs, this.#ended);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Leaves without a word, as a process that is killed does. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
