/**
 * Takes secrets out of text before it leaves this folder.
 *
 * In: any text: JSON, JSON inside strings of JSON, cut JSON, query strings, prose. Out: the same
 * text with each secret replaced by its seal (see seal.ts). What is no secret stays byte for byte:
 * nothing is parsed and written anew.
 *
 * Guarantees: never throws; time grows with the length of the text alone. Bounds: names of up to
 * `nameMaxLength` characters; one text gets at most `sealsMax` digests, further secrets get none.
 */

import { endOfOthers, endOfRun, toSet } from "./scan.ts";
import type { Seal } from "./seal.ts";
import { findShapes } from "./secret-shapes.ts";
import { secretType, sensitiveStem } from "./sensitive-keys.ts";

/** A half-open span of the text. */
export interface Secret {
  readonly start: number;
  readonly end: number;
  readonly type: string;
  /** What stands around the seal, so that a number becomes a string; absent for nothing. */
  readonly around?: string;
}

const nameMaxLength = 64;
const sealsMax = 10_000;

/** `cut`: the text was longer; a secret that its end cuts is taken out as far as it is there. */
export function redact(text: string, seal: Pick<Seal, "mark">, cut = false): string {
  const found: Secret[] = [];
  findNamed(text, found);
  findShapes(text, cut, found);
  if (found.length === 0) return text;
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  const pieces: string[] = [];
  let written = 0;
  for (const [index, { start, end, type, around = "" }] of found.entries()) {
    if (end <= written) continue;
    const from = Math.max(start, written);
    const secret = text.slice(from, end);
    if (sealed.test(secret)) continue;
    pieces.push(text.slice(written, from));
    const mark = index < sealsMax ? seal.mark(type, secret) : `[redacted:${type}]`;
    pieces.push(around === "" ? mark : `${around}${mark}${around}`);
    written = end;
  }
  pieces.push(text.slice(written));
  return pieces.join("");
}

/** Text that went through here before stays as it is. */
const sealed = /^\[redacted:[a-z_-]{1,20}(?::[0-9a-f]{8})?\]$/;

/** Values of names that promise a secret. */
function findNamed(text: string, found: Secret[]): void {
  sensitiveStem.lastIndex = 0;
  for (let match = sensitiveStem.exec(text); match; match = sensitiveStem.exec(text)) {
    const start = startOfName(text, match.index);
    const end = endOfName(text, match.index + 1);
    // Never before the stem's own end, or the search would go round in circles.
    if (end > sensitiveStem.lastIndex) sensitiveStem.lastIndex = end;
    const next = text.charCodeAt(end);
    if (next !== equals && next !== quote && next !== backslash && next !== colon) continue;
    const type = secretType(text.slice(start, end));
    if (type === "") continue;
    let after = end;
    if (next === equals) after = findAssigned(text, start, end, type, found);
    else if (next === colon) after = findField(text, start, end, type, found);
    else after = findQuoted(text, start, end, type, found);
    if (after > sensitiveStem.lastIndex) sensitiveStem.lastIndex = after;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const equals = 0x3d;
const nameCharacters = toSet(/[A-Za-z0-9_.$-]/);

function startOfName(text: string, from: number): number {
  let at = from;
  const least = Math.max(0, from - nameMaxLength);
  while (at > least && nameCharacters[text.charCodeAt(at - 1)]) at -= 1;
  return at;
}

function endOfName(text: string, from: number): number {
  let at = from;
  const most = Math.min(text.length, from + nameMaxLength);
  // A blank may stand inside a quoted name ("api key"), never at its end.
  while (at < most && (nameCharacters[text.charCodeAt(at)] || isInnerBlank(text, at))) at += 1;
  return at;
}

function isInnerBlank(text: string, at: number): boolean {
  return text.charCodeAt(at) === 0x20 && /^key/i.test(text.slice(at + 1, at + 4));
}

/**
 * `name=value` in queries and forms, and in the style of environments (`DB_PASSWORD=value`).
 * Other assignments are program text, whose right side is rarely the secret.
 */
function findAssigned(text: string, start: number, end: number, type: string, found: Secret[]) {
  const before = start === 0 ? "&" : text[start - 1];
  const name = text.slice(start, end);
  if (before !== "?" && before !== "&" && before !== ";" && name !== name.toUpperCase()) return end;
  if (text.charCodeAt(end + 1) === equals) return end;
  const valueEnd = endOfOthers(text, end + 1, valueEnds);
  if (valueEnd > end + 1) found.push({ start: end + 1, end: valueEnd, type });
  return valueEnd;
}

const valueEnds = toSet(/[\s&"'\\;,<>()]/);

/** `Authorization: Bearer …` and the like, where a head is quoted in prose. */
function findField(text: string, start: number, end: number, type: string, found: Secret[]) {
  const isField =
    type === "authorization" || type === "cookie" || /^x-/i.test(text.slice(start, end));
  if (!isField) return end;
  const from = endOfRun(text, end + 1, blanks);
  const scheme = schemeAt(text, from);
  const valueStart = from + scheme.length;
  // "Authorization: required" is prose.
  const value = text.slice(valueStart, valueStart + 64);
  const isSecret =
    type === "cookie"
      ? /^[\w.-]{1,60}=/.test(value)
      : scheme !== "" || /^[^\s"'\\]{12}/.test(value);
  if (!isSecret) return end;
  const valueEnd = endOfOthers(text, valueStart, lineEnds);
  if (valueEnd > valueStart)
    found.push({ start: valueStart, end: valueEnd, type: schemeType(scheme, type) });
  return valueEnd;
}

const blanks = toSet(/[ \t]/);
const lineEnds = toSet(/[\r\n"'\\]/);

/** The word that tells how a credential is to be used stays in clear, with the blanks after it. */
function schemeAt(text: string, at: number): string {
  return (
    /^(?:Bearer|Basic|Digest|DPoP|Token|Negotiate) {1,4}/i.exec(text.slice(at, at + 16))?.[0] ?? ""
  );
}

function schemeType(scheme: string, type: string): string {
  return scheme === "" ? type : scheme.trim().toLowerCase();
}

/**
 * A member of an object. Inside a string of JSON the quotes are escaped, once more for each level:
 * `level` is the number of backslashes before each of them: 0, 1, 3, 7 …
 */
function findQuoted(text: string, start: number, end: number, type: string, found: Secret[]) {
  const level = backslashesBefore(text, start - 1);
  if (text.charCodeAt(start - 1) !== quote) return end;
  if (backslashesAt(text, end) !== level || text.charCodeAt(end + level) !== quote) return end;
  const separator = endOfBlanks(text, end + level + 1);
  if (text.charCodeAt(separator) !== colon) return end;
  const at = endOfBlanks(text, separator + 1);
  if (text[at] === "[") return findStrings(text, at + 1, level, type, found);
  return findValue(text, at, level, type, found);
}

/** White space, as it is or escaped inside a string. */
function endOfBlanks(text: string, from: number): number {
  for (let at = from; ; ) {
    const plain = endOfRun(text, at, whiteSpace);
    const escaped = plain + backslashesAt(text, plain);
    if (escaped === plain || !escapedBlanks[text.charCodeAt(escaped)]) return plain;
    at = escaped + 1;
  }
}

const whiteSpace = toSet(/\s/);
const escapedBlanks = toSet(/[nrt]/);

/** The strings of an array up to its end or to anything that is no string. */
function findStrings(text: string, from: number, level: number, type: string, found: Secret[]) {
  let at = from;
  for (;;) {
    at = endOfBlanks(text, at);
    if (!isOpeningQuote(text, at, level)) return at;
    at = endOfBlanks(text, findValue(text, at, level, type, found));
    if (text[at] !== ",") return at;
    at += 1;
  }
}

function isOpeningQuote(text: string, at: number, level: number): boolean {
  return backslashesAt(text, at) === level && text.charCodeAt(at + level) === quote;
}

/** A string or a number at that place is a secret; anything else speaks for itself. */
function findValue(text: string, at: number, level: number, type: string, found: Secret[]) {
  if (!isOpeningQuote(text, at, level)) {
    const numberEnd = endOfRun(text, at, numeric);
    // Numbers of tokens are counts.
    if (type === "token" || !/[-\d]/.test(text.charAt(at))) return at;
    const around = `${"\\".repeat(level)}"`;
    found.push({ start: at, end: numberEnd, type, around });
    return numberEnd;
  }
  const start = at + level + 1;
  const end = endOfString(text, start, level);
  const scheme = schemeAt(text, start);
  const from = start + scheme.length;
  if (end > from) found.push({ start: from, end, type: schemeType(scheme, type) });
  return Math.min(text.length, end + level + 1);
}

const numeric = toSet(/[-+.\deE]/);

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
    if (backslashes % (2 * (level + 1)) !== 2 * level + 1)
      return at - (backslashes % (2 * (level + 1)));
    from = at + 1;
  }
}

function backslashesBefore(text: string, end: number): number {
  let at = end;
  while (at > 0 && text.charCodeAt(at - 1) === backslash) at -= 1;
  return end - at;
}

function backslashesAt(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) === backslash) at += 1;
  return at - start;
}
