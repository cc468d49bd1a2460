/**
 * JSON-RPC 2.0 messages, read from text for the log and for echoing ids; never written back.
 *
 * Foreign bytes are data: text that is no JSON-RPC is `garbled`, not an error. Shapes are checked as
 * far as classification needs and no further. https://www.jsonrpc.org/specification
 */

export interface RequestMessage {
  readonly kind: "request";
  readonly method: string;
  /** The id's JSON text: `7`, `"7"`, `12345678901234567890`. */
  readonly id: string;
  readonly params: unknown;
  readonly text: string;
}

export interface NotificationMessage {
  readonly kind: "notification";
  readonly method: string;
  readonly params: unknown;
  readonly text: string;
}

export interface ResponseMessage {
  readonly kind: "response";
  /** As in a request; empty when the id is null or missing, as in answers to what could not be read. */
  readonly id: string;
  readonly result: unknown;
  /** Present exactly when the answer is an error; its members may still be of any shape. */
  readonly error?: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export type Message = RequestMessage | NotificationMessage | ResponseMessage;

export type ParsedMessages =
  | { readonly kind: "messages"; readonly batch: boolean; readonly messages: readonly Message[] }
  | { readonly kind: "garbled"; readonly reason: string };

/** Commas and brackets, those in texts included: each value that they separate takes 50 bytes or so. */
const valuesMax = 1_000_000;
/** Longer than any number that is meant as an id. */
const idMemberMaxLength = 4_096;

/** One body or one event's data: a single message, or a batch of them (2025-03-26). */
export function parseMessages(text: string): ParsedMessages {
  if (hasTooManyValues(text)) return { kind: "garbled", reason: "too many values to read" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "garbled", reason: text.length === 0 ? "empty" : "not JSON" };
  }
  if (!Array.isArray(value)) {
    const message = toMessage(value, text.trim());
    return message
      ? { kind: "messages", batch: false, messages: [message] }
      : { kind: "garbled", reason: "not a JSON-RPC message" };
  }
  const texts = elementTexts(text);
  const messages: Message[] = [];
  for (const [index, member] of value.entries()) {
    const message = toMessage(member, texts[index] ?? "");
    if (!message) return { kind: "garbled", reason: "a batch member is not a JSON-RPC message" };
    messages.push(message);
  }
  if (messages.length === 0) return { kind: "garbled", reason: "an empty batch" };
  return { kind: "messages", batch: true, messages };
}

/** A plain JSON object, or undefined: the one safe way to look into foreign values. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

function toMessage(value: unknown, text: string): Message | undefined {
  const record = asRecord(value);
  if (!record) return undefined;
  const id = toIdText(record.id, text);
  if (typeof record.method === "string") {
    const { method, params } = record as { method: string; params?: unknown };
    return id === undefined
      ? { kind: "notification", method, params, text }
      : { kind: "request", method, id, params, text };
  }
  const error = asRecord(record.error);
  if (error) return { kind: "response", id: id ?? "", result: undefined, error, text };
  if ("result" in record) return { kind: "response", id: id ?? "", result: record.result, text };
  return undefined;
}

function toIdText(id: unknown, text: string): string | undefined {
  if (typeof id === "string") return JSON.stringify(id);
  if (typeof id !== "number") return undefined;
  return Number.isSafeInteger(id) ? String(id) : (exactIdText(text) ?? String(id));
}

/** Numbers that a double cannot hold are compared by the digits that were sent. */
function exactIdText(message: string): string | undefined {
  let exact: string | undefined;
  walkElements(message, (start, end) => {
    if (end - start > idMemberMaxLength) return;
    // The last of repeated members counts, as for the parser.
    exact = /^\s*"id"\s*:\s*(-?\d\S*)\s*$/.exec(message.slice(start, end))?.[1] ?? exact;
  });
  return exact;
}

/** The text of each element of a JSON array known to be well formed. */
function elementTexts(array: string): string[] {
  const texts: string[] = [];
  walkElements(array, (start, end) => texts.push(array.slice(start, end).trim()));
  return texts;
}

/**
 * Where each element of an array, or member of an object, begins and ends. The text is known to be well
 * formed. By hand, because a reviver multiplies the memory that hostile text takes.
 */
function walkElements(text: string, visit: (start: number, end: number) => void): void {
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charCodeAt(at);
    if (quoted) {
      if (char === 0x5c) at += 1;
      else if (char === 0x22) quoted = false;
    } else if (char === 0x22) quoted = true;
    else if (char === 0x5b || char === 0x7b) {
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (char === 0x5d || char === 0x7d) {
      depth -= 1;
      if (depth === 0) visit(start, at);
    } else if (char === 0x2c && depth === 1) {
      visit(start, at);
      start = at + 1;
    }
  }
}

/** True for text whose objects and arrays would take many times its own memory. */
function hasTooManyValues(text: string): boolean {
  if (text.length <= valuesMax) return false;
  let values = 0;
  // Larger texts are mostly few values, which a search steps over as fast as memory is read.
  for (const sign of ",[{") {
    for (let at = text.indexOf(sign); at !== -1; at = text.indexOf(sign, at + 1)) {
      values += 1;
      if (values > valuesMax) return true;
    }
  }
  return false;
}
