/**
 * Secrets that are known by their shape, wherever they stand: keys with an issuer's prefix, JWTs,
 * private keys in PEM, credentials in URLs and after `Bearer`.
 *
 * Linear: a prefix is only looked for where a word starts, so that the runs scanned after two
 * prefixes are disjoint, or the run is bounded.
 */
import type { Secret } from "./redact.ts";
import { endOfRun, toSet } from "./scan.ts";

const starts =
  /(?<![A-Za-z0-9_-])(?:eyJ|sk-|[srp]k_(?:live|test)_|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|AKIA|ASIA|AIza|hw_|npm_|hf_|whsec_|ya29\.|[Bb]earer\s)|:\/\/|-----BEGIN /g;

const word = toSet(/[A-Za-z0-9_-]/);
const credential = toSet(/[A-Za-z0-9._~+/=-]/);
const blank = toSet(/\s/);
const userinfo = toSet(/[!#-&(-.0-9;=?A-Z[\]^-~]/);
const base64 = toSet(/[A-Za-z0-9+/=\s\\]/);

/** The least number of characters after the prefix. */
const keyMinLengths: Readonly<Record<string, number | undefined>> = {
  sk: 20,
  gh: 20,
  gl: 16,
  xo: 10,
  AK: 16,
  AS: 16,
  AI: 30,
  hw: 20,
  np: 30,
  hf: 30,
  wh: 20,
  ya: 20,
  rk: 16,
  pk: 16,
};

/** Adds what it finds, in order of place. `cut`: the text goes on, unseen. */
export function findShapes(text: string, cut: boolean, found: Secret[]): void {
  const pem = new PemEnds(text, cut);
  starts.lastIndex = 0;
  for (let match = starts.exec(text); match; match = starts.exec(text)) {
    const secret = findAt(text, match.index, starts.lastIndex, match[0], cut, pem);
    if (!secret) continue;
    found.push(secret);
    starts.lastIndex = secret.end;
  }
}

function findAt(
  text: string,
  start: number,
  after: number,
  prefix: string,
  cut: boolean,
  pem: PemEnds,
): Secret | undefined {
  if (prefix === "://") return findPassword(text, after);
  if (prefix === "eyJ") return findJwt(text, start);
  if (prefix === "-----BEGIN ") return pem.findKey(after);
  if (/^[Bb]earer/.test(prefix)) return findBearer(text, after);
  return findKey(text, start, after, cut);
}

/** `scheme://user:password@host`; either part may be long, neither unbounded. */
function findPassword(text: string, start: number): Secret | undefined {
  const userEnd = endOfRun(text, start, userinfo, start + 256);
  if (text[userEnd] !== ":") return undefined;
  const end = endOfRun(text, userEnd + 1, userinfo, userEnd + 513);
  if (text[end] !== "@" || end === userEnd + 1) return undefined;
  return { start: userEnd + 1, end, type: "url_password" };
}

/** Three parts of base64url, or five when encrypted. */
function findJwt(text: string, start: number): Secret | undefined {
  const first = endOfRun(text, start, word);
  if (first - start < 11 || text[first] !== ".") return undefined;
  let end = endOfRun(text, first + 1, word);
  if (end - first < 9) return undefined;
  for (let part = 3; part <= 5 && text[end] === "."; part += 1) {
    const next = endOfRun(text, end + 1, word);
    if (next === end + 1 && part > 3) break;
    end = next;
  }
  return { start, end, type: "jwt" };
}

function findBearer(text: string, after: number): Secret | undefined {
  const start = endOfRun(text, after, blank, after + 3);
  const end = endOfRun(text, start, credential);
  return end - start < 16 ? undefined : { start, end, type: "bearer" };
}

function findKey(text: string, start: number, after: number, cut: boolean): Secret | undefined {
  const end = endOfRun(text, after, word);
  const isCut = cut && end === text.length;
  const least = isCut ? 4 : (keyMinLengths[text.slice(start, start + 2)] ?? 20);
  if (end - after < least) return undefined;
  // Words joined by hyphens have a key's shape, but no digit.
  return /\d/.test(text.slice(after, Math.min(end, after + 256)))
    ? { start, end, type: "key" }
    : undefined;
}

const pemMaxLength = 16 * 1024;

/** Private keys in PEM; remembers the next end line, so that it is looked for once. */
class PemEnds {
  readonly #text: string;
  readonly #cut: boolean;
  #nextEnd = -1;

  constructor(text: string, cut: boolean) {
    this.#text = text;
    this.#cut = cut;
  }

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
    if (this.#nextEnd - start <= pemMaxLength) return this.#nextEnd;
    if (this.#cut && text.length - start <= pemMaxLength) return text.length;
    return endOfRun(text, start, base64);
  }
}
