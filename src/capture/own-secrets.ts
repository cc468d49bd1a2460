/**
 * Credentials of our own: API keys, access and refresh tokens, sessions, links and invitations, by their form,
 * and what the operator chose for a key, by its text. They rest nowhere, whatever else a log may keep.
 *
 * Linear: what is stepped over is taken out, or shorter than a credential.
 */
import type { Secret } from "./redact.ts";
import { endOfRun, isWord, toSet } from "./scan.ts";

const leastLength = 32;
/** Of one that the end of a cut text cuts. */
const cutLength = 4;
const form = /hw[a-z]?_/y;
const letters = toSet(/[A-Za-z0-9]/);
/** Of three parts, with dots between. */
const tokenPrefix = "hwa_eyJ";
const tokenParts = isWord.map((part, code) => part || code === 0x2e);

/** A text in all the ways it is looked for: as it is, and as a string of JSON has it. */
export function spellings(secret: string): readonly string[] {
  return [...new Set([secret, JSON.stringify(secret).slice(1, -1)])];
}

/** In order of place. `known`: texts of at least one character, in all their spellings. */
export function findOwnSecrets(
  text: string,
  cut: boolean,
  known: readonly string[] = [],
): readonly Secret[] {
  const found = text.includes("hw") ? findByForm(text, cut) : [];
  const chosen = known.flatMap((secret) => findText(text, secret));
  return chosen.length === 0 ? found : merged([...found, ...chosen]);
}

function findByForm(text: string, cut: boolean): Secret[] {
  const found: Secret[] = [];
  for (let at = text.indexOf("hw"); at !== -1; ) {
    const end = endOfOwn(text, at, cut);
    if (end > at) found.push({ start: at, end, type });
    at = text.indexOf("hw", Math.max(end, at + 2));
  }
  return found;
}

const type = "hookwatch";

function endOfOwn(text: string, start: number, cut: boolean): number {
  form.lastIndex = start;
  if (!form.test(text)) return start;
  const after = form.lastIndex;
  const isToken = text.startsWith(tokenPrefix, start);
  const end = endOfRun(text, after, isToken ? tokenParts : letters);
  const least = cut && end === text.length ? cutLength : leastLength;
  if (end - after < least) return start;
  return isToken && text[end - 1] === "." ? end - 1 : end;
}

function findText(text: string, wanted: string): readonly Secret[] {
  const found: Secret[] = [];
  for (let at = text.indexOf(wanted); at !== -1; ) {
    found.push({ start: at, end: at + wanted.length, type });
    at = text.indexOf(wanted, at + wanted.length);
  }
  return found;
}

function merged(secrets: Secret[]): readonly Secret[] {
  const all: Secret[] = [];
  for (const secret of secrets.sort((a, b) => a.start - b.start)) {
    const last = all.at(-1);
    if (last && secret.start < last.end) {
      all[all.length - 1] = { ...last, end: Math.max(last.end, secret.end) };
    } else all.push(secret);
  }
  return all;
}
