/**
 * API keys as text: made, told apart from typing mistakes, and turned into the digest they rest as.
 *
 * Our form is `hw_`, 32 random bytes in base62 (43 characters), and the CRC-32 of all that in base62
 * (6 characters): a scanner recognises a leaked key, and a mistyped one is refused without asking the
 * store. An operator may give a key of another form: 32 to 200 printable ASCII characters.
 */
import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const prefix = "hw_";
const secretBytes = 32;
/** 62 ** 43 is just above 2 ** 256, and 62 ** 6 above 2 ** 32. */
const secretLength = 43;
const checksumLength = 6;
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ourForm = new RegExp(`^${prefix}[0-9A-Za-z]{${secretLength + checksumLength}}$`);
const printable = /^[\x21-\x7e][\x20-\x7e]{30,198}[\x21-\x7e]$/;

/** A new key, to be shown once and kept only as a digest. */
export function newKeyText(): string {
  const secret = BigInt(`0x${randomBytes(secretBytes).toString("hex")}`);
  const body = prefix + toBase62(secret, secretLength);
  return body + checksumOf(body);
}

/**
 * True for text that may be a key, so that asking the store is worth while: our form with a right
 * checksum, or any other 32 to 200 printable ASCII characters.
 */
export function isKey(text: string): boolean {
  if (!ourForm.test(text)) return printable.test(text);
  return text.slice(-checksumLength) === checksumOf(text.slice(0, -checksumLength));
}

/** SHA-256 of the whole text, lower-case hex: how a key rests and is looked up. */
export function digestOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** The last four characters, to tell keys apart in a list. */
export function lastFourOf(key: string): string {
  return key.slice(-4);
}

function checksumOf(body: string): string {
  return toBase62(BigInt(crc32(body)), checksumLength);
}

function toBase62(value: bigint, length: number): string {
  let text = "";
  for (let rest = value; rest > 0n; rest /= 62n) text = alphabet.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, "0");
}
