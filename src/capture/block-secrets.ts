/**
 * Secrets in block scalars of YAML: `password: |` and the lines below that are indented further, as text
 * or inside a string of JSON, where the ends of lines are escaped.
 */
import type { Secret } from "./redact.ts";
import { endOfRun, toSet } from "./scan.ts";

const indentMaxLength = 64;
const headerMaxLength = 100;
const header = /^[|>][-+1-9]{0,2}[ \t]{0,8}(?:#[^\r\n\\"]{0,80})?/;
const lineEnd = /^(?:\r?\n|(\\{1,64})(?:r\1)?n)/;

const backslash = 0x5c;
const quote = 0x22;
const spaces = toSet(/ /);
const backslashes = toSet(/\\/);

/** Asked about the sign after the colon, and where the name before it starts. */
export function findBlock(
  text: string,
  nameStart: number,
  at: number,
  type: string,
): Secret | undefined {
  const opening = header.exec(text.slice(at, at + headerMaxLength))?.[0];
  if (opening === undefined) return undefined;
  const first = at + opening.length;
  const newline = lineEnd.exec(text.slice(first, first + 140))?.[0] ?? "";
  const indent = indentOf(text, nameStart);
  if (newline === "" || indent === -1) return undefined;
  let start = -1;
  let end = -1;
  for (let lineStart = first; text.startsWith(newline, lineStart); ) {
    const from = lineStart + newline.length;
    const textStart = endOfRun(text, from, spaces);
    // A line without text may be indented less.
    lineStart = textStart;
    if (text.startsWith(newline, textStart)) continue;
    lineStart = endOfLine(text, textStart, newline);
    if (textStart - from <= indent || lineStart === textStart) break;
    if (start === -1) start = textStart;
    end = lineStart;
  }
  return start === -1 ? undefined : { start, end, type };
}

/** Columns before the name; -1 when it does not begin its line. */
function indentOf(text: string, nameStart: number): number {
  const head = text.slice(Math.max(0, nameStart - indentMaxLength), nameStart);
  const line = /(?:^|[\r\n"]|\\n)( *(?:- +)*)$/.exec(head);
  return line ? (line[1] ?? "").length : -1;
}

/** At the end of the line, of the string of JSON around it, or of the text. */
function endOfLine(text: string, from: number, newline: string): number {
  if (!newline.startsWith("\\")) {
    const at = text.indexOf("\n", from);
    if (at === -1) return text.length;
    return text[at - 1] === "\r" && at > from ? at - 1 : at;
  }
  const level = endOfRun(newline, 0, backslashes);
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) return at;
    if (code !== backslash) continue;
    const end = endOfRun(text, at, backslashes);
    // What ends the string around it has fewer than what stands in it.
    if (end - at < level || text.startsWith(newline, at)) return at;
    at = end;
  }
  return text.length;
}
