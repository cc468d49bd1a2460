/**
 * What the fields of a message say about where its body ends and what becomes of the connection (RFC 9112, 6.3 and 9.3).
 *
 * In: names and values alternating. Out: the framing, or undefined where two readers could take it differently: more than
 * one length or coding, both of them, a length that is no plain number, any coding but one `chunked`.
 */

export interface Framing {
  /** Bytes; -1 when the fields do not tell. */
  readonly contentLength: number;
  readonly chunked: boolean;
  /** `Connection` says so. */
  readonly close: boolean;
  /** `Connection` says so. */
  readonly keepAlive: boolean;
}

export function readFraming(rawHeaders: readonly string[]): Framing | undefined {
  let contentLength = -1;
  let chunked = false;
  let connection = "";
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    // Of the fields with names this long only these matter.
    if (name.length === 14 && name.toLowerCase() === "content-length") {
      if (contentLength !== -1) return undefined;
      contentLength = toLength(rawHeaders[at + 1] ?? "");
      if (contentLength === -1) return undefined;
    } else if (name.length === 17 && name.toLowerCase() === "transfer-encoding") {
      if (chunked || (rawHeaders[at + 1] ?? "").toLowerCase() !== "chunked") return undefined;
      chunked = true;
    } else if (name.length === 10 && name.toLowerCase() === "connection") {
      connection =
        connection === "" ? (rawHeaders[at + 1] ?? "") : `${connection},${rawHeaders[at + 1]}`;
    }
  }
  if (chunked && contentLength !== -1) return undefined;
  if (connection === "") return { contentLength, chunked, close: false, keepAlive: false };
  const { close, keepAlive } = connectionOptions(connection);
  return { contentLength, chunked, close, keepAlive };
}

/** Sixteen digits could be more than a number holds exactly. */
const lengthDigitsMax = 15;

/** -1 for what is no length. */
function toLength(text: string): number {
  if (text === "" || text.length > lengthDigitsMax) return -1;
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    length = length * 10 + digit;
  }
  return length;
}

function connectionOptions(value: string): { close: boolean; keepAlive: boolean } {
  // As nearly everybody writes it.
  if (value === "keep-alive" || value === "close") {
    return { close: value === "close", keepAlive: value === "keep-alive" };
  }
  let close = false;
  let keepAlive = false;
  for (const option of value.toLowerCase().split(",")) {
    const name = option.trim();
    if (name === "close") close = true;
    else if (name === "keep-alive") keepAlive = true;
  }
  return { close, keepAlive };
}
