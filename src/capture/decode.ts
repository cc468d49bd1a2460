/**
 * Undoes the content coding of the log's copy of a body. The proxied bytes stay as they are.
 *
 * Never throws: what cannot be decoded is `encoded`, with the reason. Bounds: one layer,
 * `decodedMaxBytes` of output and no more than `ratioMax` times the input, against bombs.
 */
import {
  brotliDecompressSync,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from "node:zlib";

export type Decoded = { readonly kind: "clear"; readonly bytes: Buffer } | Encoded;

/** `garbled`: it is not what its coding says; otherwise only more than is read here. */
export interface Encoded {
  readonly kind: "encoded";
  readonly reason: string;
  readonly garbled: boolean;
}

const decodedMaxBytes = 16 * 1024 * 1024;
export const ratioMax = 100;
/** Short bodies may be a little more than `ratioMax` times their encoded form without being bombs. */
const outputMinBytes = 64 * 1024;

/** `contentEncoding`: the field's value as it came, "" without one. */
export function decodeBody(bytes: Buffer, contentEncoding: string): Decoded {
  const coding = contentEncoding.trim().toLowerCase();
  if (coding === "" || coding === "identity" || bytes.length === 0) return { kind: "clear", bytes };
  const decode = decoders[coding];
  if (!decode) {
    return { kind: "encoded", reason: `content coding "${coding.slice(0, 40)}"`, garbled: false };
  }
  const maxOutputLength = Math.min(
    decodedMaxBytes,
    Math.max(outputMinBytes, bytes.length * ratioMax),
  );
  try {
    return { kind: "clear", bytes: decode(bytes, { maxOutputLength }) };
  } catch (error) {
    const large = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    const reason = large ? `${coding} of more than ${maxOutputLength} bytes` : `garbled ${coding}`;
    return { kind: "encoded", reason, garbled: !large };
  }
}

type Decoder = (bytes: Buffer, limit: { readonly maxOutputLength: number }) => Buffer;

const decoders: Readonly<Record<string, Decoder | undefined>> = Object.assign(Object.create(null), {
  gzip: gunzipSync,
  "x-gzip": gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  deflate: inflateEither,
});

/** "deflate" means zlib by RFC 9110 section 8.4.1.2; some servers send it without the wrapper. */
function inflateEither(bytes: Buffer, limit: { readonly maxOutputLength: number }): Buffer {
  return isZlibHeader(bytes) ? inflateSync(bytes, limit) : inflateRawSync(bytes, limit);
}

/** RFC 1950, 2.2 */
export function isZlibHeader([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}
