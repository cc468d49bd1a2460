/** UUIDs as sixteen bytes, in the order of the text: bytewise comparison is the same for both. */

/** `id` is a UUID in lower case. */
export function uuidBytes(id: string): Uint8Array {
  const bytes = new Uint8Array(16);
  let at = 0;
  for (let index = 0; index < 36; index += 2) {
    // Hyphens stand at even places, before each pair that follows them.
    if (id.charCodeAt(index) === hyphen) index++;
    bytes[at++] = (digitOf(id.charCodeAt(index)) << 4) | digitOf(id.charCodeAt(index + 1));
  }
  return bytes;
}

const hyphen = 45;

/** Of 0–9 and a–f. */
function digitOf(code: number): number {
  return code <= 57 ? code - 48 : code - 87;
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
