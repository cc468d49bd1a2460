/**
 * Members of objects that are named for secrets, in JSON, in JSON inside strings of JSON, and as Python
 * writes its own. Each function is asked about one colon and looks a bounded way back for the name.
 */

import { memberType, pairedType, schemeAt } from "./assigned-secrets.ts";
import { backslashesBefore, endOfQuoted, endOfString, quoteAt, quoteBefore } from "./quotes.ts";
import type { Secret } from "./redact.ts";
import { endOfRun, isBlank, isDigit, toSet } from "./scan.ts";
import { isPin } from "./sensitive-keys.ts";

const nameMaxLength = 64;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/**
 * A member of an object, asked about its colon. Inside a string of JSON the quotes are escaped, once
 * more for each level: `level` is the number of backslashes before each of them: 0, 1, 3, 7 …
 */
export function findMember(text: string, colonAt: number): readonly Secret[] | undefined {
  const quoteAt = startOfBlanks(text, colonAt) - 1;
  if (text.charCodeAt(quoteAt) !== quote) return undefined;
  const level = backslashesBefore(text, quoteAt);
  const end = quoteAt - level;
  const start = startOfQuoted(text, end);
  if (start === -1) return undefined;
  const name = text.slice(start, end);
  const type = name === "value" ? pairedType(text, start) : memberType(name);
  if (type === "") return undefined;
  const at = endOfBlanks(text, colonAt + 1);
  if (type === "pin") return findPin(text, at, level);
  if (text[at] === "[") return findStrings(text, at + 1, level, type);
  const secret = findValue(text, at, level, type);
  return secret ? [secret] : undefined;
}

/** A member whose quotes are others: Python's, or quotes that are themselves escaped. */
export function findQuotedMember(text: string, colonAt: number): Secret | undefined {
  const nameEnd = startOfBlanks(text, colonAt);
  const quote = quoteBefore(text, nameEnd);
  if (quote === "" || quote === '"') return undefined;
  const end = nameEnd - quote.length;
  const head = text.slice(Math.max(0, end - nameMaxLength - quote.length), end);
  const at = head.lastIndexOf(quote);
  if (at === -1) return undefined;
  const type = memberType(head.slice(at + quote.length));
  if (type === "" || type === "pin") return undefined;
  const valueAt = afterPrefix(text, endOfBlanks(text, colonAt + 1));
  const opening = quoteAt(text, valueAt);
  if (opening === "") return findNumber(text, valueAt, quote, type);
  const from = valueAt + opening.length;
  const valueEnd = endOfQuoted(text, from, opening);
  const scheme = schemeAt(text, from);
  const start = from + scheme.length < valueEnd ? from + scheme.length : from;
  return valueEnd > start
    ? { start, end: valueEnd, type: start > from ? schemeType(scheme, type) : type }
    : undefined;
}

/** Python writes bytes as `b'…'`. */
function afterPrefix(text: string, at: number): number {
  return /^[bru]['"\\]/.test(text.slice(at, at + 2)) ? at + 1 : at;
}

/** The strings of an array up to its end or to anything that is no string. */
function findStrings(text: string, from: number, level: number, type: string): readonly Secret[] {
  const found: Secret[] = [];
  for (let at = endOfBlanks(text, from); isQuoteAt(text, at, level); ) {
    const secret = findValue(text, at, level, type);
    if (secret) found.push(secret);
    const after = secret ? secret.end + level + 1 : at + 2 * (level + 1);
    const next = endOfBlanks(text, after);
    if (text.charCodeAt(next) !== comma) break;
    at = endOfBlanks(text, next + 1);
  }
  return found;
}

/** A string or a number at that place is a secret; anything else speaks for itself. */
function findValue(text: string, at: number, level: number, type: string): Secret | undefined {
  if (isQuoteAt(text, at, level)) {
    const start = at + level + 1;
    const end = endOfString(text, start, level);
    const scheme = schemeAt(text, start);
    if (start + scheme.length >= end) return end > start ? { start, end, type } : undefined;
    return { start: start + scheme.length, end, type: schemeType(scheme, type) };
  }
  return findNumber(text, at, `${"\\".repeat(level)}"`, type);
}

/** Numbers of tokens are counts. */
function findNumber(text: string, at: number, around: string, type: string): Secret | undefined {
  const digitAt = text[at] === "-" ? at + 1 : at;
  if (type === "token" || type === "code" || !isDigit[text.charCodeAt(digitAt)]) {
    // A code of six digits is one for once; those of errors are shorter.
    if (type !== "code" || !/^\d{6,8}\b/.test(text.slice(at, at + 9))) return undefined;
  }
  return { start: at, end: endOfRun(text, at, numeric), type, around };
}

function findPin(text: string, at: number, level: number): readonly Secret[] | undefined {
  const secret = findValue(text, at, level, "pin");
  return secret && secret.around === undefined && isPin(text.slice(secret.start, secret.end))
    ? [secret]
    : undefined;
}

const numeric = toSet(/[-+.\deE]/);

function schemeType(scheme: string, type: string): string {
  return scheme === "" ? type : scheme.trim().toLowerCase();
}

/** Where the quoted text that ends there starts; -1 when it is too long for a name. */
function startOfQuoted(text: string, end: number): number {
  const least = Math.max(0, end - nameMaxLength);
  for (let at = end; at > least; at -= 1) {
    const code = text.charCodeAt(at - 1);
    if (code === quote) return at;
    if (code === backslash) return -1;
  }
  return -1;
}

function isQuoteAt(text: string, at: number, level: number): boolean {
  for (let index = 0; index < level; index += 1) {
    if (text.charCodeAt(at + index) !== backslash) return false;
  }
  return text.charCodeAt(at + level) === quote;
}

function startOfBlanks(text: string, end: number): number {
  let at = end;
  while (at > 0 && isBlank[text.charCodeAt(at - 1)]) at -= 1;
  return at;
}

/** White space, as it is or escaped inside a string. */
function endOfBlanks(text: string, from: number): number {
  for (let at = from; ; ) {
    const plain = endOfRun(text, at, isBlank);
    let escaped = plain;
    while (text.charCodeAt(escaped) === backslash) escaped += 1;
    if (escaped === plain || !"nrt".includes(text.charAt(escaped))) return plain;
    at = escaped + 1;
  }
}
