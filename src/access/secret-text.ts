/**
 * Secrets as text: made, told apart from typing mistakes, and turned into the digest they rest as.
 *
 * The form is a prefix that says what it is, 32 random bytes in base62 (43 characters), and the CRC-32 of all
 * that in base62 (6 characters): a scanner recognises a leaked one, and a mistyped one is refused without
 * asking the store.
 */
import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

/** What each kind of secret begins with. */
export const secretPrefixes = {
  /** An API key. */
  key: "hw_",
  /** Continues a session of access tokens, once. */
  refresh: "hwr_",
  /** A session of the dashboard, in a cookie. */
  cookie: "hws_",
  /** A link that signs its user in, once. */
  link: "hwl_",
  /** An invitation to a team. */
  invitation: "hwi_",
} as const;

export type SecretKind = keyof typeof secretPrefixes;

const secretBytes = 32;
/** 62 ** 43 is just above 2 ** 256, and 62 ** 6 above 2 ** 32. */
const secretLength = 43;
const checksumLength = 6;
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const afterPrefix = new RegExp(`^[0-9A-Za-z]{${secretLength + checksumLength}}$`);

/** A new secret, to be handed out once and kept only as a digest. */
export function newSecretText(kind: SecretKind): string {
  const secret = BigInt(`0x${randomBytes(secretBytes).toString("hex")}`);
  const body = secretPrefixes[kind] + toBase62(secret, secretLength);
  return body + checksumOf(body);
}

/** True for text of that kind's form, whatever its checksum. */
export function hasSecretForm(kind: SecretKind, text: string): boolean {
  const prefix = secretPrefixes[kind];
  return text.startsWith(prefix) && afterPrefix.test(text.slice(prefix.length));
}

/** True for text that may be such a secret, so that asking the store is worth while. */
export function isSecretText(kind: SecretKind, text: string): boolean {
  if (!hasSecretForm(kind, text)) return false;
  return text.slice(-checksumLength) === checksumOf(text.slice(0, -checksumLength));
}

/**
 * SHA-256 of the whole text, lower-case hex: how a secret rests and is looked up. The time of such a look-up may tell
 * how much of two digests is equal, but nobody can choose the digest of a guess, so there is nothing to compare in
 * constant time.
 */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function checksumOf(body: string): string {
  return toBase62(BigInt(crc32(body)), checksumLength);
}

function toBase62(value: bigint, length: number): string {
  let text = "";
  for (let rest = value; rest > 0n; rest /= 62n) text = alphabet.charAt(Number(rest % 62n)) + text;
  return text.padStart(length, "0");
}
