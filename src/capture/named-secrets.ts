/**
 * Members of objects that are named for secrets, in JSON, in JSON inside strings of JSON, and as Python
 * writes its own. Each function is asked about one colon and looks a bounded way back for the name.
 */

import { memberType } from "./assigned-secrets.ts";
import { endOfBlanks, NestedSecrets } from "./nested-secrets.ts";
import { PairedNames } from "./paired-secrets.ts";
import { isManifest } from "./plausible-secret.ts";
import {
  backslashesBefore,
  endOfQuoted,
  endOfString,
  endsString,
  quoteAt,
  quoteBefore,
} from "./quotes.ts";
import type { Secret } from "./redact.ts";
import { endOfRun, isBlank, isDigit, toSet } from "./scan.ts";
import { withoutScheme } from "./scheme.ts";
import { isPin, unescapedName } from "./sensitive-keys.ts";

/** Each character may be written with six. */
const nameMaxLength = 6 * 64;

const quote = 0x22;
const backslash = 0x5c;

/** What is remembered of one text while it is read. */
export class Members {
  readonly nested: NestedSecrets;
  readonly pairs: PairedNames;

  constructor(text: string) {
    this.nested = new NestedSecrets(text);
    this.pairs = new PairedNames(text);
  }
}

/**
 * A member of an object, asked about its colon. Inside a string of JSON the quotes are escaped, once
 * more for each level: `level` is the number of backslashes before each of them: 0, 1, 3, 7 …
 */
export function findMember(
  text: string,
  colonAt: number,
  { nested, pairs }: Members,
): Secret | undefined {
  const quoteAt = startOfBlanks(text, colonAt) - 1;
  if (text.charCodeAt(quoteAt) !== quote) return undefined;
  const level = backslashesBefore(text, quoteAt);
  const end = quoteAt - level;
  const start = startOfQuoted(text, end);
  if (start === -1) return undefined;
  const name = unescapedName(text.slice(start, end));
  const quoted = text.slice(end, quoteAt + 1);
  const type = pairs.typeOf(name, colonAt, quoted) || memberType(name);
  if (type === "") return undefined;
  const at = endOfBlanks(text, colonAt + 1);
  if (type === "pin") return findPin(text, at, level);
  if (text[at] === "[" || text[at] === "{") {
    nested.read(at, quoted, type);
    return undefined;
  }
  return findValue(text, at, level, type);
}

/** A member whose quotes are others: Python's, or quotes that are themselves escaped. */
export function findQuotedMember(
  text: string,
  colonAt: number,
  { nested, pairs }: Members,
): Secret | undefined {
  const nameEnd = startOfBlanks(text, colonAt);
  const quote = quoteBefore(text, nameEnd);
  if (quote === "" || quote === '"') return undefined;
  const end = nameEnd - quote.length;
  const head = text.slice(Math.max(0, end - nameMaxLength - quote.length), end);
  const at = head.lastIndexOf(quote);
  if (at === -1) return undefined;
  const name = unescapedName(head.slice(at + quote.length));
  const type = pairs.typeOf(name, colonAt, quote) || memberType(name);
  if (type === "" || type === "pin") return undefined;
  const valueAt = afterPrefix(text, endOfBlanks(text, colonAt + 1));
  if (text[valueAt] === "[" || text[valueAt] === "{") {
    nested.read(valueAt, quote, type);
    return undefined;
  }
  const opening = quoteAt(text, valueAt);
  if (opening === "") return findNumber(text, valueAt, quote, type);
  // The string of JSON around it ends before there is a value.
  if (opening === '"' && endsString(text, valueAt)) return undefined;
  const start = valueAt + opening.length;
  const valueEnd = endOfQuoted(text, start, opening);
  return valueEnd > start ? withoutScheme(text, { start, end: valueEnd, type }) : undefined;
}

/** Python writes bytes as `b'…'`. */
function afterPrefix(text: string, at: number): number {
  return /^[bru]['"\\]/.test(text.slice(at, at + 2)) ? at + 1 : at;
}

/** A string or a number at that place is a secret; anything else speaks for itself. */
function findValue(text: string, at: number, level: number, type: string): Secret | undefined {
  if (isQuoteAt(text, at, level)) {
    const start = at + level + 1;
    const end = endOfString(text, start, level);
    if (end === start || isManifest(text, start)) return undefined;
    return withoutScheme(text, { start, end, type });
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

function findPin(text: string, at: number, level: number): Secret | undefined {
  const secret = findValue(text, at, level, "pin");
  return secret && secret.around === undefined && isPin(text.slice(secret.start, secret.end))
    ? secret
    : undefined;
}

const numeric = toSet(/[-+.\deE]/);

/** Where the quoted text that ends there starts; -1 when it is too long for a name. */
function startOfQuoted(text: string, end: number): number {
  const least = Math.max(0, end - nameMaxLength);
  for (let at = end; at > least; at -= 1) {
    if (text.charCodeAt(at - 1) === quote) return at;
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
