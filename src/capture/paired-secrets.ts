/**
 * Names and values that are members of their own: `{"name":"x-api-key","value":"x"}`, in either order and with
 * others between, `["x-api-key","x"]`, `setHeader("x-api-key", "x")`.
 *
 * Bounds: name and value are at most `apartMaxLength` apart.
 */
import { memberType } from "./assigned-secrets.ts";
import { endOfBlanks } from "./nested-secrets.ts";
import { isPlausibleQuoted } from "./plausible-secret.ts";
import { backslashesBefore, endOfQuoted, quoteAt } from "./quotes.ts";
import type { Secret } from "./redact.ts";
import { isBlank } from "./scan.ts";
import { withoutScheme } from "./scheme.ts";
import { unescapedName } from "./sensitive-keys.ts";

const apartMaxLength = 1_024;
const nameMaxLength = 384;
const quotedMaxLength = 4_096;

const namingMember = /^(?:name|key|header|header_?name|field|param|parameter|variable|var|k)$/i;
const namingMaxLength = "header_name".length;
const valueMember = /^(?:value|val|v)$/i;
const valueMaxLength = "value".length;

/** Of the objects of one text, read in order. */
export class PairedNames {
  readonly #text: string;
  #namedAt = Number.NEGATIVE_INFINITY;
  #type = "";

  constructor(text: string) {
    this.#text = text;
  }

  /** What the value of this member is, by what stands beside it; "" for nothing. `quote` is that of the member's name. */
  typeOf(name: string, colonAt: number, quote: string): string {
    // Most members have other names; a look at the length is cheaper than at the name.
    if (name.length > namingMaxLength) return "";
    if (namingMember.test(name)) this.#remember(colonAt, quote);
    else if (name.length <= valueMaxLength && valueMember.test(name))
      return this.#before(colonAt) || this.#after(colonAt, quote);
    return "";
  }

  #remember(colonAt: number, quote: string): void {
    this.#type = typeNamedAt(this.#text, colonAt + 1, quote);
    this.#namedAt = colonAt;
  }

  #before(colonAt: number): string {
    if (this.#type === "" || colonAt - this.#namedAt > apartMaxLength) return "";
    return /[{}]/.test(this.#text.slice(this.#namedAt, colonAt)) ? "" : this.#type;
  }

  /** The member after the value names it. */
  #after(colonAt: number, quote: string): string {
    const text = this.#text;
    const at = endOfBlanks(text, colonAt + 1);
    if (!text.startsWith(quote, at)) return "";
    const window = text.slice(at + quote.length, at + quote.length + apartMaxLength);
    const end = at + 2 * quote.length + endOfQuoted(window, 0, quote);
    const comma = endOfBlanks(text, end);
    const next = endOfBlanks(text, comma + 1);
    if (text[comma] !== "," || !text.startsWith(quote, next)) return "";
    const nameAt = next + quote.length;
    const nameEnd = text.slice(nameAt, nameAt + 16).indexOf(quote);
    if (nameEnd === -1 || !namingMember.test(text.slice(nameAt, nameAt + nameEnd))) return "";
    const colon = endOfBlanks(text, nameAt + nameEnd + quote.length);
    return text[colon] === ":" ? typeNamedAt(text, colon + 1, quote) : "";
  }
}

/** Asked about the bracket that an array, or the arguments of a function, begin with. */
export function findPair(text: string, at: number): Secret | undefined {
  const from = endOfBlanks(text, at + 1);
  const quote = quoteAt(text, from);
  if (quote === "") return undefined;
  const nameAt = from + quote.length;
  const nameEnd = nameAt + text.slice(nameAt, nameAt + nameMaxLength).indexOf(quote);
  if (nameEnd < nameAt) return undefined;
  const name = unescapedName(text.slice(nameAt, nameEnd));
  const type = memberType(name);
  if (type === "") return undefined;
  const comma = endOfBlanks(text, nameEnd + quote.length);
  if (text[comma] !== ",") return undefined;
  const valueAt = endOfBlanks(text, comma + 1);
  if (!text.startsWith(quote, valueAt)) return undefined;
  const start = valueAt + quote.length;
  const end = start + endOfQuoted(text.slice(start, start + quotedMaxLength), 0, quote);
  const after = text[endOfBlanks(text, end + quote.length)];
  if (after !== (text[at] === "[" ? "]" : ")") && after !== undefined) return undefined;
  const value = text.slice(start, end);
  if (value === "" || memberType(value) !== "") return undefined;
  return isPairPlace(text, at) || isNoName(name, value)
    ? withoutScheme(text, { start, end, type })
    : undefined;
}

/** A pair among pairs, or all there is; elsewhere two strings may be a list of names. */
function isPairPlace(text: string, at: number): boolean {
  const end = startOfBlanks(text, at);
  return end === 0 || text[end - 1] === "[" || text[end - 1] === ",";
}

/** Where the white space that ends there begins, escaped or not. */
function startOfBlanks(text: string, end: number): number {
  for (let at = end; ; ) {
    while (isBlank[text.charCodeAt(at - 1)]) at -= 1;
    const escapes = "nrt".includes(text.charAt(at - 1)) ? backslashesBefore(text, at - 1) : 0;
    if (at === 0 || escapes === 0) return at;
    at -= escapes + 1;
  }
}

/** The text that a member of either name has for its value, as the name of a secret. */
function typeNamedAt(text: string, from: number, quote: string): string {
  const at = endOfBlanks(text, from);
  if (!text.startsWith(quote, at)) return "";
  const start = at + quote.length;
  const length = text.slice(start, start + nameMaxLength).indexOf(quote);
  return length < 1 ? "" : memberType(unescapedName(text.slice(start, start + length)));
}

/** Names of fields, of arguments and of what stands for a default have no digits. */
function isNoName(name: string, value: string): boolean {
  return /[-_]|^(?:cookie|authorization|password)$/i.test(name) && /\d/.test(value)
    ? isPlausibleQuoted(value, "password")
    : false;
}
