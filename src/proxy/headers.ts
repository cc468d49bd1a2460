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
import { detached } from "../http/field-lines.ts";
import { knownNamesMax } from "./limits.ts";
import { bareCredential, holdsOwnSecret, isOwnCookie, withoutOwnCookies } from "./own-secrets.ts";

type Rule =
  | "pass"
  | "drop"
  | "connection"
  | "via"
  | "coding"
  /** It mirrors what is said in the body, which is not looked at. */
  | "argument"
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

const requestRules = rules(
  [
    ...hopByHop.map((name) => [name, "drop"] as const),
    ["connection", "connection"],
    // The upstream gets its own.
    ["host", "drop"],
    // Node has answered "100 Continue" already.
    ["expect", "drop"],
    // Said to us.
    ["x-hookwatch-capture", "drop"],
    ["authorization", "credential"],
    ["x-api-key", "credential"],
    ["cookie", "cookie"],
    ["via", "via"],
    ["content-length", "length"],
  ],
  ruleOfUnlisted,
);

/** What a browser keeps for, or does on, the whole origin that said it. */
const ofOneOrigin = [
  "accept-ch",
  "alt-svc",
  "clear-site-data",
  "critical-ch",
  "expect-ct",
  "link",
  "nel",
  "origin-agent-cluster",
  "public-key-pins",
  "public-key-pins-report-only",
  "refresh",
  "report-to",
  "reporting-endpoints",
  "secure-session-registration",
  "sec-session-registration",
  "service-worker-allowed",
  "set-login",
  "sourcemap",
  "speculation-rules",
  "strict-transport-security",
  "use-as-dictionary",
  "x-dns-prefetch-control",
  "x-sourcemap",
];

const responseRules = rules([
  ...[...hopByHop, ...ofOneOrigin].map((name) => [name, "drop"] as const),
  ["connection", "connection"],
  ["transfer-encoding", "coding"],
  ["set-cookie", "set-cookie"],
  ["location", "location"],
  ["www-authenticate", "challenge"],
  ["content-type", "type"],
  ["content-length", "length"],
]);

/** How an installation knows its own among what clients send. */
export interface OwnMarks {
  /** True for a credential of ours that has not the form of our keys. */
  isCredential(text: string): boolean;
  /** What we are called in `Via`. */
  readonly via: string;
}

export interface UpstreamFields {
  readonly headers: string[];
  /** True when a credential of ours was among them; the exchange must not go on. */
  readonly leaks: boolean;
  /** True when the request has been here before. */
  readonly loops: boolean;
  /** What `Content-Length` says; -1 without one. */
  readonly contentLength: number;
}

/** The client's fields as the upstream gets them, without `Host`. */
export function toUpstream(raw: readonly string[], own: OwnMarks): UpstreamFields {
  const headers: string[] = [];
  const named = connectionNames(raw, requestRules);
  let leaks = false;
  let loops = false;
  let contentLength = -1;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    const value = raw[at + 1] ?? "";
    const rule = ruleOf(requestRules, name);
    if (rule === "drop" || rule === "connection") continue;
    if (named?.has(name.toLowerCase())) continue;
    if (rule === "cookie") {
      const cookies = withoutOwnCookies(value);
      leaks ||= holdsOwnSecret(cookies);
      if (cookies !== "") headers.push(name, cookies);
      continue;
    }
    if (rule === "length") contentLength = Number(value);
    else if (rule === "via") loops ||= value.includes(own.via);
    else if (rule !== "argument") leaks ||= holdsOwnSecret(value);
    if (rule === "credential") leaks ||= own.isCredential(bareCredential(value));
    headers.push(name, value);
  }
  return { headers, leaks, loops, contentLength };
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
 * The upstream's fields as the client gets them. Throws on a coding that cannot be passed on. `slug` bounds the cookies they may set; `pageWithoutType`
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
    if (rule === "coding" && !/^\s*chunked\s*$/i.test(value)) throw foreignCoding();
    if (rule === "drop" || rule === "connection" || rule === "coding") continue;
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
    headers.push(...box);
  }
  return headers;
}

/** The chunks are undone on their way, another coding under them is not; without its name the body would be another. */
function foreignCoding(): Error {
  const message = "the answer has a transfer coding that is not undone";
  return Object.assign(new Error(message), { code: "HOOKWATCH_FOREIGN_CODING" });
}

/** Scripts, forms and frames do nothing in it, and where it was is not told to where it leads. */
const box = [
  "Content-Security-Policy",
  "default-src 'none'; sandbox; frame-ancestors 'none'",
  "X-Content-Type-Options",
  "nosniff",
  "Referrer-Policy",
  "no-referrer",
];

const inertType =
  /^\s*(?:application\/(?:[\w.-]+\+)?json|application\/octet-stream|text\/event-stream|text\/plain)\s*(?:;|$)/i;

/** True for what no browser runs as a page: what MCP is made of. Everything else is boxed in. */
function isInert(type: string): boolean {
  return inertType.test(type);
}

/** Without `Domain`, and sent back to this server's proxy path only; undefined for a cookie of our name. */
function scopedCookie(value: string, slug: string): string | undefined {
  const [pair = "", ...attributes] = value.split(";");
  if (isOwnCookie(pair)) return undefined;
  const kept = attributes.filter((attribute) => !/^\s*(?:domain|path)\s*(?:=|$)/i.test(attribute));
  return [pair, ...kept, ` Path=/p/${slug}`].join(";");
}

/** The fields that `Connection` names, in lower case; undefined when it names none that matter. */
function connectionNames(raw: readonly string[], table: RuleTable): Set<string> | undefined {
  let names: Set<string> | undefined;
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? "";
    // Most names are not even as long.
    if (name.length !== 10 || ruleOf(table, name) !== "connection") continue;
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
  /** Of a name that is not on the list. */
  readonly other: (lowerName: string) => Rule;
  readonly byLowerName: ReadonlyMap<string, Rule>;
  /** The same by the spellings met so far, at most `knownNamesMax`. */
  readonly bySpelling: Map<string, Rule>;
}

function rules(
  entries: readonly (readonly [string, Rule])[],
  other: RuleTable["other"] = () => "pass",
): RuleTable {
  return { other, byLowerName: new Map(entries), bySpelling: new Map() };
}

/**
 * Programs behind CGI and its heirs read `Transfer_Encoding` as `Transfer-Encoding`. So what is not passed under one
 * name is not passed under the other.
 */
function ruleOfUnlisted(name: string): Rule {
  if (name.startsWith("mcp-param-")) return "argument";
  if (!name.includes("_")) return "pass";
  const rule = requestRules.byLowerName.get(name.replaceAll("_", "-"));
  return rule === undefined || rule === "credential" ? (rule ?? "pass") : "drop";
}

function ruleOfName({ byLowerName, other }: RuleTable, name: string): Rule {
  return byLowerName.get(name) ?? other(name);
}

function ruleOf(table: RuleTable, name: string): Rule {
  const known = table.bySpelling.get(name);
  if (known !== undefined) return known;
  const rule = ruleOfName(table, name.toLowerCase());
  // A name of an answer is a part of its whole head, which would stay with it.
  if (table.bySpelling.size < knownNamesMax) table.bySpelling.set(detached(name), rule);
  return rule;
}
