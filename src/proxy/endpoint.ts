/**
 * The legacy `endpoint` event: the first event of a GET stream may tell the client where to post (2024-11-05 transport).
 *
 * In: the stream's bytes, in any pieces. Out: the same bytes at once, but the `data` lines of the first event, which
 * wait for that event's end: until then no client acts on them. If the event is named `endpoint`, the reference in
 * its one data line is exchanged and nothing else. Holds 16 KiB at most; a longer event is none of these and passes.
 *
 * Event streams: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
import { endpointEventMaxBytes } from "./limits.ts";

const lf = 0x0a;
const cr = 0x0d;
const byteOrderMark = [0xef, 0xbb, 0xbf];
const nothing = Buffer.alloc(0);

export class EndpointFilter {
  /** Whatever comes from now on passes as it is. */
  over = false;
  /** The event names a place that must not be told to the client; nothing more may be let through. */
  refused = false;
  readonly #exchange: (reference: string) => string | undefined;
  /** From the first data line on, while its event is incomplete. */
  #held: Buffer = nothing;
  /** Where `#held` begins in the bytes at hand; -1 while nothing is held. */
  #heldFrom = -1;
  #markBytes = 0;
  #afterCr = false;
  /** The current line's first characters, enough to tell `event: endpoint`, and its length. */
  #line = "";
  #lineLength = 0;
  #named = false;
  #dataLines = 0;
  /** The first data line's value, counted from the beginning of what is held. */
  #valueFrom = 0;
  #valueEnd = 0;

  /** `exchange` gives the reference that the client is to read instead; undefined refuses the stream. */
  constructor(exchange: (reference: string) => string | undefined) {
    this.#exchange = exchange;
  }

  /** What to let through now. */
  push(chunk: Buffer): Buffer {
    if (this.over) return chunk;
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#heldFrom = this.#held.length === 0 ? -1 : 0;
    for (let at = this.#held.length; at < bytes.length; at += 1) {
      if (this.#read(bytes, at)) return this.#release(bytes);
    }
    this.#held = this.#heldFrom === -1 ? nothing : bytes.subarray(this.#heldFrom);
    if (this.#heldFrom === -1) return bytes;
    if (this.#held.length > endpointEventMaxBytes) {
      this.over = true;
      this.#held = nothing;
      return bytes;
    }
    return bytes.subarray(0, this.#heldFrom);
  }

  /** What is left when the stream ends: no client acts on an event that is cut. */
  end(): Buffer {
    const rest = this.#held;
    this.#held = nothing;
    this.over = true;
    return rest;
  }

  /** Takes one byte; true when the first event is known to be complete, or to be no endpoint event. */
  #read(bytes: Buffer, at: number): boolean {
    const byte = bytes[at] ?? 0;
    if (this.#markBytes < 3) {
      if (byte === byteOrderMark[this.#markBytes]) {
        this.#markBytes += 1;
        return false;
      }
      this.#markBytes = 3;
    }
    const endsLine = byte === cr || (byte === lf && !this.#afterCr);
    const isSecondHalf = byte === lf && this.#afterCr;
    this.#afterCr = byte === cr;
    if (endsLine) return this.#endLine(at);
    if (isSecondHalf) return false;
    this.#lineLength += 1;
    if (this.#line.length < 24) this.#line += String.fromCharCode(byte);
    if (this.#lineLength === 1 && this.#heldFrom === -1) this.#heldFrom = at;
    return this.#isHopeless();
  }

  /** Decides early, amid a line: so that what is no endpoint event waits for nothing. */
  #isHopeless(): boolean {
    const line = this.#line;
    if (this.#dataLines > 0) return false;
    if (!line.startsWith("data:".slice(0, line.length))) this.#heldFrom = -1;
    if (this.#named || !line.startsWith("data:")) return false;
    // A message, then: JSON-RPC in an event without a name.
    return /^data: ?[{[]/.test(line);
  }

  #endLine(at: number): boolean {
    const line = this.#line;
    const length = this.#lineLength;
    this.#line = "";
    this.#lineLength = 0;
    if (length === 0) return this.#endEvent();
    if (line.startsWith("event:")) {
      this.#named = length === line.length && /^event: ?endpoint$/.test(line);
      return !this.#named;
    }
    const isData = line.startsWith("data:") || (line === "data" && length === 4);
    if (!isData) {
      if (this.#dataLines === 0) this.#heldFrom = -1;
      return false;
    }
    this.#dataLines += 1;
    if (this.#dataLines > 1) return false;
    const lineFrom = at - length - this.#heldFrom;
    this.#valueFrom = lineFrom + Math.min(length, line[5] === " " ? 6 : 5);
    this.#valueEnd = lineFrom + length;
    // An event of nothing, which only gives the stream an id to resume from.
    return !this.#named && this.#valueFrom === this.#valueEnd;
  }

  /** An event without data is none (section 9.2.6). */
  #endEvent(): boolean {
    if (this.#dataLines > 0) return true;
    this.#named = false;
    this.#heldFrom = -1;
    return false;
  }

  #release(bytes: Buffer): Buffer {
    this.over = true;
    this.#held = nothing;
    if (!this.#named || this.#dataLines === 0) return bytes;
    const from = this.#heldFrom + this.#valueFrom;
    const to = this.#heldFrom + this.#valueEnd;
    const reference = bytes.toString("utf8", from, to);
    // Several lines would be one reference with a line end in it, which readers disagree about.
    const instead = this.#dataLines === 1 ? this.#exchange(reference) : undefined;
    if (instead === undefined) {
      this.refused = true;
      return bytes.subarray(0, this.#heldFrom);
    }
    return Buffer.concat([bytes.subarray(0, from), Buffer.from(instead), bytes.subarray(to)]);
  }
}
