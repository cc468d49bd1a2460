/**
 * Secrets that are known by their name: members of objects, parameters of queries, header fields in
 * prose. Each function is asked about one separator and looks a bounded way back for the name.
 */
import type { Secret } from "./redact.ts";
import { endOfOthers, endOfRun, isBlank, isDigit, isWord, toSet } from "./scan.ts";
import { secretType } from "./sensitive-keys.ts";

const nameMaxLength = 64;

const quote = 0x22;
const backslash = 0x5c;
const equals = 0x3d;
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
  const type = secretType(text.slice(start, end));
  if (type === "" || type === "session") return undefined;
  const at = endOfBlanks(text, colonAt + 1);
  if (text[at] === "[") return findStrings(text, at + 1, level, type);
  const secret = findValue(text, at, level, type);
  return secret ? [secret] : undefined;
}

/** `Authorization: Bearer …` and the like, asked about its colon, where a head is quoted in prose. */
export function findField(text: string, colonAt: number): Secret | undefined {
  const start = startOfName(text, colonAt);
  if (start === colonAt) return undefined;
  const name = text.slice(start, colonAt);
  const type = secretType(name);
  const isField =
    type === "authorization" || type === "cookie" || (type !== "" && /^x-/i.test(name));
  if (!isField) return undefined;
  const from = endOfRun(text, colonAt + 1, blanks);
  const scheme = schemeAt(text, from);
  const valueStart = from + scheme.length;
  // "Authorization: required" is prose.
  const value = text.slice(valueStart, valueStart + 64);
  const isSecret =
    type === "cookie"
      ? /^[\w.-]{1,60}=/.test(value)
      : scheme !== "" || /^[^\s"'\\]{12}/.test(value);
  const end = isSecret ? endOfOthers(text, valueStart, lineEnds) : valueStart;
  return end > valueStart ? { start: valueStart, end, type: schemeType(scheme, type) } : undefined;
}

const blanks = toSet(/[ \t]/);
const lineEnds = toSet(/[\r\n"'\\]/);

/**
 * `name=value` in queries and forms, and in the style of environments (`DB_PASSWORD=value`), asked
 * about its sign. Other assignments are program text, whose right side is rarely the secret.
 */
export function findAssigned(text: string, equalsAt: number): Secret | undefined {
  if (text.charCodeAt(equalsAt + 1) === equals) return undefined;
  const { start, before } = unescaped(text, startOfName(text, equalsAt));
  if (start >= equalsAt) return undefined;
  const name = text.slice(start, equalsAt);
  const type = secretType(name);
  if (type === "") return undefined;
  const isParameter = before === "" || before === "?" || before === "&" || before === ";";
  if (!isParameter && name !== name.toUpperCase()) return undefined;
  const end = endOfOthers(text, equalsAt + 1, valueEnds);
  return end > equalsAt + 1 ? { start: equalsAt + 1, end, type } : undefined;
}

const valueEnds = toSet(/[\s&"'\\;,<>()]/);

/** A name that follows an escape begins after it: `\nTOKEN`, `\u0026token`. */
function unescaped(text: string, start: number): { start: number; before: string } {
  if (text.charCodeAt(start - 1) !== backslash) return { start, before: text.charAt(start - 1) };
  if (/^u0026/i.test(text.slice(start, start + 5))) return { start: start + 5, before: "&" };
  if (/^u003f/i.test(text.slice(start, start + 5))) return { start: start + 5, before: "?" };
  return { start: "nrtbf".includes(text.charAt(start)) ? start + 1 : start, before: "\\" };
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
  const digitAt = text[at] === "-" ? at + 1 : at;
  // Numbers of tokens are counts.
  if (type === "token" || !isDigit[text.charCodeAt(digitAt)]) return undefined;
  const around = `${"\\".repeat(level)}"`;
  return { start: at, end: endOfRun(text, at, numeric), type, around };
}

const numeric = toSet(/[-+.\deE]/);

/** The word that tells how a credential is to be used stays in clear, with the blanks after it. */
function schemeAt(text: string, at: number): string {
  const word = text.slice(at, at + 16);
  return /^(?:Bearer|Basic|Digest|DPoP|Token|Negotiate) {1,4}/i.exec(word)?.[0] ?? "";
}

function schemeType(scheme: string, type: string): string {
  return scheme === "" ? type : scheme.trim().toLowerCase();
}

/**
 * Where the string ends: at a quote with `level` backslashes that escape nothing inside it, or
 * with fewer, which ends the string around it; or at the end of the text.
 */
function endOfString(text: string, start: number, level: number): number {
  for (let from = start; ; ) {
    const at = text.indexOf('"', from);
    if (at === -1) return text.length;
    const backslashes = Math.min(backslashesBefore(text, at), at - start);
    // Inside the string a quote has 2 × level + 1 of them and each backslash 2 × (level + 1).
    const own = backslashes % (2 * (level + 1));
    if (own !== 2 * level + 1) return at - own;
    from = at + 1;
  }
}

function startOfName(text: string, end: number): number {
  const least = Math.max(0, end - nameMaxLength);
  let at = end;
  while (at > least && (isWord[text.charCodeAt(at - 1)] || text.charCodeAt(at - 1) === 0x2e))
    at -= 1;
  return at;
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

function backslashesBefore(text: string, end: number): number {
  let at = end;
  while (at > 0 && text.charCodeAt(at - 1) === backslash) at -= 1;
  return end - at;
}
