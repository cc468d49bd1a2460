/** Secrets in elements of XML and HTML that are named for them: `<password>x</password>`. */
import type { Secret } from "./redact.ts";
import { endOfRun, isWord } from "./scan.ts";
import { secretType } from "./sensitive-keys.ts";

const nameMaxLength = 64;
const tagMaxLength = 256;
const valueMaxLength = 8_192;

/** Asked about where the name starts; `mark`: how `<` is written there. */
export function findElement(text: string, at: number, mark: string): Secret | undefined {
  const nameEnd = endOfRun(text, at, isWord, at + nameMaxLength);
  const name = text.slice(at, nameEnd);
  if (text[nameEnd] === ":") return findElement(text, nameEnd + 1, mark);
  const type = secretType(name);
  if (type === "") return undefined;
  const close = mark === "<" ? ">" : `${mark.slice(0, -1)}e`;
  const tag = text.slice(nameEnd, nameEnd + tagMaxLength);
  const tagEnd = tag.indexOf(close);
  if (tagEnd === -1 || tag.slice(0, tagEnd).includes(mark) || /^\S/.test(tag.slice(0, tagEnd))) {
    return undefined;
  }
  return findContent(text, nameEnd + tagEnd + close.length, mark, name, type);
}

/** Only what an end tag of the same name follows: `<token>` alone stands for a value. */
function findContent(text: string, from: number, mark: string, name: string, type: string) {
  const cdata = `${mark}![CDATA[`;
  const start = text.startsWith(cdata, from) ? from + cdata.length : from;
  const length = text.slice(start, start + valueMaxLength).indexOf(mark === "<" ? "<" : mark);
  const end = start + length;
  if (length < 1) return undefined;
  const rest = text.slice(end + mark.length, end + mark.length + name.length + 6);
  const value = text.slice(start, start > from ? end : end).trim();
  const isClosed = rest.replace(/^\\*\//, "/").startsWith(`/${name}`) || /:/.test(rest);
  return isClosed && value !== "" && !/^\[redacted|^[{$]/.test(value)
    ? { start, end, type }
    : undefined;
}
