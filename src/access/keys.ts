/**
 * API keys as text. Ours have the form of `secret-text.ts`; an operator may give a key of another form:
 * 32 to 200 printable ASCII characters.
 */
import { hasSecretForm, isSecretText, newSecretText, secretPrefixes } from "./secret-text.ts";

const printable = /^[\x21-\x7e][\x20-\x7e]{30,198}[\x21-\x7e]$/;
const otherPrefixes = Object.values(secretPrefixes).filter((one) => one !== secretPrefixes.key);

/** A new key, to be shown once and kept only as a digest. */
export function newKeyText(): string {
  return newSecretText("key");
}

/**
 * True for text that may be a key, so that asking the store is worth while: our form with a right checksum, or
 * any other 32 to 200 printable ASCII characters that do not begin like another secret of ours.
 */
export function isKey(text: string): boolean {
  if (hasSecretForm("key", text)) return isSecretText("key", text);
  return printable.test(text) && !otherPrefixes.some((prefix) => text.startsWith(prefix));
}

/** The last four characters, to tell keys apart in a list. */
export function lastFourOf(key: string): string {
  return key.slice(-4);
}
