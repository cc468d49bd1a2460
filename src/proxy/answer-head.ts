/** What the head of an upstream's answer says about its body, and where a stream of events stands. */

/** True for events that can be read as they pass: encoded ones cannot. */
export function isPlainEventStream(rawHeaders: readonly string[]): boolean {
  let plain = false;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    // Of the fields with names this long only two matter.
    if (name.length === 12 && name.toLowerCase() === "content-type") {
      plain = /^\s*text\/event-stream\s*(?:;|$)/i.test(rawHeaders[at + 1] ?? "");
    } else if (name.length === 16 && name.toLowerCase() === "content-encoding") {
      if (!/^\s*identity\s*$/i.test(rawHeaders[at + 1] ?? "")) return false;
    }
  }
  return plain;
}

/** True when the answer has a length of its own, so that its body must keep it. */
export function hasLength(rawHeaders: readonly string[]): boolean {
  return bodyLength("GET", 200, rawHeaders) !== -1;
}

/** How many bytes will follow the head; -1 when it does not tell. */
export function bodyLength(
  method: string | undefined,
  statusCode: number,
  rawHeaders: readonly string[],
): number {
  if (method === "HEAD" || statusCode === 204 || statusCode === 304) return 0;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === "content-length") return Number(rawHeaders[at + 1]);
  }
  return -1;
}

/** The last four bytes of a stream as one number, after one more chunk. */
export function tailAfter(tail: number, chunk: Uint8Array): number {
  let after = tail;
  for (let at = Math.max(0, chunk.length - 4); at < chunk.length; at += 1) {
    after = ((after << 8) | (chunk[at] ?? 0)) >>> 0;
  }
  return after;
}

/** True when a stream that ends so stands between two events, whichever line end it uses; or before the first. */
export function isBetweenEvents(tail: number): boolean {
  const lastTwo = tail & 0xffff;
  return tail === 0 || lastTwo === 0x0a0a || lastTwo === 0x0d0d || tail === 0x0d0a0d0a;
}
