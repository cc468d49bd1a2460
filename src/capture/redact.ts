/**
 * Takes secrets out of text before it leaves this folder.
 *
 * In: any text: JSON, JSON inside strings of JSON, cut JSON, query strings, prose. Out: the same
 * text with each secret replaced by its seal (see seal.ts). What is no secret stays byte for byte:
 * nothing is parsed and written anew.
 *
 * Guarantees: never throws; one pass, whose time grows with the length of the text alone. Bounds:
 * one text gets at most `sealsMax` digests, further secrets get none.
 */

import { findAdjacent } from "./adjacent-secrets.ts";
import { findAssigned, findField } from "./assigned-secrets.ts";
import { findElement } from "./element-secrets.ts";
import { findMember, findQuotedMember, Members } from "./named-secrets.ts";
import { findOwnSecrets } from "./own-secrets.ts";
import { findPair } from "./paired-secrets.ts";
import { isBlank, isDigit, isWord } from "./scan.ts";
import { findShape, PemEnds, startsShape } from "./secret-shapes.ts";
import { findUrlSecret } from "./url-secrets.ts";

/** A half-open span of the text. */
export interface Secret {
  readonly start: number;
  readonly end: number;
  readonly type: string;
  /** What stands around the seal, so that a number becomes a string; absent for nothing. */
  readonly around?: string;
}

const sealsMax = 10_000;

/** What makes the marks that stand for secrets. */
export interface Marker {
  mark(type: string, secret: string): string;
  /** Credentials of ours that have no form of their own, in all their spellings. */
  readonly ownSecrets?: readonly string[];
}

/** `cut`: the text was longer; a secret that its end cuts is taken out as far as it is there. */
export function redact(text: string, marker: Marker, cut = false): string {
  const shown = redactOwn(text, marker, cut);
  return replaceAll(shown, findSecrets(shown, cut), marker);
}

/** Takes out nothing but credentials of ours. */
export function redactOwn(text: string, marker: Marker, cut = false): string {
  return replaceAll(text, findOwnSecrets(text, cut, marker.ownSecrets), marker);
}

function replaceAll(text: string, secrets: readonly Secret[], marker: Marker): string {
  if (secrets.length === 0) return text;
  const pieces: string[] = [];
  let written = 0;
  for (const [index, { start, end, type, around = "" }] of secrets.entries()) {
    const secret = text.slice(start, end);
    if (sealed.test(secret)) continue;
    const mark = index < sealsMax ? marker.mark(type, secret) : `[redacted:${type}]`;
    pieces.push(text.slice(written, start), around, mark, around);
    written = end;
  }
  pieces.push(text.slice(written));
  return pieces.join("");
}

/** Text that went through here before stays as it is. */
const sealed = /^\[redacted:[a-z_-]{1,20}(?::[0-9a-f]{8})?\]$/;

const backslash = 0x5c;
const colon = 0x3a;
const equals = 0x3d;
const quote = 0x22;
const apostrophe = 0x27;
const slash = 0x2f;
const less = 0x3c;
const percent = 0x25;
const bracket = 0x5b;
const parenthesis = 0x28;
/** Part of words; what starts with it may follow another. */
const hyphen = 0x2d;

/** In order of place, none over another. */
function findSecrets(text: string, cut: boolean): readonly Secret[] {
  const found: Secret[] = [];
  /** Where to go on; undefined when nothing was found, or behind what is known to come first. */
  const add = (secret: Secret | undefined): number | undefined => {
    if (!secret || secret.start > nested.nextStart) return undefined;
    // What was found by what follows it may hold what was found before.
    while ((found.at(-1)?.end ?? 0) > secret.start) found.pop();
    found.push(secret);
    return secret.end;
  };
  const pem = new PemEnds(text, cut);
  const members = new Members(text);
  const { nested } = members;
  const codes = toCodes(text);
  let inWord = false;
  for (let at = 0; at < text.length; ) {
    if (at >= nested.nextStart) {
      inWord = false;
      at = add(nested.take(at)) ?? at;
      continue;
    }
    at = nextSign(codes, at, Math.min(text.length, nested.nextStart), inWord);
    if (at === text.length || at >= nested.nextStart) continue;
    const code = codes[at] as number;
    if (kinds[code] === word) {
      inWord = true;
      at = add(findShape(text, at, cut, pem)) ?? at + 1;
      continue;
    }
    inWord = false;
    if (code === backslash) at = add(findAtEscape(text, at)) ?? endOfEscape(text, at);
    else if (code === colon) at = add(findAtColon(text, at, cut, members)) ?? at + 1;
    else if (code === equals) at = add(findAssigned(text, at)) ?? at + 1;
    else if (code === less) at = add(findElement(text, at + 1, "<")) ?? at + 1;
    else if (code === bracket || code === parenthesis) at = add(findPair(text, at)) ?? at + 1;
    else if (code === quote || code === apostrophe) at = add(findAdjacent(text, at)) ?? at + 1;
    else if (code === percent) at = add(findAtPercent(text, at)) ?? endOfPercent(text, at);
    else at += 1;
  }
  return found;
}

const other = 0;
const word = 1;
/** May belong to a secret, or to what says that one follows. */
const sign = 2;
const signs = "\\:=<[(\"'%";
/** Of each character, in one block: this is looked up for all there are. */
const kinds = Uint8Array.from({ length: 65_536 }, (_, code) => {
  if (isWord[code]) return word;
  return signs.includes(String.fromCharCode(code)) ? sign : other;
});

/** As long as the longest text so far. */
let room = new Uint16Array(16_384);
let roomBytes = Buffer.from(room.buffer);

/** The text's characters as numbers, with anything behind them; until the next text is. */
function toCodes(text: string): Uint16Array {
  if (text.length > room.length) {
    room = new Uint16Array(text.length);
    roomBytes = Buffer.from(room.buffer);
  }
  roomBytes.write(text, "utf16le");
  return room;
}

/** The next place where a secret may start, or what says that one follows, ends; at most `end`. */
function nextSign(codes: Uint16Array, from: number, end: number, inWord: boolean): number {
  let within = inWord;
  for (let at = from; at < end; at += 1) {
    const code = codes[at] as number;
    const kind = kinds[code];
    if (kind === word) {
      if ((!within || code === hyphen) && startsShape(code, codes[at + 1] as number)) return at;
      within = true;
    } else if (kind === sign) return at;
    else within = false;
  }
  return end;
}

function findAtColon(text: string, at: number, cut: boolean, members: Members) {
  const next = text.charCodeAt(at + 1);
  if (next === slash) return findUrlSecret(text, at, cut);
  if (next === backslash && isWord[text.charCodeAt(at - 1)]) {
    const secret = findUrlSecret(text, at, cut);
    if (secret) return secret;
  }
  const before = text.charCodeAt(at - 1);
  if (before === quote) return findMember(text, at, members);
  // Times.
  if (isDigit[next] && isDigit[before]) return undefined;
  return (
    (isBlank[before] ? findMember(text, at, members) : undefined) ??
    findQuotedMember(text, at, members) ??
    findField(text, at)
  );
}

function findAtPercent(text: string, at: number): Secret | undefined {
  return text.startsWith("3D", at + 1) ? findAssigned(text, at, at + 3) : undefined;
}

/** The character after an escape of URLs starts a word: `%20ghp_…`. */
function endOfPercent(text: string, at: number): number {
  return /^[\dA-F]{2}$/i.test(text.slice(at + 1, at + 3)) ? at + 3 : at + 1;
}

/** Some writers of JSON escape `<` and `=`. */
function findAtEscape(text: string, at: number): Secret | undefined {
  if (text.charCodeAt(at + 1) !== 0x75) return findAdjacent(text, at);
  if (!text.startsWith("u003", at + 1)) return undefined;
  const sign = text.charAt(at + 5).toLowerCase();
  if (sign === "c") return findElement(text, at + 6, text.slice(at, at + 6));
  return sign === "d" ? findAssigned(text, at, at + 6) : undefined;
}

/** The character after an escape starts a word: `\nghp_…`, `\u0026token=…`, at any depth of JSON. */
function endOfEscape(text: string, from: number): number {
  let at = from + 1;
  while (text.charCodeAt(at) === backslash) at += 1;
  const letter = text.charAt(at);
  if (letter === "u" && isDigit[text.charCodeAt(at + 1)]) return Math.min(text.length, at + 5);
  return "nrtbf".includes(letter) ? at + 1 : at;
}
