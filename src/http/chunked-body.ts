/**
 * A body in chunks (RFC 9112, 7.1), read strictly: the chunks undone, extensions and trailers checked and dropped.
 *
 * In: bytes as they come. Out: the body's, in pieces that share their memory. Malformed: sizes that are no plain
 * hexadecimal number or above 2^52, blanks, bare CR or LF, extensions that are not `;name` or `;name=value`, trailers
 * that are no field lines or speak of framing. Bounds, for one body: 16 KiB of extensions, 16 KiB of trailers.
 */
import { readFieldLines } from "./field-lines.ts";

export interface BodySink {
  /** Shares the memory of the bytes that came. May stop the reader. */
  onBody(piece: Buffer): void;
}

export type BodyState = "reading" | "whole" | "malformed" | "stopped";

export const extensionsMaxBytes = 16_384;
export const trailersMaxBytes = 16_384;

/** What comes next. */
type Expected =
  | "size"
  | "more size"
  | "extension"
  | "LF"
  | "data"
  | "CR after"
  | "LF after"
  | "trailers";

export class ChunkedBody {
  state: BodyState = "reading";
  #expected: Expected = "size";
  /** Of the chunk, yet to come. */
  #leftBytes = 0;
  #sizeDigits = 0;
  #extension = "";
  #extensionsBytes = 0;
  #trailers = "";
  /** Of the trailer that is coming. */
  #lineBytes = 0;

  /** For the next body. */
  reset(): void {
    this.state = "reading";
    this.#expected = "size";
    this.#leftBytes = 0;
    this.#sizeDigits = 0;
    this.#extension = "";
    this.#extensionsBytes = 0;
    this.#trailers = "";
    this.#lineBytes = 0;
  }

  /** Tells nothing more. To be called from `onBody`. */
  stop(): void {
    this.state = "stopped";
  }

  /** Reads from `from` on. Gives where the body ended, or the chunk's length. */
  read(chunk: Buffer, from: number, sink: BodySink): number {
    let at = from;
    while (at < chunk.length && this.state === "reading") {
      if (this.#expected === "data") at = this.#data(chunk, at, sink);
      else {
        this.#byte(chunk[at] ?? 0);
        at += 1;
      }
    }
    return at;
  }

  #data(chunk: Buffer, at: number, sink: BodySink): number {
    const end = Math.min(chunk.length, at + this.#leftBytes);
    this.#leftBytes -= end - at;
    if (this.#leftBytes === 0) this.#expected = "CR after";
    sink.onBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    return end;
  }

  #byte(byte: number): void {
    switch (this.#expected) {
      case "size":
      case "more size":
        this.#size(byte);
        break;
      case "extension":
        this.#extend(byte);
        break;
      case "LF":
        this.#expect(byte === lf, this.#leftBytes === 0 ? "trailers" : "data");
        break;
      case "CR after":
        this.#expect(byte === cr, "LF after");
        break;
      case "LF after":
        this.#expect(byte === lf, "size");
        break;
      default:
        this.#trailer(byte);
    }
  }

  #expect(met: boolean, then: Expected): void {
    if (met) this.#expected = then;
    else this.state = "malformed";
  }

  #size(byte: number): void {
    const digit = hexDigit(byte);
    if (digit !== -1) {
      if (this.#expected === "size") this.#sizeDigits = 0;
      this.#sizeDigits += 1;
      this.#leftBytes = this.#leftBytes * 16 + digit;
      this.#expect(this.#sizeDigits <= sizeDigitsMax, "more size");
    } else if (byte === semicolon) this.#expect(this.#expected === "more size", "extension");
    else this.#expect(byte === cr && this.#expected === "more size", "LF");
  }

  #extend(byte: number): void {
    this.#extensionsBytes += 1;
    if (this.#extensionsBytes > extensionsMaxBytes) this.state = "malformed";
    else if (byte === cr) {
      this.#expect(extensions.test(this.#extension), "LF");
      this.#extension = "";
    } else this.#extension += String.fromCharCode(byte);
  }

  #trailer(byte: number): void {
    this.#trailers += String.fromCharCode(byte);
    this.#lineBytes += 1;
    if (this.#trailers.length > trailersMaxBytes) this.state = "malformed";
    else if (byte === lf && this.#lineBytes <= 2) {
      this.state = isTrailers(this.#trailers) ? "whole" : "malformed";
    } else if (byte === lf) this.#lineBytes = 0;
  }
}

const cr = 0x0d;
const lf = 0x0a;
const semicolon = 0x3b;
/** 2^52 and more is no size of anything. */
const sizeDigitsMax = 13;

/** Behind the first semicolon. Quoted values without what would have to be escaped. */
const extensions =
  /^[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))?(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"[\x20\x21\x23-\x5b\x5d-\x7e]*"))?)*$/;

/** With the empty line. */
function isTrailers(text: string): boolean {
  if (!text.endsWith("\r\n")) return false;
  const fields = readFieldLines(text.slice(0, -2), 0);
  if (fields === undefined) return false;
  return !fields.some((part, at) => at % 2 === 0 && framingNames.test(part));
}

const framingNames = /^(?:content-length|transfer-encoding)$/i;

/** -1 for what is none. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
