/**
 * What quotes a text inside another: `"`, `'`, and how either looks when the text around it was
 * escaped, as `\"`, `\\\"`, `\u0022`, `&quot;`.
 *
 * Linear: what is stepped over after a quote is what its caller takes out.
 */

const backslash = 0x5c;
const escapedQuote = /^(?:u002[27]|&(?:quot|apos|#34|#39);)/i;

/** The quote that ends there, with what escapes it; "" for none. */
export function quoteBefore(text: string, end: number): string {
  const last = text.charAt(end - 1);
  if (last === '"' || last === "'" || last === "`") {
    return text.slice(end - 1 - backslashesBefore(text, end - 1), end);
  }
  if (last === "2" || last === "7") {
    const count = backslashesBefore(text, end - 5);
    return count > 0 && escapedQuote.test(text.slice(end - 5, end))
      ? text.slice(end - 5 - count, end)
      : "";
  }
  if (last !== ";") return "";
  return /&(?:quot|apos|#34|#39);$/.exec(text.slice(Math.max(0, end - 6), end))?.[0] ?? "";
}

/** The quote that starts there, with what escapes it; "" for none. */
export function quoteAt(text: string, at: number): string {
  let end = at;
  while (text.charCodeAt(end) === backslash) end += 1;
  const first = text.charAt(end);
  if (first === '"' || first === "'" || first === "`") return text.slice(at, end + 1);
  if (first !== (end > at ? "u" : "&")) return "";
  const escaped = escapedQuote.exec(text.slice(end, end + 6))?.[0] ?? "";
  return escaped === "" ? "" : text.slice(at, end + escaped.length);
}

/** Where the text that such a quote opened before `start` ends. */
export function endOfQuoted(text: string, start: number, quote: string): number {
  if (quote === "'" || quote === "`") return endOfSingle(text, start, quote);
  const last = quote.at(-1) ?? "";
  if (last === '"') return endOfString(text, start, quote.length - 1);
  if (last !== "'" && last !== "`") return endOfWritten(text, start, quote);
  return endOfMember(text, start, endOfString(text, start, quote.length - 1, last));
}

/**
 * At a quote with `level` backslashes that escape nothing inside, or with fewer, which ends the
 * string around it; or at the end of the text.
 */
export function endOfString(text: string, start: number, level: number, letter = '"'): number {
  for (let from = start; ; ) {
    const at = text.indexOf(letter, from);
    if (at === -1) return text.length;
    const backslashes = backslashesBetween(text, start, at);
    // Inside the string a quote has 2 × level + 1 of them and each backslash 2 × (level + 1).
    const own = backslashes % (2 * (level + 1));
    if (own !== 2 * level + 1) return at - own;
    from = at + 1;
  }
}

/** In one line, and in the string of JSON around it. */
function endOfSingle(text: string, start: number, quote: string): number {
  let at = start;
  for (; at < text.length; at += 1) {
    const letter = text.charAt(at);
    if (letter === "\n") return at;
    if (letter === "\\") at += 1;
    else if (letter === quote || (letter === '"' && endsString(text, at))) return at;
  }
  return Math.min(at, text.length);
}

/** The string of JSON around it ends it as well: told by what follows. */
function endOfMember(text: string, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const letter = text.charAt(at);
    if (letter === "\\") at += 1;
    else if (letter === '"' && /^(?:$|\s{0,4}[,}\]:])/.test(text.slice(at + 1, at + 6))) return at;
  }
  return end;
}

/** A quote of JSON, by what follows it. */
export function endsString(text: string, at: number): boolean {
  return /^(?:$|\s{0,4}[,}\]])/.test(text.slice(at + 1, at + 6));
}

/** `\\u0022` and `&quot;`: inside, an escaped one has twice its own backslashes before it. */
function endOfWritten(text: string, start: number, quote: string): number {
  const own = quote.lastIndexOf("\\") + 1;
  let end = text.indexOf(quote, start);
  while (end !== -1 && own > 0) {
    const inside = backslashesBetween(text, start, end);
    if (Math.floor(inside / (2 * own)) % 2 === 0) break;
    end = text.indexOf(quote, end + quote.length);
  }
  return endOfAround(text, start, end === -1 ? text.length : end);
}

/** The string of JSON around it ends it as well. */
function endOfAround(text: string, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const letter = text.charAt(at);
    if (letter === '"') return at;
    if (letter === "\\") at += 1;
  }
  return end;
}

function backslashesBetween(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && text.charCodeAt(at - 1) === backslash) at -= 1;
  return end - at;
}

export function backslashesBefore(text: string, end: number): number {
  return backslashesBetween(text, 0, end);
}
