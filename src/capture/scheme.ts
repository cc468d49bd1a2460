/** Schemes of HTTP authentication: the word that tells how a credential is to be used stays in clear. */
import type { Secret } from "./redact.ts";

/** The scheme that stands there, with the blanks after it; "" for none. */
export function schemeAt(text: string, at: number): string {
  const word = text.slice(at, at + 16);
  return /^(?:Bearer|Basic|Digest|DPoP|Token|Negotiate) {1,4}/i.exec(word)?.[0] ?? "";
}

/** The credential after the scheme, if there is one. */
export function withoutScheme(text: string, secret: Secret): Secret {
  const scheme = schemeAt(text, secret.start);
  const start = secret.start + scheme.length;
  if (scheme === "" || start >= secret.end) return secret;
  return { start, end: secret.end, type: scheme.trim().toLowerCase() };
}
