/**
 * What an image is by its first bytes, whatever it says of itself: pictures made of points, nothing that can hold
 * a script or a link.
 */

/** As far as any of them must be read. */
const readBytes = 16;

/** The media type; undefined for everything that is not shown. */
export function rasterTypeOf(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, readBytes);
  const starts = (...signature: number[]) => signature.every((byte, at) => head[at] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "image/png";
  if (starts(0xff, 0xd8, 0xff)) return "image/jpeg";
  const text = String.fromCharCode(...head);
  if (text.startsWith("GIF87a") || text.startsWith("GIF89a")) return "image/gif";
  if (text.startsWith("RIFF") && text.slice(8, 12) === "WEBP") return "image/webp";
  if (text.slice(4, 12) === "ftypavif") return "image/avif";
  return undefined;
}

/** Undefined for what is no Base64, such as a text that was cut. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
