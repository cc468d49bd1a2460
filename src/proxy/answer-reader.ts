/**
 * Answers on one connection, one after another, read strictly.
 *
 * In: bytes as they come. Out: to whom it may concern the head and the pieces of the body; to the connection's owner how far
 * the answer is, and for how long the connection may be used again. Provisional answers are passed over: nobody has asked for
 * them (RFC 9110, 15.2). Bounds: 32 KiB of head, 100 provisional answers, those of `src/http`.
 */
import type { BodySink } from "../http/chunked-body.ts";
import { HeadBytes } from "../http/head-bytes.ts";
import { MessageBody } from "../http/message-body.ts";
import { type ResponseHead, readResponseHead, responseBeginning } from "../http/response-head.ts";
import { type Failure, failures } from "./failure.ts";
import { idleMsAfter } from "./keep-alive.ts";
import { interimMax, responseHeadMaxBytes } from "./limits.ts";

/** Whoever gets the answer. Nothing it does may throw; all of it may stop the reader. */
export interface AnswerSink extends BodySink {
  /** Never a provisional one. */
  onHead(head: ResponseHead): void;
}

/** `excess`: it is whole, and more came, which is nobody's. */
export type AnswerState = "partial" | "whole" | "excess" | "stopped" | Failure;

export class AnswerReader {
  /** For how long the connection may be used again after this answer; 0: not at all. Certain once the head has come. */
  idleMs = 0;
  readonly #head = new HeadBytes(responseHeadMaxBytes, responseBeginning);
  readonly #body = new MessageBody();
  #sink: AnswerSink | undefined;
  #toHead = false;
  /** The head has come. */
  #begun = false;
  #interim = 0;

  /** The head has come, and the rest has not. */
  get begun(): boolean {
    return this.#begun;
  }

  /** What came would be whole if the connection ended now. */
  get endsWithConnection(): boolean {
    return this.#begun && this.#body.endsWithConnection;
  }

  begin(method: string, sink: AnswerSink): void {
    this.#sink = sink;
    this.#toHead = method === "HEAD";
    this.#begun = false;
    this.#interim = 0;
  }

  /** Nothing more is told, and what has come of a head is forgotten. */
  stop(): void {
    this.#sink = undefined;
    this.#begun = false;
    this.#head.reset();
    this.#body.stop();
  }

  read(chunk: Buffer): AnswerState {
    let at = 0;
    while (!this.#begun) {
      const state = this.#head.take(chunk, at);
      if (state === "partial") return state;
      if (state === "too_large") return failures.headTooLarge;
      const head = state === "whole" ? readResponseHead(this.#head.text) : undefined;
      if (head === undefined) return failures.malformed;
      at = this.#head.next;
      if (head.statusCode >= 200) this.#begin(head);
      else if (head.statusCode === 101) return failures.unexpectedUpgrade;
      else if (!this.#mayWaitOn()) return failures.malformed;
      else if (at === chunk.length) return "partial";
      if (this.#sink === undefined) return "stopped";
    }
    at = this.#body.read(chunk, at, this.#sink ?? nobody);
    const { state } = this.#body;
    if (state === "reading") return "partial";
    if (state === "malformed") return failures.malformed;
    if (state === "whole") return at === chunk.length ? state : "excess";
    return state;
  }

  #mayWaitOn(): boolean {
    this.#interim += 1;
    return this.#interim <= interimMax;
  }

  #begin(head: ResponseHead): void {
    const { statusCode, minorVersion, rawHeaders, framing } = head;
    const { chunked, contentLength, close, keepAlive } = framing;
    const isBodiless = statusCode === 204 || statusCode === 304;
    if (this.#toHead || isBodiless) this.#body.beginEmpty();
    else this.#body.begin(framing, Number.POSITIVE_INFINITY);
    this.#begun = true;
    const persists = !close && (minorVersion === 1 || keepAlive);
    // A length or chunks where no body can be: one may come all the same.
    const isStrange = isBodiless && (chunked || contentLength > 0);
    const isLast = !persists || isStrange || this.#body.endsWithConnection;
    this.idleMs = isLast ? 0 : idleMsAfter(rawHeaders);
    this.#sink?.onHead(head);
  }
}

const nobody: BodySink = { onBody() {} };
