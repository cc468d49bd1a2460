/**
 * Field lines of HTTP/1.1 heads and trailers, read strictly: one way to read each, or none.
 *
 * In: text whose characters are bytes (Latin-1), lines ended by CRLF. Out: names and values alternating, in order and case
 * as sent, values without the blanks around them. Refused: bare CR or LF, folded lines, names that are no tokens (blanks
 * before the colon too), control characters. Strings share the memory of the head: who keeps one copies it (`detached`).
 */

/** Undefined when a line is malformed. Reads from `from` to the end of the text, which is the end of a line. */
export function readFieldLines(text: string, from: number): string[] | undefined {
  const fields: string[] = [];
  const { length } = text;
  let at = from;
  while (at < length) {
    const nameAt = at;
    let code = text.charCodeAt(at);
    let hash = 0;
    while (isTokenByte[code] === 1) {
      hash = (hash * 31 + code) | 0;
      at += 1;
      code = text.charCodeAt(at);
    }
    if (at === nameAt || code !== colon) return undefined;
    const name = nameIn(text, nameAt, at, hash);
    at = afterBlanks(text, at + 1);
    const valueAt = at;
    while (isTextByte[text.charCodeAt(at)] === 1) at += 1;
    if (text.charCodeAt(at) !== cr || text.charCodeAt(at + 1) !== lf) return undefined;
    fields.push(name, text.slice(valueAt, beforeBlanks(text, valueAt, at)));
    at += 2;
  }
  return fields;
}

/**
 * Names read last, each at a place that its characters decide: everybody looks names up, and one that is the same string as
 * before is found without a look at its characters. None keeps its head. Bounds: 1,024 names of 64 characters.
 */
const names: string[] = new Array(1_024).fill("");
const keptNameMaxLength = 64;

function nameIn(text: string, from: number, to: number, hash: number): string {
  const place = (hash ^ (hash >>> 15)) & 1_023;
  const known = names[place] ?? "";
  if (known.length === to - from && text.startsWith(known, from)) return known;
  const name = text.slice(from, to);
  if (name.length > keptNameMaxLength) return name;
  const kept = detached(name);
  names[place] = kept;
  return kept;
}

/** True for what may be a field's name or a method. */
export function isToken(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (isTokenByte[text.charCodeAt(at)] !== 1) return false;
  }
  return text !== "";
}

/** True for what may be a field's value: no control characters, and only what has a byte of its own. */
export function isFieldText(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    if (isTextByte[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}

/** The same text with memory of its own. */
export function detached(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

function beforeBlanks(text: string, from: number, to: number): number {
  let at = to;
  while (at > from && isBlank(text.charCodeAt(at - 1))) at -= 1;
  return at;
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

const cr = 0x0d;
const lf = 0x0a;
const colon = 0x3a;

/** RFC 9110, 5.6.2. */
const isTokenByte = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  isTokenByte[char.charCodeAt(0)] = 1;
}

/** RFC 9110, 5.5: HTAB, SP, VCHAR and obs-text. */
const isTextByte = new Uint8Array(256);
for (let code = 0x20; code < 256; code += 1) isTextByte[code] = code === 0x7f ? 0 : 1;
isTextByte[0x09] = 1;
