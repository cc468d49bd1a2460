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
