/**
 * Secrets in command lines: `--token=x`, `--password x`, `["--api-key","x"]`, `curl -u user:x`.
 *
 * Bounds: a flag's name has at most `nameMaxLength` characters; `curl` is looked for `lookBack` back.
 */
import { endOfValue } from "./assigned-secrets.ts";
import { formsOf } from "./command-flags.ts";
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
  if (text[at + 1] === "u") return findUser(text, at, at + 2);
  if (text[at + 1] !== "-") return findByProgram(text, at) ?? findLong(text, at, at + 1);
  if (text.startsWith("--user", at)) return findUser(text, at, at + 6);
  if (text.startsWith("--proxy-user", at)) return findUser(text, at, at + 12);
  return findLong(text, at, at + 2);
}

/** Some programs take long names after one hyphen. */
function findLong(text: string, at: number, nameAt: number): Secret | undefined {
  if (isWord[text.charCodeAt(at - 1)]) return undefined;
  const nameEnd = endOfRun(text, nameAt, isWord, nameAt + nameMaxLength);
  const type = secretType(text.slice(nameAt, nameEnd));
  if (type === "") return undefined;
  if (text[nameEnd] === "=") return findWord(text, nameEnd + 1, type, true);
  const from = endOfRun(text, nameEnd, blanks, nameEnd + 4);
  if (from > nameEnd) return findWord(text, from, type, false);
  return findNextArgument(text, nameEnd, type);
}

/** The value of a flag of one letter. */
function findByProgram(text: string, at: number): Secret | undefined {
  const forms = formsOf(text, at);
  const after = at + 2;
  const from = endOfRun(text, after, blanks, after + 4);
  const isQuoted = isQuote(text[at - 1]);
  if (forms.includes("after percent")) {
    const head = text.slice(from, from + headLength);
    const percent = head.slice(0, endOfValue(head, 0, wordEnds)).indexOf("%");
    return percent > 0 ? findWord(text, from + percent + 1, "password", true) : undefined;
  }
  if (forms.includes("after pass:")) {
    const opening = /^-pass(?:in|out)?[ \t]{1,4}["']?pass:/.exec(text.slice(at, at + 24))?.[0];
    return opening === undefined
      ? undefined
      : findWord(text, at + opening.length, "password", true);
  }
  if (forms.includes("apart") && (from > after || (isQuoted && quoteAt(text, after) !== ""))) {
    return from > after
      ? findWord(text, from, "password", true)
      : findNextArgument(text, after, "password");
  }
  // The quote around an argument ends it; a quote within begins its value.
  if (!forms.includes("attached") || from > after) return undefined;
  return isQuoted && quoteAt(text, after) !== ""
    ? undefined
    : findWord(text, after, "password", true);
}

function isQuote(letter: string | undefined): boolean {
  return letter === '"' || letter === "'" || letter === "`";
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
