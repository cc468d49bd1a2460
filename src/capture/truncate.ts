/** Text no longer than a number of bytes of UTF-8, cut between two characters. */
export function truncate(text: string, maxBytes: number): { text: string; truncated: boolean } {
  // A UTF-16 unit takes at most three bytes.
  if (text.length * 3 <= maxBytes) return { text, truncated: false };
  if (Buffer.byteLength(text) <= maxBytes) return { text, truncated: false };
  const bytes = Buffer.allocUnsafe(maxBytes);
  // `write` stops before a character that does not fit whole.
  const written = bytes.write(text.slice(0, maxBytes), "utf8");
  return { text: bytes.toString("utf8", 0, written), truncated: true };
}

/** Text of at most so many characters, for messages that people read; never half of a pair. */
export function shorten(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const last = text.charCodeAt(maxCharacters - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? maxCharacters - 1 : maxCharacters);
}
