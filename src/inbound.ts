/**
 * The client's side of one request: what is asked and how it is answered, whoever has read it off the wire.
 *
 * Node's `IncomingMessage` and `ServerResponse` are one implementation as they are; `edge/` has another for the
 * ordinary requests of the data plane. What is not named here must not be relied on behind the edge.
 */

/** The connection, as far as what is behind the edge may touch it. */
export interface InboundSocket {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly bytesRead: number;
  readonly destroyed: boolean;
  write(text: string): unknown;
  destroy(): unknown;
  /** Lets out what was written, then ends the connection. */
  destroySoon(): unknown;
  /** Ends the connection so that its client cannot take it for an orderly end. */
  resetAndDestroy(): unknown;
  once(event: "close", listener: () => void): unknown;
  off(event: "close", listener: () => void): unknown;
}

/** Fields that we look at ourselves, by lower-case name; where several were sent, as Node joins them. */
export interface InboundFields {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly upgrade?: string | undefined;
  readonly "user-agent"?: string | undefined;
  readonly "content-length"?: string | undefined;
  readonly "transfer-encoding"?: string | undefined;
  readonly "sec-fetch-dest"?: string | string[] | undefined;
  readonly "mcp-protocol-version"?: string | string[] | undefined;
}

export interface InboundRequest {
  readonly method?: string | undefined;
  /** The edge makes it origin form. */
  url?: string | undefined;
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  /** Names and values alternating, as they came. */
  readonly rawHeaders: string[];
  readonly headers: InboundFields;
  readonly socket: InboundSocket;
  /** All of it has come, read or not. */
  readonly complete: boolean;
  /** What of the body has come and is not read. */
  readonly readableLength: number;
  isPaused(): boolean;
  pause(): unknown;
  /** Reads on; what nobody listens to is dropped. */
  resume(): unknown;
  /**
   * From now on what `data` tells may not stay as it is when its listener has returned; false: it will all the same. Absent:
   * likewise.
   */
  lend?(): boolean;
  /** Begins to read. */
  on(event: "data", listener: (chunk: Buffer) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  once(event: "close", listener: () => void): unknown;
  off(event: "close", listener: () => void): unknown;
}

export interface InboundResponse {
  /** False keeps the `Date` of the upstream the only one. */
  sendDate: boolean;
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  /** Everything has been given to the operating system. */
  readonly writableFinished: boolean;
  /** Null while it waits for the answers before it, and when it has ended. */
  readonly socket: InboundSocket | null;
  /** Names and values alternating. Throws on what must not be written. */
  writeHead(statusCode: number, reason: string, rawHeaders: string[]): unknown;
  writeHead(statusCode: number, rawHeaders: string[]): unknown;
  /**
   * Holds what is written until `flushHeaders` or the end, or a bound; what was written need not stay as it is once one of
   * them has returned. Absent: each turn of the event loop sends what it was given.
   */
  gather?(): void;
  /** Sends the head, and what was written so far, without waiting for more. */
  flushHeaders(): void;
  /** False when more is to wait for `drain`. */
  write(chunk: Uint8Array): boolean;
  end(chunk?: Uint8Array | string): unknown;
  /** Ends the connection at once. */
  destroy(): unknown;
  on(event: "close", listener: () => void): unknown;
  /** `close`: it has ended, well or not. `socket`: its turn has come. */
  once(event: "close" | "drain" | "socket", listener: () => void): unknown;
  off(event: "close", listener: () => void): unknown;
}
