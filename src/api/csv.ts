/**
 * Calls as CSV (RFC 4180), safe to open in a spreadsheet.
 *
 * In: calls as lists show them. Out: a line with the names of the columns, then a line a call, each ended by
 * CRLF. Guarantees: no text from outside is a formula, since what could begin one gets an apostrophe
 * before it (https://owasp.org/www-community/attacks/CSV_Injection); control characters, which
 * terminals obey and some readers choke on, become their pictures.
 */
import { callSchema, type WireCall } from "./wire.ts";

const columns = Object.keys(callSchema.shape) as readonly (keyof WireCall)[];

export const csvHead = `${columns.join(",")}\r\n`;

export function csvLine(call: WireCall): string {
  return `${columns.map((name) => csvCell(call[name])).join(",")}\r\n`;
}

/** Null is empty, a list its words, an object its JSON. */
export function csvCell(value: WireCall[keyof WireCall]): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return `${value}`;
  if (typeof value === "string") return quoted(harmless(value));
  return quoted(harmless(Array.isArray(value) ? value.join(" ") : JSON.stringify(value)));
}

// A formula may hide behind blanks, marks that show as nothing, or quotes, and Excel takes full-width signs, too.
const formulaStart = /^(?:[\t\r\n]|[\s\p{Cf}"']*[=+\-@\uff1d\uff0b\uff0d\uff20])/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is for
const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

function harmless(text: string): string {
  const shown = text.replaceAll(controls, picture);
  return formulaStart.test(shown) ? `'${shown}` : shown;
}

/** Of a control character: U+2400 and so on for those of ASCII; the others have none. */
function picture(control: string): string {
  const code = control.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : "\ufffd";
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
