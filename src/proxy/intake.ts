/**
 * The client's side of an exchange: its request body, read as it comes.
 *
 * In: the request. Out: the whole body at once if it came in one piece of known length, else an `Upload` that the
 * rest follows into at the upstream's pace. Counts and shows every byte in passing; keeps the first 64 KiB, until told to
 * forget them; as many as `replayMaxBytes` while there is room for them all. What it passes on it may have borrowed.
 */

import type { ExchangeWitness } from "../exchange.ts";
import type { InboundRequest } from "../inbound.ts";
import { echoedId, type Failure, failures } from "./failure.ts";
import {
  echoMaxBytes,
  pieceMinBytes,
  piecesMax,
  replayMaxBytes,
  replayTotalMaxBytes,
  uploadBytesPerSecondMin,
  uploadSpanMs,
} from "./limits.ts";
import { Upload } from "./upload.ts";

/** Who takes the body. */
export interface IntakeSink {
  /** Something came, or may come on. */
  onProgress(): void;
  /** All of it, before anything was sent on; null when there is none. */
  onWhole(body: Buffer | null): void;
  /** The beginning of a body; called once, at most. */
  onUpload(upload: Upload): void;
  /** More than `maxBytes`, or in too many pieces; nothing is told afterwards. */
  onExcess(failure: Failure): void;
}

/** Room for what all intakes keep beyond `echoMaxBytes` each. */
export class KeptBytes {
  #freeBytes = replayTotalMaxBytes;

  /** False when there is no room. */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#freeBytes += bytes;
  }
}

export class Intake {
  bytes = 0;
  /** Nothing of the request is left to come. */
  whole = false;
  readonly #request: InboundRequest;
  readonly #witness: ExchangeWitness;
  #sink: IntakeSink | undefined;
  /** The upstream takes no more for now, so the client has to wait. */
  #stalled = false;
  /** Since when, and from which byte on, the client's pace is measured; -1: not yet. */
  #spanFromMs = -1;
  #spanFromByte = 0;
  #pieces = 0;
  #maxBytes = 0;
  #contentLength = -1;
  /** What comes is to be used up, or copied, at once. */
  #borrows = false;
  #upload: Upload | undefined;
  readonly #room: KeptBytes;
  #kept: Buffer[] | undefined = [];
  /** Of what is kept, as much as was taken from the common room. */
  #takenBytes = 0;

  constructor(request: InboundRequest, witness: ExchangeWitness, room: KeptBytes) {
    this.#request = request;
    this.#witness = witness;
    this.#room = room;
  }

  /** It is the client's turn: more is to come, and would be taken. */
  get arriving(): boolean {
    return !this.whole && !this.#stalled;
  }

  /** True when it comes too slowly. To be asked about once a second while it is arriving. */
  isTooSlow(nowMs: number): boolean {
    const began = this.#spanFromMs === -1;
    const spanMs = nowMs - this.#spanFromMs;
    if (!began && spanMs < uploadSpanMs) return false;
    const came = this.bytes - this.#spanFromByte;
    this.#spanFromMs = nowMs;
    this.#spanFromByte = this.bytes;
    return !began && came * 1_000 < uploadBytesPerSecondMin * spanMs;
  }

  /** All of the request is here and kept. */
  get replayable(): boolean {
    return this.whole && this.#kept !== undefined;
  }

  /** The body once more, framed as it was; null when there is none. Only of a replayable one. */
  replay(): Buffer | Upload | null {
    if (this.bytes === 0) return null;
    const body = Buffer.concat(this.#kept ?? []);
    if (this.#contentLength >= 0) return body;
    const upload = new Upload(() => {});
    upload.push(body);
    upload.push(null);
    return upload;
  }

  /** Begins to read. With `maxBytes` for a body that is only wanted for its id, no upload is begun. */
  read(contentLength: number, limit: { maxBytes: number; whole: boolean }, sink: IntakeSink): void {
    this.#sink = sink;
    this.#maxBytes = limit.maxBytes;
    this.#contentLength = limit.whole ? -1 : contentLength;
    if (contentLength > limit.maxBytes) {
      this.stop();
      sink.onExcess(failures.bodyTooLarge);
    } else if (contentLength > 0 || this.#request.headers["transfer-encoding"] !== undefined) {
      this.#borrows = this.#request.lend?.() ?? false;
      // Nobody asks for the beginning of what is not kept to its end.
      if (contentLength > replayMaxBytes) this.forget();
      this.#request.on("data", (chunk: Buffer) => this.#onData(chunk, limit.whole));
      this.#request.on("end", () => this.#onEnd());
    } else this.#complete(null);
  }

  /** The JSON text of the request's id, if the whole request is here and kept; "null" otherwise. */
  echoId(): string {
    if (!this.whole || !this.#kept || this.bytes > echoMaxBytes) return "null";
    return echoedId(Buffer.concat(this.#kept));
  }

  forget(): void {
    this.#kept = undefined;
    this.#room.give(this.#takenBytes);
    this.#takenBytes = 0;
  }

  /** Gives what it keeps: bytes that stay as they are. */
  #keep(chunk: Buffer): Buffer | undefined {
    if (!this.#kept) return undefined;
    if (this.bytes > echoMaxBytes) {
      if (this.bytes > replayMaxBytes || !this.#room.take(chunk.length)) {
        this.forget();
        return undefined;
      }
      this.#takenBytes += chunk.length;
    }
    const kept = this.#borrows ? Buffer.from(chunk) : chunk;
    this.#kept.push(kept);
    return kept;
  }

  /** Reads the rest and drops it, so that the client gets to read its answer (RFC 9112, 9.6). */
  stop(): void {
    this.#sink = undefined;
    this.#upload?.destroy();
    if (!this.whole) this.#request.resume();
  }

  /** Calls back, once, when nothing of the request can come any more. */
  whenOver(then: () => void): void {
    const { socket } = this.#request;
    if (this.#request.complete || socket.destroyed) {
      then();
      return;
    }
    const over = () => {
      socket.off("close", over);
      this.#request.off("close", over);
      then();
    };
    // Node does not tell a request whose answer has ended that its connection closes.
    socket.once("close", over);
    this.#request.once("close", over);
  }

  #onData(chunk: Buffer, whole: boolean): void {
    if (!this.#sink) return;
    const sink = this.#sink;
    this.bytes += chunk.length;
    sink.onProgress();
    this.#witness.request(chunk);
    const kept = this.#keep(chunk);
    const excess = this.#excess();
    if (excess) {
      this.stop();
      sink.onExcess(excess);
    } else if (this.#upload) this.#push(this.#upload, chunk, kept);
    else if (chunk.length === this.#contentLength) this.#complete(kept ?? Buffer.from(chunk));
    else if (!whole) {
      this.#upload = new Upload(() => this.#onWant());
      this.#push(this.#upload, chunk, kept);
      sink.onUpload(this.#upload);
    }
  }

  #excess(): Failure | undefined {
    this.#pieces += 1;
    if (this.bytes > this.#maxBytes) return failures.bodyTooLarge;
    const isScattered = this.#pieces > piecesMax && this.bytes < this.#pieces * pieceMinBytes;
    return isScattered ? failures.bodyScattered : undefined;
  }

  #push(upload: Upload, chunk: Buffer, kept: Buffer | undefined): void {
    if (upload.destroyed || upload.push(kept ?? chunk, this.#borrows && kept === undefined)) return;
    this.#stalled = true;
    this.#request.pause();
  }

  #onWant(): void {
    if (!this.#stalled) return;
    this.#stalled = false;
    this.#spanFromMs = -1;
    this.#sink?.onProgress();
    this.#request.resume();
  }

  #onEnd(): void {
    if (this.whole || !this.#sink) return;
    if (!this.#upload) {
      this.#complete(null);
      return;
    }
    this.whole = true;
    this.#sink.onProgress();
    this.#witness.requestEnd();
    if (!this.#upload.destroyed) this.#upload.push(null);
  }

  #complete(body: Buffer | null): void {
    this.whole = true;
    this.#witness.requestEnd();
    this.#sink?.onWhole(body);
  }
}
