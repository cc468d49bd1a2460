/**
 * Secrets in command lines: `--token=x`, `--password x`, `["--api-key","x"]`, `curl -u user:x`.
 *
 * Bounds: a flag's name has at most `nameMaxLength` characters; `curl` is looked for `lookBack` back.
 */
import { endOfValue } from "./assigned-secrets.ts";
import { isPlausible, isReference } from "./plausible-secret.ts";
import { endOfQuoted, quoteAt } from "./quotes.ts";
import type { Secret } from "./redact.ts";
import { endOfRun, isWord, toSet } from "./scan.ts";
import { secretType } from "./sensitive-keys.ts";

const nameMaxLength = 64;
const lookBack = 256;
const headLength = 256;
const quotedMaxLength = 4_096;
const blanks = toSet(/[ \t]/);
const wordEnds = toSet(/[\s"'`\\;|<>]/);

/** Asked about the hyphen that a flag starts with. */
export function findFlag(text: string, at: number): Secret | undefined {
  if (text[at + 1] !== "-") return findUser(text, at, at + 2);
  if (text.startsWith("--user", at)) return findUser(text, at, at + 6);
  if (text.startsWith("--proxy-user", at)) return findUser(text, at, at + 12);
  const nameEnd = endOfRun(text, at + 2, isWord, at + 2 + nameMaxLength);
  const type = secretType(text.slice(at + 2, nameEnd));
  if (type === "") return undefined;
  if (text[nameEnd] === "=") return findWord(text, nameEnd + 1, type, true);
  const from = endOfRun(text, nameEnd, blanks, nameEnd + 4);
  if (from > nameEnd) return findWord(text, from, type, false);
  return findNextArgument(text, nameEnd, type);
}

function findWord(text: string, from: number, type: string, assigned: boolean): Secret | undefined {
  const quote = quoteAt(text, from);
  if (quote !== "") {
    const start = from + quote.length;
    const end = start + endOfQuoted(text.slice(start, start + quotedMaxLength), 0, quote);
    const value = text.slice(start, end);
    return end > start && !isReference(value) && !/^[,}\]\s]/.test(value)
      ? { start, end, type }
      : undefined;
  }
  const head = text.slice(from, from + headLength);
  const value = head.slice(0, endOfValue(head, 0, wordEnds));
  const place = { type, alone: false, after: head.charAt(value.length), sign: ":" } as const;
  const isSecret = assigned ? value !== "" && !isReference(value) : isPlausible(value, place);
  if (!isSecret || value.startsWith("-")) return undefined;
  return { start: from, end: endOfValue(text, from, wordEnds), type };
}

/** Of an array of arguments: the string after that of the flag. */
function findNextArgument(text: string, at: number, type: string): Secret | undefined {
  const quote = quoteAt(text, at);
  if (quote === "") return undefined;
  const between = /^\s{0,20}(?:\\+n\s{0,20})?,\s{0,20}(?:\\+n\s{0,20})?/.exec(
    text.slice(at + quote.length, at + quote.length + 80),
  )?.[0];
  if (between === undefined) return undefined;
  const next = at + quote.length + between.length;
  return text.startsWith(quote, next) && text[next + quote.length] !== "-"
    ? findWord(text, next, type, true)
    : undefined;
}

/** `user:password` after `-u`, of curl alone: others mean a user and a group. */
function findUser(text: string, at: number, after: number): Secret | undefined {
  let from = endOfRun(text, after, blanks, after + 4);
  if (from === after) return undefined;
  from += quoteAt(text, from).length;
  const head = text.slice(from, from + headLength);
  const value = head.slice(0, endOfValue(head, 0, wordEnds));
  const colon = value.indexOf(":");
  if (colon < 1 || colon + 1 === value.length || isReference(value.slice(colon + 1))) {
    return undefined;
  }
  if (!text.slice(Math.max(0, at - lookBack), at).includes("curl")) return undefined;
  return { start: from + colon + 1, end: endOfValue(text, from, wordEnds), type: "password" };
}
