/**
 * Secrets that are named outside of JSON: `password: x`, `API_KEY="x"`, `?token=x`, `Pwd=x;`, fields of
 * a head quoted in prose. Each function is asked about one separator and looks a bounded way back.
 */

import { findBlock } from "./block-secrets.ts";
import { isPlausible, isPlausibleQuoted } from "./plausible-secret.ts";
import { backslashesBefore, endOfQuoted, quoteAt, quoteBefore } from "./quotes.ts";
import type { Secret } from "./redact.ts";
import { type CharacterSet, endOfEscaped, endOfOthers, endOfRun, isWord, toSet } from "./scan.ts";
import { schemeAt, withoutScheme } from "./scheme.ts";
import { isMcpSession, parameterType, secretType } from "./sensitive-keys.ts";

const nameMaxLength = 64;
const quotedMaxLength = 4_096;
/** Of a value, to tell whether it is a secret. */
const headLength = 256;
const backslash = 0x5c;
const equals = 0x3d;
const greater = 0x3e;

const blanks = toSet(/[ \t]/);
const lineEnds = toSet(/[\r\n"'\\]/);
/** Of a value that stands in prose, in a query or in a list of settings. */
export const valueEnds = toSet(/[\s&"'`\\;,<>()]/);
/** Of a line of its own in a file of settings. */
const lineValueEnds = toSet(/[\s"'`\\]/);

/** `name: value`, asked about its colon. */
export function findField(text: string, colonAt: number): Secret | undefined {
  const { start, name } = nameBefore(text, colonAt);
  const type = secretType(name);
  if (type === "") return undefined;
  const from = endOfRun(text, colonAt + 1, blanks);
  const sign = text[from];
  if (sign === "|" || sign === ">") return findBlock(text, start, from, type);
  const scheme = schemeAt(text, from);
  const valueStart = from + scheme.length;
  if (isHead(text, valueStart, type, name, scheme)) {
    const end = endOfLine(text, valueStart);
    const found = scheme === "" ? type : scheme.trim().toLowerCase();
    if (end > valueStart) return { start: valueStart, end, type: found };
  }
  if (type === "session" || (from === colonAt + 1 && !text.startsWith("** ", from))) {
    // Without a blank it is program text or an address, but for quotes and what is no word.
    if (type === "session" || (quoteAt(text, from) === "" && !isGlued(text, from)))
      return undefined;
  }
  return findLoose(text, start, from, type, ":");
}

/** Fields of HTTP, whose values reach to the end of the line. */
function isHead(text: string, at: number, type: string, name: string, scheme: string): boolean {
  // "Authorization: required" is prose.
  const value = text.slice(at, at + 64);
  if (type === "cookie") return /^[\w.-]{1,60}=/.test(value);
  if (type === "session") return isMcpSession(name) && /^[\w.~-]{6}/.test(value);
  if (type !== "authorization" && !/^x-/i.test(name)) return false;
  if (scheme !== "") return !/^(?:\$[\w{(]|<[a-z]|\{\{|%\w)/i.test(value);
  return /^[^\s"'\\]{12}/.test(value);
}

/** `name=value`, asked about where its sign starts and ends: the sign may be escaped. */
export function findAssigned(text: string, at: number, after = at + 1): Secret | undefined {
  if (text.charCodeAt(after) === equals) return findAzureKey(text, at);
  if (text.charCodeAt(after) === greater) return findArrow(text, at, after + 1);
  const { start, name, before } = declaredName(text, nameBefore(text, at));
  if (name === "") return undefined;
  const isQuery = before === "?" || before === "&";
  const isSpaced = start + name.length < at;
  const type =
    secretType(name) ||
    (isQuery ? parameterOf(text, name, after) : "") ||
    (name === "value" ? pairedType(text, start) : "");
  if (type === "") return undefined;
  const isForm = isQuery || before === ";" || before === '"' || (before === "" && !isSpaced);
  const isSetting = name === name.toUpperCase();
  if (isSpaced || (!isForm && !isSetting)) {
    if (type === "session") return undefined;
    return findLoose(text, start, endOfRun(text, after, blanks, after + 4), type, "=");
  }
  const quote = quoteAt(text, after);
  if (quote !== "") return findQuotedText(text, after, quote, type);
  if (isSetting && /^[$%]\W?\w|^\[redacted:|^</.test(text.slice(after, after + 10))) {
    return undefined;
  }
  const isLine = isSetting && startsLine(text, start);
  const end = endOfValue(text, after, isLine ? lineValueEnds : valueEnds);
  return end > after ? { start: after, end, type } : undefined;
}

/** `password => "x"`, of Ruby, PHP and Perl. */
function findArrow(text: string, at: number, after: number): Secret | undefined {
  const nameEnd = startOfRun(text, at, blanks, 4);
  const closing = quoteBefore(text, nameEnd);
  const type = secretType(nameBefore(text, nameEnd - closing.length).name);
  const from = endOfRun(text, after, blanks, after + 4);
  const quote = quoteAt(text, from);
  return type === "" || quote === "" ? undefined : findQuotedText(text, from, quote, type);
}

/** Of `token: string = "x"` the name, not the type. */
function declaredName(text: string, found: NameBefore): NameBefore {
  if (!/^(?:string|str|String|SecretStr|any|bytes)$/.test(found.name)) return found;
  const head = text.slice(Math.max(0, found.start - 48), found.start);
  const name = /([A-Za-z_]\w{2,40})[?!]?:\s?$/.exec(head)?.[1];
  return name === undefined ? found : { ...found, name, before: " " };
}

/** Letters and digits, such as keys are, right after a colon. */
function isGlued(text: string, from: number): boolean {
  const head = text.slice(from, from + headLength);
  const value = head.slice(0, endOfLoose(head, 0));
  return (
    value.length >= 10 && /\d/.test(value) && /^[\w.~+/=-]+$/.test(value) && /[A-Za-z]/.test(value)
  );
}

function parameterOf(text: string, name: string, at: number): string {
  const head = text.slice(at, at + 64);
  return parameterType(name, head.slice(0, endOfOthers(head, 0, valueEnds)));
}

/** What may be a secret, or prose. */
function findLoose(
  text: string,
  nameStart: number,
  from: number,
  type: string,
  sign: ":" | "=",
): Secret | undefined {
  const at = endOfRun(text, from, emphasis, from + 3);
  const quote = quoteAt(text, at);
  if (quote !== "") return findQuotedText(text, at, quote, type);
  // Its head first: what is not taken out must not be stepped over for each name in it.
  const head = text.slice(at, at + headLength);
  const headEnd = endOfValue(head, 0, valueEnds);
  const value = withoutStops(head, 0, headEnd);
  const isWhole = headEnd < head.length || head.length < headLength;
  const rest = text.slice(at + value, at + value + 4);
  const alone = isWhole && /^\s*(?:$|[\r\n"\\])/.test(rest) && startsLine(text, nameStart);
  const place = { type, alone, after: head.charAt(headEnd), sign };
  if (!isPlausible(head.slice(0, value), place)) return undefined;
  const end = isWhole ? at + value : withoutStops(text, at, endOfValue(text, at, valueEnds));
  return { start: at, end, type };
}

/** Where a value in prose ends. */
export function endOfLoose(text: string, from: number): number {
  return withoutStops(text, from, endOfValue(text, from, valueEnds));
}

/** Stops of a sentence belong to no secret, but for what passwords often end with. */
function withoutStops(text: string, from: number, end: number): number {
  let at = end;
  while (at > from && ".?:*".includes(text.charAt(at - 1))) at -= 1;
  return at;
}

const emphasis = toSet(/[* ]/);

export function findQuotedText(
  text: string,
  at: number,
  quote: string,
  type: string,
): Secret | undefined {
  const start = at + quote.length;
  const window = text.slice(start, start + quotedMaxLength);
  const end = start + endOfQuoted(window, 0, quote);
  const secret = withoutScheme(text, { start, end, type });
  if (secret.start > start) return secret;
  const value = text.slice(start, end);
  return !value.includes("\n") && isPlausibleQuoted(value, type) ? { start, end, type } : undefined;
}

/** Keys of Azure's storage are 64 bytes in base64, as digests are, which follow a hyphen. */
function findAzureKey(text: string, at: number): Secret | undefined {
  let start = at;
  while (at - start <= 86 && base64[text.charCodeAt(start - 1)]) start -= 1;
  return at - start === 86 && text.charAt(start - 1) !== "-"
    ? { start, end: at + 2, type: "key" }
    : undefined;
}

const base64 = toSet(/[A-Za-z0-9+/]/);

/** Solidi may be escaped, and what writers of JSON escape lest it is read as HTML: `+` as `\u002B`. */
export function endOfValue(text: string, from: number, ends: CharacterSet): number {
  let at = endOfOthers(text, from, ends);
  while (text.charCodeAt(at) === backslash) {
    const after = endOfEscaped(text, at, (code) => !ends[code]);
    if (after === at) break;
    at = endOfOthers(text, after, ends);
  }
  return at;
}

function endOfLine(text: string, from: number): number {
  return endOfValue(text, from, lineEnds);
}

/** At the start of the text or of a line, after what lists and shells put there. */
function startsLine(text: string, at: number): boolean {
  const head = text.slice(Math.max(0, at - 12), at);
  return /(?:^|[\r\n"]|\\[nr])(?:\s{0,8}|\s{0,4}- |export |set |ENV )$/i.test(head);
}

interface NameBefore {
  readonly start: number;
  readonly name: string;
  /** The character before the name, as what it stands for. */
  readonly before: string;
}

/** A name that follows an escape begins after it: `\nTOKEN`, `\u0026token`, `%26token`. */
export function nameBefore(text: string, end: number): NameBefore {
  const nameEnd = startOfRun(text, end, blanks, 4);
  const first = startOfRun(text, nameEnd, nameParts, nameMaxLength);
  const { start, before } = unescaped(text, first);
  const name = start < nameEnd ? text.slice(start, nameEnd) : "";
  if (!/^key$/i.test(name)) return { start, name, before };
  const kind = /(?:^|[^\w])(api|access|secret|private|auth|account|signing|encryption) $/i.exec(
    text.slice(Math.max(0, start - 14), start),
  )?.[1];
  return kind
    ? { start: start - kind.length - 1, name: `${kind}_${name}`, before: " " }
    : { start, name, before };
}

const nameParts = isWord.map((part, code) => part || code === 0x2e);

function startOfRun(text: string, end: number, set: readonly boolean[], most: number): number {
  const least = Math.max(0, end - most);
  let at = end;
  while (at > least && set[text.charCodeAt(at - 1)]) at -= 1;
  return at;
}

function unescaped(text: string, start: number): { start: number; before: string } {
  const before = text.charAt(start - 1);
  const code = text.slice(start, start + 5);
  if (before === "%" && /^(?:26|3f|3b|22)/i.test(code)) {
    return { start: start + 2, before: code.startsWith("22") ? '"' : "&" };
  }
  if (before !== "\\") return { start, before };
  if (/^u0026/i.test(code)) return { start: start + 5, before: "&" };
  if (/^u003f/i.test(code)) return { start: start + 5, before: "?" };
  if (/^u002[27]/i.test(code)) return { start: start + 5, before: '"' };
  const isEscape = "nrtbf".includes(text.charAt(start)) && backslashesBefore(text, start) > 0;
  return { start: isEscape ? start + 1 : start, before: "\\" };
}

/** Of `{"name":"DB_PASSWORD","value":"x"}`, and as attributes, the name decides. */
export function pairedType(text: string, valueNameAt: number): string {
  const head = text.slice(Math.max(0, valueNameAt - 100), valueNameAt);
  const name =
    /(?:name|key|header)\\*["']?\s?[:=]\s?\\*["']([\w .-]{3,64})\\*["']\s?,?\s?\\*["']?$/i.exec(
      head,
    )?.[1];
  return name === undefined ? "" : memberType(name);
}

export function memberType(name: string): string {
  const type = secretType(name);
  return type === "session" && !isMcpSession(name) ? "" : type;
}
