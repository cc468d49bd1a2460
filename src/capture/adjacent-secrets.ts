/**
 * A name and a quoted value side by side, without a sign between them: `WITH PASSWORD 'x'`, `IDENTIFIED BY 'x'`,
 * `setx API_KEY "x"`. Errors of parsers speak of an unexpected token 'x': but for passwords a value has a digit.
 */
import { findQuotedText, nameBefore } from "./assigned-secrets.ts";
import { quoteAt } from "./quotes.ts";
import type { Secret } from "./redact.ts";
import { isWord } from "./scan.ts";
import { secretType } from "./sensitive-keys.ts";

const blank = 0x20;
const headLength = 256;

/** Asked about the quote, or about what escapes it. */
export function findAdjacent(text: string, at: number): Secret | undefined {
  if (text.charCodeAt(at - 1) !== blank || !isWord[text.charCodeAt(at - 2)]) return undefined;
  const { name, start } = nameBefore(text, at);
  const type = /^by$/i.test(name) ? identifiedType(text, start) : secretType(name);
  if (type === "" || type === "session") return undefined;
  const quote = quoteAt(text, at);
  if (quote === "") return undefined;
  const secret = findQuotedText(text, at, quote, type);
  if (!secret || type === "password") return secret;
  return /\d/.test(text.slice(secret.start, Math.min(secret.end, secret.start + headLength)))
    ? secret
    : undefined;
}

function identifiedType(text: string, end: number): string {
  return /identified $/i.test(text.slice(Math.max(0, end - 12), end)) ? "password" : "";
}
