/**
 * Steps over characters without a regular expression: V8's matcher keeps a stack for repetitions
 * that hostile text of some megabytes overflows.
 */

/** Which characters of ASCII belong to a set. */
export type CharacterSet = readonly boolean[];

export function toSet(pattern: RegExp): CharacterSet {
  return Array.from({ length: 128 }, (_, code) => pattern.test(String.fromCharCode(code)));
}

/** Where the run of characters of the set that starts at `from` ends; at most at `most`. */
export function endOfRun(
  text: string,
  from: number,
  set: CharacterSet,
  most = text.length,
): number {
  let at = from;
  while (at < most && set[text.charCodeAt(at)]) at += 1;
  return at;
}

/** Where the run up to the next character of the set ends; characters beyond ASCII belong to no set. */
export function endOfOthers(text: string, from: number, set: CharacterSet): number {
  let at = from;
  while (at < text.length && !set[text.charCodeAt(at)]) at += 1;
  return at;
}

export const isWord = toSet(/[A-Za-z0-9_-]/);
export const isDigit = toSet(/\d/);
export const isBlank = toSet(/\s/);

const backslash = 0x5c;
const backslashes = toSet(/\\/);
const escapesMaxLength = 64;

/**
 * Where an escape that starts there with a backslash ends, if it stands for one character that belongs:
 * `\/`, `\u002B`, once more escaped for each string of JSON around it. Else where it starts.
 */
export function endOfEscaped(text: string, at: number, belongs: (code: number) => boolean): number {
  const after = endOfRun(text, at, backslashes, at + escapesMaxLength);
  if (after === at) return at;
  if (text.charAt(after) === "/") return belongs(0x2f) ? after + 1 : at;
  const digits = /^u(00[0-7][0-9a-f])/i.exec(text.slice(after, after + 5))?.[1];
  return digits !== undefined && belongs(Number.parseInt(digits, 16)) ? after + 5 : at;
}

/** `endOfRun`, over escapes of what belongs to the set as well. */
export function endOfEscapedRun(
  text: string,
  from: number,
  set: CharacterSet,
  most: number,
): number {
  let at = endOfRun(text, from, set, most);
  while (at < most && text.charCodeAt(at) === backslash) {
    const after = endOfEscaped(text, at, (code) => set[code] === true);
    if (after === at) break;
    at = endOfRun(text, after, set, most);
  }
  return at;
}
