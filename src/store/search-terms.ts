/**
 * What a text search means, for every driver: each term occurs in one of a call's texts, upper and
 * lower case of ASCII alike, every other character as it is. Terms end at white space, or are phrases in double
 * quotes, white space included; a quote without its second is a term of its own.
 *
 * Works on UTF-8, since that is how texts rest; a term of whole characters occurs in the bytes
 * exactly where it occurs in the text.
 */

/** The terms of a query, folded; empty when there is nothing but white space. */
export function searchTerms(text: string): readonly Buffer[] {
  const words = [...text.matchAll(/"([^"]*)"|[^\s"]+|"/g)].map(([word, phrase]) => phrase ?? word);
  return [...new Set(words)]
    .filter((word) => word !== "")
    .map((word) => foldAscii(Buffer.from(word)));
}

/** A to Z become a to z, in place. Not `toLowerCase`: it folds the Kelvin sign to k and changes lengths. */
export function foldAscii<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
  for (let index = 0; index < bytes.length; index++) {
    bytes[index] = foldedBytes[bytes[index] ?? 0] ?? 0;
  }
  return bytes;
}

/** By the byte: what `foldAscii` makes of it. */
export const foldedBytes = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 65 && byte <= 90 ? byte | 32 : byte,
);

/** True when each term occurs in one of the texts or another. */
export function includesTerms(texts: readonly string[], terms: readonly Buffer[]): boolean {
  if (terms.length === 0) return true;
  const folded = texts.map((text) => foldAscii(Buffer.from(text)));
  return terms.every((term) => folded.some((bytes) => bytes.includes(term)));
}
