/** A client of one stream, on a bare socket: sees bytes as they come, and can stop taking them. */
import { connect, type Socket } from "node:net";

export class StreamClient {
  readonly socket: Socket;
  readonly opened: Promise<void>;
  takenBytes = 0;
  #begun: () => void = () => undefined;

  /** `onText` gets what comes, one character for each byte. With `paused` nothing is taken until `socket.resume()`. */
  constructor(url: string, onText: (text: string) => void = () => undefined, paused = false) {
    const { hostname, port, pathname, search, host } = new URL(url);
    this.opened = new Promise((resolve) => {
      this.#begun = resolve;
    });
    this.socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.socket.on("error", () => undefined);
    this.socket.once("connect", () => {
      const head = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`;
      this.socket.write(head);
      if (paused) this.#begun();
    });
    this.socket.on("data", (chunk) => {
      this.takenBytes += chunk.length;
      this.#begun();
      onText(chunk.toString("latin1"));
    });
    if (paused) this.socket.pause();
  }
}
