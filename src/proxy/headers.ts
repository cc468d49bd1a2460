/**
 * The one closed list of header fields that do not pass unchanged, in both directions.
 *
 * In and out: names and values alternating, as on the wire. Order, case and repetition of everything that
 * passes are kept. Nothing is added but what a comment here says.
 *
 * Hop-by-hop: RFC 9110, 7.6.1. Fields of an answer that act on the origin they came from would act on
 * ours, where other servers and the dashboard live.
 *
 * CORS fields pass and none is added: whether a page may read an answer is the upstream's to say, as it would
 * without us. Only answers of our own carry ours (`failure.ts`, `metadata-answer.ts`).
 */
import { knownNamesMax } from "./limits.ts";

type Rule =
  | "pass"
  | "drop"
  | "connection"
  | "credential"
  | "cookie"
  | "set-cookie"
  | "type"
  | "length"
  | "location"
  | "challenge";

const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
];

const requestRules = rules([
  ...hopByHop.map((name) => [name, "drop"] as const),
  ["connection", "connection"],
  // The upstream gets its own.
  ["host", "drop"],
  // Node has answered "100 Continue" already.
  ["expect", "drop"],
  ["authorization", "credential"],
  ["x-api-key", "credential"],
  ["cookie", "cookie"],
  ["content-length", "length"],
]);

const responseRules = rules([
  ...hopByHop.map((name) => [name, "drop"] as const),
  ["connection", "connection"],
  ["alt-svc", "drop"],
  ["clear-site-data", "drop"],
  ["nel", "drop"],
  ["public-key-pins", "drop"],
  ["public-key-pins-report-only", "drop"],
  ["refresh", "drop"],
  ["report-to", "drop"],
  ["reporting-endpoints", "drop"],
  ["service-worker-allowed", "drop"],
  ["strict-transport-security", "drop"],
  ["set-cookie", "set-cookie"],
  ["location", "location"],
  ["www-authenticate", "challenge"],
  ["content-type", "type"],
  ["content-length", "length"],
]);

/** Cookies with this prefix, also behind `__Host-` or `__Secure-`, are ours: never forwarded, never set by others. */
export const ownCookiePrefix = "hookwatch";

const ownCookie = new RegExp(`^(?:__Host-|__Secure-)?${ownCookiePrefix}`, "i");
const ownKey = /\bhw_[A-Za-z0-9_-]{32,}/;

export interface UpstreamFields {
  readonly headers: string[];
  /** True when a credential of ours was among them; the exchange must not go on. */
  readonly leaks: boolean;
  /** What `Content-Length` says; -1 without one. */
  readonly contentLength: number;
}

/** The client's fields as the upstream gets them, without `Host`. */
export function toUpstream(
  raw: readonly string[],
  isOwnCredential: (text: string) => boolean,
): UpstreamFields {
  const headers: string[] = [];
  const named = connectionNames(raw, requestRules);
  let leaks = false;
  let contentLength = -1;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    const rule = ruleOf(requestRules, name);
    if (rule === "drop" || rule === "connection") continue;
    if (named?.has(name.toLowerCase())) continue;
    if (rule === "cookie") {
      const cookies = withoutOwnCookies(value);
      if (cookies !== "") headers.push(name, cookies);
      continue;
    }
    if (rule === "length") contentLength = Number(value);
    else if (rule === "credential") leaks ||= isOwn(value, isOwnCredential);
    headers.push(name, value);
  }
  return { headers, leaks, contentLength };
}

/** URLs in fields of an answer, as the client is to read them. */
export interface UrlFields {
  /** The value of `Location`. */
  location(value: string): string;
  /** The value of `WWW-Authenticate`. */
  challenge(value: string): string;
}

const verbatim: UrlFields = { location: (value) => value, challenge: (value) => value };

/**
 * The upstream's fields as the client gets them. `slug` bounds the cookies they may set; `pageWithoutType`
 * says that a browser may have navigated here, so that even a body without a type could become a page.
 */
export function toClient(
  raw: readonly string[],
  slug: string,
  pageWithoutType: boolean,
  urls: UrlFields = verbatim,
): string[] {
  const headers: string[] = [];
  const named = connectionNames(raw, responseRules);
  let type: string | undefined;
  let empty = false;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    const rule = ruleOf(responseRules, name);
    if (rule === "drop" || rule === "connection") continue;
    if (named?.has(name.toLowerCase())) continue;
    if (rule === "set-cookie") {
      const cookie = scopedCookie(value, slug);
      if (cookie !== undefined) headers.push(name, cookie);
      continue;
    }
    if (rule === "type") type = value;
    else if (rule === "length" && value === "0") empty = true;
    if (rule === "location") headers.push(name, urls.location(value));
    else if (rule === "challenge") headers.push(name, urls.challenge(value));
    else headers.push(name, value);
  }
  if (type === undefined ? pageWithoutType && !empty : !isInert(type)) {
    headers.push("Content-Security-Policy", "sandbox", "X-Content-Type-Options", "nosniff");
  }
  return headers;
}

const inertType =
  /^\s*(?:application\/(?:[\w.-]+\+)?json|application\/octet-stream|text\/event-stream|text\/plain)\s*(?:;|$)/i;

/** True for what no browser runs as a page: what MCP is made of. Everything else is boxed in. */
function isInert(type: string): boolean {
  return inertType.test(type);
}

function isOwn(value: string, isOwnCredential: (text: string) => boolean): boolean {
  return ownKey.test(value) || isOwnCredential(value.replace(/^\s*bearer\s+/i, "").trim());
}

function withoutOwnCookies(value: string): string {
  if (!value.toLowerCase().includes(ownCookiePrefix)) return value;
  return value
    .split(";")
    .filter((pair) => !ownCookie.test(pair.trim()))
    .join(";")
    .trim();
}

/** Without `Domain`, and sent back to this server's proxy path only; undefined for a cookie of our name. */
function scopedCookie(value: string, slug: string): string | undefined {
  const [pair = "", ...attributes] = value.split(";");
  if (ownCookie.test(pair.trim())) return undefined;
  const kept = attributes.filter((attribute) => !/^\s*(?:domain|path)\s*(?:=|$)/i.test(attribute));
  return [pair, ...kept, ` Path=/p/${slug}`].join(";");
}

/** The fields that `Connection` names, in lower case; undefined when it names none that matter. */
function connectionNames(raw: readonly string[], table: RuleTable): Set<string> | undefined {
  let names: Set<string> | undefined;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    if (ruleOf(table, raw[at] ?? "") !== "connection") continue;
    const value = (raw[at + 1] ?? "").toLowerCase();
    if (value === "keep-alive" || value === "close") continue;
    for (const name of value.split(",")) {
      const token = name.trim();
      // A message without its framing or its type would be another message.
      if (token === "" || token === "content-length" || token === "content-type") continue;
      names ??= new Set();
      names.add(token);
    }
  }
  return names;
}

interface RuleTable {
  readonly byLowerName: ReadonlyMap<string, Rule>;
  /** The same by the spellings met so far, at most `knownNamesMax`. */
  readonly bySpelling: Map<string, Rule>;
}

function rules(entries: readonly (readonly [string, Rule])[]): RuleTable {
  return { byLowerName: new Map(entries), bySpelling: new Map() };
}

function ruleOf(table: RuleTable, name: string): Rule {
  const known = table.bySpelling.get(name);
  if (known !== undefined) return known;
  const rule = table.byLowerName.get(name.toLowerCase()) ?? "pass";
  if (table.bySpelling.size < knownNamesMax) table.bySpelling.set(name, rule);
  return rule;
}
