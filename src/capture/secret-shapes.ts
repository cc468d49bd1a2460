/**
 * Secrets that are known by their shape, wherever they stand: keys with an issuer's prefix, JWTs,
 * private keys in PEM, credentials after `Bearer` and `Basic`.
 *
 * Linear: a prefix is only looked for where a word starts, so that the runs scanned after two
 * prefixes are disjoint, or the run is bounded.
 */
import { endOfValue } from "./assigned-secrets.ts";
import { findFlag } from "./command-secrets.ts";
import { backslashesBefore } from "./quotes.ts";
import type { Secret } from "./redact.ts";
import { endOfOthers, endOfRun, isBlank, isWord, toSet } from "./scan.ts";
import { findSpoken } from "./spoken-secrets.ts";

/** Prefixes of keys, with the least number of characters that follow. */
const keyPrefixes: readonly (readonly [prefix: string, minLength: number])[] = [
  ["sk-", 20],
  ["sk_live_", 16],
  ["sk_test_", 16],
  ["rk_live_", 16],
  ["rk_test_", 16],
  ["pk_live_", 16],
  ["ghp_", 20],
  ["gho_", 20],
  ["ghu_", 20],
  ["ghs_", 20],
  ["ghr_", 20],
  ["github_pat_", 20],
  ["glpat-", 16],
  ["xoxa-", 10],
  ["xoxb-", 10],
  ["xoxe-", 10],
  ["xoxo-", 10],
  ["xoxp-", 10],
  ["xoxr-", 10],
  ["xoxs-", 10],
  ["AKIA", 16],
  ["ASIA", 16],
  ["AIza", 30],
  ["hw_", 20],
  ["npm_", 30],
  ["hf_", 30],
  ["whsec_", 20],
  ["SG.", 30],
  ["dop_v1_", 30],
  ["shpat_", 16],
  ["shpss_", 16],
  ["ya29.", 16],
  ["pypi-", 16],
  ["xapp-", 10],
  ["glrt-", 16],
  ["dckr_pat_", 16],
  ["gsk_", 20],
  ["AGE-SECRET-KEY-", 20],
  ["sq0atp-", 16],
  ["sq0csp-", 16],
];

const jwtPrefix = "eyJ";
const pemPrefix = "-----BEGIN ";
/** The same in base64, as secrets of clusters are kept. */
const pem64Prefix = "LS0tLS1CRUdJTi";

const prefixesByCode: readonly (readonly (readonly [string, number])[])[] = Array.from(
  { length: 128 },
  (_, code) => keyPrefixes.filter(([prefix]) => prefix.charCodeAt(0) === code),
);

/** Which two characters a shape can start with, at 128 × the first + the second. */
const starts = new Uint8Array(128 * 128);
for (const start of [
  jwtPrefix,
  "Be",
  "be",
  "Ba",
  "ba",
  "--",
  "-u",
  "-p",
  "-P",
  "-a",
  "-w",
  "-U",
  "is",
  "wa",
  "to",
  pem64Prefix,
  ...keyPrefixes.map(([prefix]) => prefix),
]) {
  starts[start.charCodeAt(0) * 128 + start.charCodeAt(1)] = 1;
}

/** Whether a word that starts with these two characters of ASCII is worth a look. */
export function startsShape(first: number, second: number): boolean {
  return second < 128 && starts[first * 128 + second] === 1;
}

/** A secret whose shape starts there. `cut`: the text goes on, unseen. */
export function findShape(
  text: string,
  at: number,
  cut: boolean,
  pem: PemEnds,
): Secret | undefined {
  switch (text.charCodeAt(at)) {
    case 0x65:
      return text.startsWith(jwtPrefix, at) ? findJwt(text, at, cut) : undefined;
    case 0x42:
    case 0x62:
      if (text.startsWith("earer", at + 1)) return findBearer(text, at + 6, cut);
      return text.startsWith("asic", at + 1) ? findBasic(text, at + 5) : undefined;
    case 0x69:
      return isBlankOrColon(text, at + 2) ? findSpoken(text, at, at + 2) : undefined;
    case 0x74:
      return isBlankOrColon(text, at + 2) ? findSpoken(text, at, at + 2) : undefined;
    case 0x77:
      if (text.startsWith("as", at + 1) && isBlankOrColon(text, at + 3)) {
        return findSpoken(text, at, at + 3);
      }
      return findKey(text, at, cut);
    case 0x4c:
      return text.startsWith(pem64Prefix, at) ? findPem64(text, at) : undefined;
    case 0x2d:
      if (text.startsWith(pemPrefix, at)) return pem.findKey(at + pemPrefix.length);
      return text.charCodeAt(at + 2) === 0x2d ? undefined : findFlag(text, at);
    default:
      return findKey(text, at, cut);
  }
}

function isBlankOrColon(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x3a;
}

function findKey(text: string, start: number, cut: boolean): Secret | undefined {
  for (const [prefix, minLength] of prefixesByCode[text.charCodeAt(start)] ?? []) {
    if (!text.startsWith(prefix, start)) continue;
    const after = start + prefix.length;
    const word = endOfRun(text, after, isWord);
    // Keys of SendGrid are of two words.
    const end = prefix === "SG." && text[word] === "." ? endOfRun(text, word + 1, isWord) : word;
    const least = cut && end === text.length ? 4 : minLength;
    // Words joined by hyphens have a key's shape, but no digit.
    if (end - after < least || !/\d/.test(text.slice(after, Math.min(end, after + 256)))) continue;
    return { start, end, type: "key" };
  }
  return undefined;
}

/** Three parts of base64url, or five when encrypted. */
function findJwt(text: string, start: number, cut: boolean): Secret | undefined {
  const first = endOfRun(text, start, isWord);
  if (first - start < 11) return undefined;
  if (cut && first === text.length) return { start, end: first, type: "jwt" };
  if (text[first] !== ".") return undefined;
  let end = endOfRun(text, first + 1, isWord);
  if (end - first < 9 && !(cut && end === text.length)) return undefined;
  for (let part = 3; part <= 5 && text[end] === "."; part += 1) {
    const next = endOfRun(text, end + 1, isWord);
    if (next === end + 1) break;
    end = next;
  }
  return { start, end, type: "jwt" };
}

/** What is not base64url or base64 is its end. */
const credentialEnds = toSet(/[^A-Za-z0-9._~+/=-]/);

function findBearer(text: string, after: number, cut: boolean): Secret | undefined {
  const start = endOfRun(text, after, isBlank, after + 4);
  if (start === after) return undefined;
  const end = endOfValue(text, start, credentialEnds);
  if (cut && end === text.length && end > start) return { start, end, type: "bearer" };
  const head = text.slice(start, Math.min(end, start + 256));
  // `Bearer realm="x"` asks for one.
  if (/^[a-z_]+=$/.test(head) && /^\\*["']/.test(text.slice(end, end + 4))) return undefined;
  const least = /\d/.test(head) ? 6 : 16;
  return end - start < least ? undefined : { start, end, type: "bearer" };
}

/** Only what is a user and a password in base64: much else is basic. */
function findBasic(text: string, after: number): Secret | undefined {
  const start = endOfRun(text, after, isBlank, after + 4);
  if (start === after) return undefined;
  const end = endOfValue(text, start, credentialEnds);
  if (end - start < 6) return undefined;
  const head = text.slice(start, Math.min(end, start + 512)).replaceAll("\\", "");
  const clear = Buffer.from(head, "base64").toString();
  return /^[\x20-\x7e\u0080-\ufffc]*:/.test(clear) ? { start, end, type: "basic" } : undefined;
}

/** Certificates and public keys begin alike. */
function findPem64(text: string, start: number): Secret | undefined {
  const after = start + pem64Prefix.length;
  const label = Buffer.from(text.slice(start, start + 64), "base64").toString("latin1");
  if (!/^-----BEGIN [A-Z0-9 ]{0,20}PRIVATE/.test(label)) return undefined;
  return { start, end: endOfRun(text, after, base64), type: "private_key" };
}

const pemMaxLength = 16 * 1024;
const base64 = toSet(/[A-Za-z0-9+/=\s\\]/);

const brackets = toSet(/[[\]{}]/);

/** Private keys in PEM; remembers the next end line, so that it is looked for once. */
export class PemEnds {
  readonly #text: string;
  readonly #cut: boolean;
  #nextEnd = -1;
  #nextBracket = -1;

  constructor(text: string, cut: boolean) {
    this.#text = text;
    this.#cut = cut;
  }

  /** The key after its first line, asked about what follows "BEGIN ". */
  findKey(after: number): Secret | undefined {
    const label = /^[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/.exec(
      this.#text.slice(after, after + 64),
    )?.[0];
    if (label === undefined) return undefined;
    const start = after + label.length;
    const end = this.#endOfKey(start);
    return end > start ? { start, end, type: "private_key" } : undefined;
  }

  /** Up to its end line, or without one as far as it looks like a key. */
  #endOfKey(start: number): number {
    const text = this.#text;
    if (this.#nextEnd < start) {
      const at = text.indexOf("-----END", start);
      this.#nextEnd = at === -1 ? Number.POSITIVE_INFINITY : at;
    }
    if (this.#nextBracket < start) this.#nextBracket = endOfOthers(text, start, brackets);
    // Lines may be strings of one array, but no more of the structure around them belongs to a key.
    const isWhole = this.#nextEnd - start <= pemMaxLength && this.#nextBracket > this.#nextEnd;
    if (isWhole) return this.#nextEnd;
    const isCut = this.#cut && text.length - start <= pemMaxLength;
    if (isCut && this.#nextBracket === text.length) return text.length;
    const end = endOfRun(text, start, base64);
    // A backslash may belong to the quote after it.
    return text[end - 1] === "\\" ? end - backslashesBefore(text, end) : end;
  }
}
