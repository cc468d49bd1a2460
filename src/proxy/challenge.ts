/**
 * The `resource_metadata` parameter of `WWW-Authenticate` (RFC 9728, 5.1), found and exchanged with nothing else moved.
 *
 * In: a field's value: challenges of any scheme, parameters quoted or not, with commas or, as some servers write, only
 * blanks between them (RFC 9110, 11.6.1). Out: the same, its URL exchanged, in quotes if it was.
 */

const tokenByte = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const parameter = "resource_metadata";

/** `exchange` gets each URL as the upstream wrote it and gives the one for the client. */
export function exchangeMetadataUrl(value: string, exchange: (url: string) => string): string {
  let changed = "";
  let copied = 0;
  let at = 0;
  while (at < value.length) {
    if (value[at] === '"') {
      at = quotedEnd(value, at);
      continue;
    }
    if (!tokenByte.test(value[at] ?? "")) {
      at += 1;
      continue;
    }
    const nameFrom = at;
    while (tokenByte.test(value[at] ?? "")) at += 1;
    const name = value.slice(nameFrom, at).toLowerCase();
    const valueFrom = afterEquals(value, at);
    if (valueFrom === -1) continue;
    const end = valueEnd(value, valueFrom);
    at = Math.max(end, at);
    if (name !== parameter || end === valueFrom) continue;
    const written = value.slice(valueFrom, end);
    changed += value.slice(copied, valueFrom) + exchanged(written, exchange);
    copied = end;
  }
  return copied === 0 ? value : changed + value.slice(copied);
}

function exchanged(written: string, exchange: (url: string) => string): string {
  if (!written.startsWith('"')) return exchange(written);
  return `"${exchange(written.slice(1, -1).replace(/\\(.)/g, "$1"))}"`;
}

/** Where the value of a parameter begins; -1 when what was read is a scheme, or a credential in token68 form. */
function afterEquals(value: string, nameEnd: number): number {
  let at = skipBlanks(value, nameEnd);
  if (value[at] !== "=") return -1;
  at = skipBlanks(value, at + 1);
  return at;
}

function valueEnd(value: string, from: number): number {
  if (value[from] === '"') return quotedEnd(value, from);
  let at = from;
  // A URL is no token, but servers leave its quotes out.
  while (at < value.length && !/[\s,]/.test(value[at] ?? "")) at += 1;
  return at;
}

/** Behind the closing quote; the end of a value that is not closed. */
function quotedEnd(value: string, from: number): number {
  let at = from + 1;
  while (at < value.length && value[at] !== '"') at += value[at] === "\\" ? 2 : 1;
  return Math.min(at + 1, value.length);
}

function skipBlanks(value: string, from: number): number {
  let at = from;
  while (value[at] === " " || value[at] === "\t") at += 1;
  return at;
}
