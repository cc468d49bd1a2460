/**
 * Secrets in addresses: `scheme://user:password@host`, a token in place of the user, and webhooks,
 * whose path is the secret. Solidi may be escaped, as some writers of JSON do.
 *
 * Bounds: the user has at most `userMaxLength` characters, the password `passwordMaxLength`.
 */
import type { Secret } from "./redact.ts";
import { endOfEscapedRun, endOfRun, isWord, toSet } from "./scan.ts";

const userMaxLength = 256;
const passwordMaxLength = 512;
/** Of one that is written as it is. */
const looseMaxLength = 48;
const userinfo = toSet(/[!#-&(-.0-9;=?A-Z[\]^-~]/);
/** Some write their passwords as they are. */
const loose = toSet(/[!#-&(-;=?-Z[\]^-~]/);
const authority = toSet(/[!#-&(-.0-;=@A-Z[\]^-~]/);
const webhook =
  /(?:hooks\.slack\.com\\*\/(?:services|workflows|triggers)\\*\/|(?:[a-z]{1,10}\.)?discord(?:app)?\.com\\*\/api(?:\\*\/v\d{1,2})?\\*\/webhooks\\*\/\d{1,24}\\*\/|[\w-]{1,63}\.webhook\.office\.com\\*\/webhookb2\\*\/|hooks\.zapier\.com\\*\/hooks\\*\/catch\\*\/|api\.telegram\.org\\*\/bot)/iy;
const path = toSet(/[\w.~%:@/\\-]/);

/** Asked about the colon after the scheme. */
export function findUrlSecret(text: string, colonAt: number, cut: boolean): Secret | undefined {
  if (!isWord[text.charCodeAt(colonAt - 1)]) return undefined;
  const start = endOfSolidi(text, colonAt + 1);
  if (start === -1) return undefined;
  const userEnd = endOfEscapedRun(text, start, userinfo, start + userMaxLength);
  if (text[userEnd] === "@") return findUserToken(text, start, userEnd);
  if (text[userEnd] === ":") return findPassword(text, userEnd, cut, isWeb(text, colonAt));
  webhook.lastIndex = start;
  if (!webhook.test(text)) return undefined;
  const from = webhook.lastIndex;
  const end = endOfPath(text, from);
  return end - from >= 8 ? { start: from, end, type: "webhook" } : undefined;
}

function endOfSolidi(text: string, from: number): number {
  let at = from;
  for (let count = 0; count < 2; count += 1) {
    at = text.charCodeAt(at) === 0x5c ? endOfRun(text, at, backslashes, at + 7) : at;
    if (text[at] !== "/") return -1;
    at += 1;
  }
  return at;
}

const backslashes = toSet(/\\/);

function isWeb(text: string, colonAt: number): boolean {
  return /(?:https?|wss?)$/i.test(text.slice(Math.max(0, colonAt - 5), colonAt));
}

/** `https://ghs-like-token@host`: long, of letters and digits. */
function findUserToken(text: string, start: number, end: number): Secret | undefined {
  const user = text.slice(start, end);
  return user.length >= 16 && /\d/.test(user) && /[A-Za-z]/.test(user)
    ? { start, end, type: "url_user" }
    : undefined;
}

function findPassword(text: string, at: number, cut: boolean, web: boolean): Secret | undefined {
  const start = at + 1;
  const most = start + passwordMaxLength + 1;
  const end = endOfEscapedRun(text, start, userinfo, most);
  const isPort = /^\d{1,5}$/.test(text.slice(start, end));
  if (text[end] === "@" || text[end] === ":" || (text[end] === "/" && !web && !isPort)) {
    const looseEnd = endOfEscapedRun(text, start, web ? authority : loose, start + looseMaxLength);
    const last = text.slice(start, looseEnd).lastIndexOf("@");
    const passwordEnd = Math.max(start + last, text[end] === "@" ? end : start);
    return passwordEnd > start ? { start, end: passwordEnd, type: "url_password" } : undefined;
  }
  const isCut = cut && end === text.length && !isPort;
  return isCut && end > start ? { start, end, type: "url_password" } : undefined;
}

/** As far as its characters go; a backslash only before a solidus. */
function endOfPath(text: string, from: number): number {
  let at = from;
  while (path[text.charCodeAt(at)]) {
    if (text[at] === "\\" && text[at + 1] !== "/" && text[at + 1] !== "\\") break;
    at += 1;
  }
  while (at > from && text[at - 1] === "\\") at -= 1;
  return at;
}
