/**
 * What of ours opens something, in text that clients and upstreams send: it must neither reach an upstream nor be set by
 * one. Known by its form alone.
 */

/** Cookies with this prefix, also behind `__Host-` or `__Secure-`, are ours: never forwarded, never set by others. */
export const ownCookiePrefix = "hookwatch";

const ownCookie = new RegExp(`^(?:__Host-|__Secure-)?${ownCookiePrefix}`, "i");
/** API keys, access tokens, sessions, links, invitations. */
const ownSecret = /\bhw[a-z]?_[A-Za-z0-9_.-]{32,}/;

export function holdsOwnSecret(text: string): boolean {
  return text.includes("hw") && ownSecret.test(text);
}

/** The credential of a field, without its scheme. */
export function bareCredential(value: string): string {
  return value.replace(/^\s*bearer\s+/i, "").trim();
}

/** `pair` is `name=value`. */
export function isOwnCookie(pair: string): boolean {
  return ownCookie.test(pair.trim());
}

/** The value of a `Cookie` field as others may have it; empty when nothing is left. */
export function withoutOwnCookies(value: string): string {
  if (!value.toLowerCase().includes(ownCookiePrefix)) return value;
  return value
    .split(";")
    .filter((pair) => !isOwnCookie(pair))
    .join(";")
    .trim();
}
