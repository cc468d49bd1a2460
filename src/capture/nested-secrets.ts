/**
 * What lies below a name that promises a secret: `{"password":{"value":"x"}}`, `{"secrets":["x",{"db":"y"}]}`,
 * in JSON, in JSON inside strings of JSON, and as Python writes its own.
 *
 * Every string below is one, but for those of members that describe: schemas of MCP tools have a property
 * "password" which is an object of types and descriptions. In: where such an object begins. Out: secrets
 * ahead of there, in order of place, for whoever reads on. Linear: nothing is stepped through twice.
 * Bounds: `depthMax` levels at a time; what lies deeper is read when it is come to.
 */
import { isManifest } from "./plausible-secret.ts";
import { endOfQuoted, quoteAt } from "./quotes.ts";
import type { Secret } from "./redact.ts";
import { endOfOthers, endOfRun, isBlank, toSet } from "./scan.ts";
import { withoutScheme } from "./scheme.ts";
import { secretType, unescapedName } from "./sensitive-keys.ts";

const depthMax = 1_000;
const nameMaxLength = 384;

const backslash = 0x5c;
const colon = 0x3a;

export class NestedSecrets {
  /** Where the next secret starts; beyond every text when there is none. */
  nextStart = Number.POSITIVE_INFINITY;
  readonly #text: string;
  #ahead: readonly Secret[] = [];
  #taken = 0;
  #readTo = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The secret at `nextStart`, as far as it lies from `at` on; undefined when it lies before. */
  take(at: number): Secret | undefined {
    const secret = this.#ahead[this.#taken];
    this.#taken += 1;
    this.nextStart = this.#ahead[this.#taken]?.start ?? Number.POSITIVE_INFINITY;
    if (!secret || secret.end <= at) return undefined;
    return secret.start < at ? { ...secret, start: at } : secret;
  }

  /** True when that place lies below a name that was read already. */
  covers(at: number): boolean {
    return at < this.#readTo;
  }

  /** Reads the object or array that starts there; `quote` is what its strings stand in. */
  read(at: number, quote: string, type: string): void {
    if (this.covers(at)) return;
    const { secrets, end } = readBelow(this.#text, at, quote, type);
    this.#readTo = end;
    this.#ahead = secrets;
    this.#taken = 0;
    this.nextStart = secrets[0]?.start ?? Number.POSITIVE_INFINITY;
  }
}

/** An object or array that is open. */
interface Level {
  readonly isObject: boolean;
  /** Of the member it is the value of, or of the array around it. */
  readonly name: string;
  /** Nothing below is a secret. */
  readonly describes: boolean;
}

function readBelow(text: string, from: number, quote: string, type: string) {
  const secrets: Secret[] = [];
  const levels: Level[] = [];
  let name = "";
  let at = from;
  while (at < text.length) {
    const letter = text.charAt(at);
    const level = levels.at(-1);
    if (letter === "{" || letter === "[") {
      if (levels.length >= depthMax) break;
      const describes = level?.describes === true || describingWhole.has(toWord(name));
      levels.push({ isObject: letter === "{", name, describes });
      at += 1;
    } else if (letter === "}" || letter === "]") {
      levels.pop();
      at += 1;
      if (levels.length === 0) break;
      name = levels.at(-1)?.name ?? "";
    } else if (letter === ",") {
      name = level?.name ?? "";
      at += 1;
    } else {
      const found = quoteAt(text, at);
      if (found === "") {
        const end = endOfPlain(text, at);
        if (isNumberOf(text.slice(at, end), type) && isValueName(name) && !level?.describes) {
          secrets.push({ start: at, end, type, around: quote });
        }
        at = end;
        continue;
      }
      if (endsAround(text, at, found, quote)) break;
      const start = at + found.length;
      const end = endOfQuoted(text, start, found);
      at = Math.min(text.length, end + found.length);
      if (level?.isObject && isName(text, at)) {
        name = unescapedName(text.slice(start, Math.min(end, start + nameMaxLength)));
      } else if (end > start && !level?.describes && isSecret(text, start, end, name, type)) {
        secrets.push(withoutScheme(text, { start, end, type }));
      }
    }
  }
  return { secrets, end: at };
}

/** Members that tell what the others are: of JSON Schema, OpenAPI, forms and lists of credentials. */
const describing: ReadonlySet<string> = new Set(
  (
    "type title description format pattern ref comment schema id name in kind label placeholder hint help helptext " +
    "message error status state scope scopes issuer algorithm alg provider contentencoding contentmediatype xmcpheader"
  ).split(" "),
);
const describingWhole: ReadonlySet<string> = new Set(
  "enum enumnames required scopes flows errors dependentrequired propertyorder".split(" "),
);
const describingEnd = /(?:_at|At|_date|Date|_type|Type|_url|Url|_uri|Uri)$/;

function isSecret(text: string, start: number, end: number, name: string, type: string): boolean {
  if (isManifest(text, start)) return false;
  // A cookie may have any name.
  if (secretType(name) !== "" || type === "cookie") return true;
  if (describing.has(toWord(name)) || describingEnd.test(name)) return false;
  // Of what is wrong with it.
  return name !== "code" || !/^[a-z_.-]{1,40}$/.test(text.slice(start, Math.min(end, start + 48)));
}

function toWord(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function isValueName(name: string): boolean {
  return /^(?:value|raw|plain|plaintext|current|old|new)$/i.test(name);
}

/** Numbers of tokens are counts. */
function isNumberOf(word: string, type: string): boolean {
  return word.length < 64 && type !== "token" && type !== "code" && /^-?\d[\d.eE+-]*$/.test(word);
}

/** The end of the string of JSON around all this. */
function endsAround(text: string, at: number, found: string, quote: string): boolean {
  if (found === quote) return false;
  if (found.length < quote.length) return true;
  // Python uses either quote for its own.
  return quote === "'" && found === '"' && /^\s{0,4}(?:$|[,}\]])/.test(text.slice(at + 1, at + 6));
}

function isName(text: string, at: number): boolean {
  return text.charCodeAt(endOfBlanks(text, at)) === colon;
}

/** White space, as it is or escaped inside a string. */
export function endOfBlanks(text: string, from: number): number {
  for (let at = from; ; ) {
    const plain = endOfRun(text, at, isBlank);
    let escaped = plain;
    while (text.charCodeAt(escaped) === backslash) escaped += 1;
    if (escaped === plain || !"nrt".includes(text.charAt(escaped))) return plain;
    at = escaped + 1;
  }
}

const structure = toSet(/[[\]{},"'`\\&]/);
const filler = toSet(/[\s:]/);
const ends = structure.map((one, code) => one || filler[code] === true);

/** After what is neither structure nor a string, at least one character on. */
function endOfPlain(text: string, from: number): number {
  const filled = endOfRun(text, from, filler);
  if (filled > from) return filled;
  const end = endOfOthers(text, from, ends);
  if (end > from) return end;
  // The character after backslashes that escape no quote belongs to them.
  return Math.min(text.length, endOfRun(text, from, backslashes) + 1);
}

const backslashes = toSet(/\\/);
