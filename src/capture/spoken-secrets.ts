/**
 * Secrets in sentences: `my password is x`, `the API key for the shop was "x"`, `change the password to x`.
 *
 * Prose about secrets is far more common than secrets in prose: a value is one when it is quoted, or no
 * word, or after `password is` the last word of its sentence and none that tells what the password is like.
 * Bounds: the name is looked for `lookBack` characters back, in the same sentence.
 */
import { endOfLoose, findQuotedText, memberType } from "./assigned-secrets.ts";
import { isPlausible, isSpoken } from "./plausible-secret.ts";
import { quoteAt } from "./quotes.ts";
import type { Secret } from "./redact.ts";
import { endOfRun, toSet } from "./scan.ts";
import { isPin, stem } from "./sensitive-keys.ts";

const lookBack = 72;
const headLength = 256;
const wordsMax = 8;
const blanks = toSet(/[ \t]/);

const auxiliary: ReadonlySet<string> = new Set(
  "is was are be been being has have had got will now still set changed reset updated rotated switched equal".split(
    " ",
  ),
);
const prepositions: ReadonlySet<string> = new Set("for of to on at in from with".split(" "));
const filler = /^(?:(?:still|now|currently|simply|just|set to|changed to|as follows:) ){0,2}/;

/** Asked about "is", "was" or "to", and where it ends. */
export function findSpoken(text: string, at: number, wordEnd: number): Secret | undefined {
  if (blanks[text.charCodeAt(at - 1)] !== true) return undefined;
  const after = text[wordEnd] === ":" ? wordEnd + 1 : wordEnd;
  const blank = endOfRun(text, after, blanks, after + 4);
  if (blank === after) return undefined;
  const head = text.slice(Math.max(0, at - lookBack), at);
  if (!stem.test(head)) return undefined;
  const { type, near } = typeSpokenOf(head);
  if (type === "") return undefined;
  const from = blank + (filler.exec(text.slice(blank, blank + 32))?.[0].length ?? 0);
  const quote = quoteAt(text, from);
  if (quote !== "") return findQuotedText(text, from, quote, type);
  const curly = curlyQuotes.get(text.charAt(from));
  if (curly !== undefined) return findCurly(text, from + 1, curly, type);
  return findWord(text, from, type, near && text[at] !== "t");
}

const curlyQuotes: ReadonlyMap<string, string> = new Map([
  ["“", "”"],
  ["„", "“"],
  ["‘", "’"],
  ["«", "»"],
]);

function findCurly(text: string, start: number, close: string, type: string): Secret | undefined {
  const length = text.slice(start, start + headLength).indexOf(close);
  const value = text.slice(start, start + length);
  return length > 0 && !isSpoken(value) ? { start, end: start + length, type } : undefined;
}

function findWord(text: string, from: number, type: string, near: boolean): Secret | undefined {
  const head = text.slice(from, from + headLength);
  const end = from + endOfLoose(head, 0);
  const value = text.slice(from, end);
  if (measure.test(value) || algorithm.test(value)) return undefined;
  const after = text.charAt(from + value.length);
  const isSecret =
    type === "pin" || type === "code"
      ? isPin(value) ||
        (type === "code" && isPlausible(value, { type, alone: false, after, sign: "=" }))
      : isPlausible(value, { type, alone: false, after, sign: "=" }) ||
        (near && type === "password" && isLastWord(text, end) && isNoQuality(value));
  if (!isSecret) return undefined;
  const whole = head.length < headLength || end < from + headLength;
  return { start: from, end: whole ? end : endOfLoose(text, from), type };
}

const measure =
  /^\d+[-.,]?(?:bits?|bytes?|characters?|chars?|digits?|letters?|times?|ms|s|sec|seconds?|minutes?|hours?|days?|weeks?|months?|years?|[kmg]i?b|k|m|%|st|nd|rd|th)$/i;
const algorithm =
  /^(?:sha|md|aes|rsa|rs|hs|es|ps|ed|rfc|utf|oauth|base|argon|http|tls|ssl|v|x)[-_/]?\d{1,5}(?:[-_/.][A-Za-z\d.]{1,24})?$/i;

function isLastWord(text: string, end: number): boolean {
  return /^(?:[.!]?(?:$|["'\r\n\\])|[.!] |,)/.test(text.slice(end, end + 3));
}

/** Words that tell what a password is like, by how they end, are no passwords. */
function isNoQuality(word: string): boolean {
  if (!/^[A-Za-z]{5,}$/.test(word) || isSpoken(word)) return false;
  return !/(?:ed|ing|ive|able|ible|ary|ory|ent|ant|ial|ical|ful|less|ous|ly|en|ure|er|ted|ic|al|sword|ret|oken)$/i.test(
    word,
  );
}

/** What the words before speak of, and whether nothing stands between. */
function typeSpokenOf(head: string): { readonly type: string; readonly near: boolean } {
  const words = clauseOf(head)
    .trim()
    .split(/ {1,8}/);
  let last = words.length - 1;
  while (last >= 0 && auxiliary.has((words[last] ?? "").toLowerCase())) last -= 1;
  const type = typeAt(words, last);
  if (type !== "") return { type, near: true };
  for (let at = last; at > 0 && at > last - wordsMax; at -= 1) {
    if (!prepositions.has((words[at] ?? "").toLowerCase())) continue;
    const far = typeAt(words, at - 1);
    if (far !== "") return { type: far, near: false };
  }
  return { type: "", near: false };
}

function typeAt(words: readonly string[], at: number): string {
  const word = (words[at] ?? "").replace(/[*_]/g, "");
  if (!/^(?:key|code|phrase|number)$/i.test(word)) return memberType(word);
  return memberType(`${words[at - 1] ?? ""}_${word}`);
}

/** The end of the text back to where a sentence, a line or a string begins. */
function clauseOf(head: string): string {
  for (let at = head.length - 1; at >= 0; at -= 1) {
    const letter = head.charAt(at);
    if (letter === "\\") return head.slice(at + 2);
    if ("!?;:\"'`(){}<>=,\r\n".includes(letter)) return head.slice(at + 1);
    if (letter === "." && head[at + 1] === " ") return head.slice(at + 1);
  }
  return head;
}
