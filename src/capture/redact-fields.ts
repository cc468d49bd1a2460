/**
 * The client's header fields as the log shows them: what is known to be harmless in clear,
 * everything else judged by its name and its value.
 *
 * Bounds: `fieldsMaxLength` characters in all, the first fields first; results for `valuesMax` values are
 * remembered, for clients repeat themselves.
 */
import { detach } from "./detach.ts";
import { toFields } from "./fields.ts";
import { redact } from "./redact.ts";
import type { Seal } from "./seal.ts";
import { secretType } from "./sensitive-keys.ts";
import { shorten } from "./truncate.ts";

const fieldsMaxLength = 16_384;
const valuesMax = 4_096;
const rememberedMaxLength = 1_024;

/** Never a secret by their meaning; their values may still hold one by its shape. */
const clearNames: ReadonlySet<string> = new Set([
  "accept",
  "accept-charset",
  "accept-encoding",
  "accept-language",
  "baggage",
  "cache-control",
  "connection",
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
  "date",
  "expect",
  "forwarded",
  "host",
  "keep-alive",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "origin",
  "pragma",
  "range",
  "referer",
  "te",
  "traceparent",
  "tracestate",
  "transfer-encoding",
  "upgrade-insecure-requests",
  "user-agent",
  "via",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-request-id",
]);

const secretNames: ReadonlyMap<string, string> = new Map([
  ["authorization", "authorization"],
  ["proxy-authorization", "authorization"],
  ["cookie", "cookie"],
  ["set-cookie", "cookie"],
  ["x-api-key", "api_key"],
  ["mcp-session-id", "session"],
  ["dpop", "dpop"],
]);

export class FieldRedactor {
  readonly #seal: Seal;
  /** By name, then by value. */
  readonly #values = new Map<string, Map<string, string>>();
  #size = 0;
  /** What was made of fields that are still about. */
  readonly #byName = new WeakMap<readonly string[], ReadonlyMap<string, string>>();
  readonly #shown = new WeakMap<ReadonlyMap<string, string>, Readonly<Record<string, string>>>();

  constructor(seal: Seal) {
    this.#seal = seal;
  }

  /** As `toFields`; the same map for the same array. */
  byName(rawHeaders: readonly string[]): ReadonlyMap<string, string> {
    let fields = this.#byName.get(rawHeaders);
    if (!fields) {
      fields = toFields(rawHeaders);
      this.#byName.set(rawHeaders, fields);
    }
    return fields;
  }

  /** `fields`: names in lower case. The same object for the same map. */
  redact(fields: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
    let shown = this.#shown.get(fields);
    if (!shown) {
      shown = this.#redact(fields);
      this.#shown.set(fields, shown);
    }
    return shown;
  }

  #redact(fields: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
    const redacted: [string, string][] = [];
    let room = fieldsMaxLength;
    for (const [name, value] of fields) {
      room -= name.length;
      if (room <= 0) break;
      // Redacted first, so that no half of a secret is left.
      const kept = shorten(this.#value(name, value), room);
      room -= kept.length;
      redacted.push([name, kept]);
    }
    // Unlike assignment, this makes a plain member of a field named "__proto__".
    return Object.fromEntries(redacted);
  }

  #value(name: string, value: string): string {
    if (value.length > rememberedMaxLength) return this.#judge(name, value);
    let values = this.#values.get(name);
    const known = values?.get(value);
    if (known !== undefined) return known;
    if (this.#size >= valuesMax) {
      this.#values.clear();
      this.#size = 0;
      values = undefined;
    }
    if (!values) {
      values = new Map();
      this.#values.set(detach(name), values);
    }
    const own = detach(value);
    const judged = this.#judge(name, own);
    values.set(own, judged);
    this.#size += 1;
    return judged;
  }

  #judge(name: string, value: string): string {
    if (value === "") return value;
    if (clearNames.has(name) || name.startsWith("sec-fetch-") || name.startsWith("sec-ch-")) {
      return redact(value, this.#seal);
    }
    const type = name.startsWith("mcp-param-")
      ? "param"
      : (secretNames.get(name) ?? secretType(name));
    if (type === "")
      return looksRandom(value) ? this.#seal.mark("value", value) : redact(value, this.#seal);
    const scheme = /^(?:Bearer|Basic|Digest|DPoP|Token|Negotiate) +/i.exec(value)?.[0] ?? "";
    if (scheme === "" || scheme.length === value.length) return this.#seal.mark(type, value);
    const word = scheme.trim();
    return `${word} ${this.#seal.mark(word.toLowerCase(), value.slice(scheme.length))}`;
  }
}

/** A long word of letters and digits, such as keys are, in a field nobody knows. */
export function looksRandom(value: string): boolean {
  const word = /[A-Za-z0-9+/_=-]{20,}/.exec(value)?.[0];
  return word !== undefined && /\d/.test(word) && /[A-Za-z]/.test(word);
}
