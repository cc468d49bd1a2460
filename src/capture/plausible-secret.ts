/**
 * Whether what follows `password:` or `token =` outside of JSON is a secret, or the prose, the type or
 * the program text that such names stand in more often.
 *
 * Bounds: looks at `headLength` characters of the value.
 */
import { secretType } from "./sensitive-keys.ts";

const headLength = 256;
/** What is shorter hides nothing where so much else is written. */
const secretMinLength = 4;

/** What documentation, schemas, programs and errors say where a value could stand. */
const spoken: ReadonlySet<string> = new Set(
  (
    "a an the they and or of in on at to by for from with as is are was were be been has have had not no non if when " +
    "then than that this these those it its we you your my our their must should shall may can could will would " +
    "please enter type typed set get use used using see add added update updated change changed check checked " +
    "create created delete deleted remove removed reset resets rotate rotated forgot forgotten lost stolen leaked " +
    "required require optional missing invalid valid expired expires incorrect wrong bad correct empty blank none " +
    "null nil undefined unset unknown true false yes ok on off enabled disabled default defaults example sample " +
    "string str number int integer bool boolean object array list dict map any bytes buffer text value values data " +
    "input output field header body param query user username name email login hidden redacted masked encrypted " +
    "hashed plain plaintext base64 hex bearer basic oauth oauth2 jwt env process config settings self local props " +
    "key keys pass auth authentication authorization session public private new old current same different both " +
    "each every some all only also too weak strong short long too at-least never always self read write format " +
    "length match matches mismatch failed fails failure error errors rejected accepted denied granted ask asks " +
    "prompt prompts generate generated given provided needed needs available unavailable sent received stored"
  ).split(" "),
);

const placeholder = /^(?:[$%<{[(*#|>]|\.\.|x{3,}$|your[-_]|\[redacted)/i;

export interface Place {
  readonly type: string;
  /** The name starts the line, and the value ends it. */
  readonly alone: boolean;
  /** What follows the value. */
  readonly after: string;
  readonly sign: ":" | "=";
}

/** A value without quotes. */
export function isPlausible(value: string, { type, alone, after, sign }: Place): boolean {
  const head = value.slice(0, headLength);
  if (isSpoken(head, type) || after === "(" || /^(?:[a-z]+:\/\/|\.{0,2}\/|~\/)/i.test(head))
    return false;
  if (/^[A-Za-z_$][\w$]*(?:[?!]?[.:][A-Za-z_$]+)+[?!]?[[(]?$/.test(head)) return false;
  if (/^\d+$/.test(head)) return type !== "token" && head.length >= 4;
  if (/\d/.test(head)) return head.length >= (type === "password" ? 4 : 6);
  if (type !== "password") return /^[A-Za-z+/=]{24,}$/.test(head) && head.length >= 24;
  const isName = /^[a-z]+(?:[A-Z_][a-z]*)+$/.test(head);
  if (isName || head.length < secretMinLength) return false;
  return sign === ":" ? /^[\p{L}\p{P}\p{S}]+$/u.test(head) : alone || !/^[A-Za-z_.-]+$/.test(head);
}

/** A value in quotes is one, unless it is a sentence, or says what is to stand there. */
export function isPlausibleQuoted(value: string, type: string): boolean {
  const head = value.slice(0, headLength);
  if (head === "" || /^[,}\]:;)\s]/.test(head) || isSpoken(head, type)) return false;
  if (/[\s]|\\[nrt]/.test(head)) return false;
  if (head.length < secretMinLength) return false;
  return type === "password" || /\d/.test(head) || head.length >= 8;
}

/** It stands for a value that is put in later. */
export function isReference(value: string): boolean {
  const head = value.slice(0, headLength);
  return placeholder.test(head) || (/^[A-Z_]*$/.test(head) && secretType(head) !== "");
}

/** A path or a range of versions, as manifests name for what is called "cookie" or "jwt". */
export function isManifest(text: string, start: number): boolean {
  return /^(?:\.{1,2}\/|[~^]\d+\.\d)/.test(text.slice(start, start + 8));
}

/** What is said where a value could stand. Of names only passwords are made by adding digits to them. */
export function isSpoken(head: string, type = ""): boolean {
  if (placeholder.test(head)) return true;
  const word = head
    .slice(0, headLength)
    .toLowerCase()
    .replace(/[.!?:]{1,8}$/, "");
  if (spoken.has(word)) return true;
  return secretType(word) !== "" && !(type === "password" && /\d/.test(word));
}
