/**
 * A body of either content type, or one event's data, into messages.
 *
 * Never throws: foreign bytes are data, and what cannot be read says why.
 */
import { type ParsedMessages, parseMessages } from "../message.ts";
import { decodeBody, type Encoded } from "./decode.ts";
import type { HeldBody } from "./held-body.ts";

/** A body as text. */
export interface BodyText {
  readonly text: string;
  /** False when `text` is only the beginning of the body, or speaks of it instead of being it. */
  readonly whole: boolean;
  /** The body is not what its content coding says, so that nobody can read it. */
  readonly garbled?: boolean;
  /** What passed on the wire. */
  readonly bytes: number;
}

export function isEventStream(contentType: string): boolean {
  return /^\s*text\/event-stream\b/i.test(contentType);
}

/** Takes the body out of where it is held. */
export function takeText(body: HeldBody, contentType: string, contentEncoding: string): BodyText {
  const { sizeBytes: bytes, isWhole } = body;
  if (bytes === 0) return { text: "", whole: true, bytes };
  if (!isWhole && contentEncoding !== "") {
    body.clear();
    return { text: `[${contentEncoding}, not decoded]`, whole: false, bytes };
  }
  const text = body.take((held) => toText(held, contentEncoding));
  if (typeof text !== "string") {
    return { text: `[${text.reason}]`, whole: false, garbled: text.garbled, bytes };
  }
  if (isBinary(text, contentType)) {
    return { text: `[${contentType.slice(0, 100) || "binary"}]`, whole: false, bytes };
  }
  return { text, whole: isWhole, bytes };
}

/** `parseMessages`, for text of any depth. */
export function unpackMessages(text: string): ParsedMessages {
  try {
    return parseMessages(text);
  } catch {
    // The reviver that keeps the digits of huge ids recurses.
    return { kind: "garbled", reason: "nested too deeply" };
  }
}

function toText(bytes: Buffer, contentEncoding: string): string | Encoded {
  const decoded = decodeBody(bytes, contentEncoding);
  return decoded.kind === "encoded" ? decoded : decoded.bytes.toString("utf8");
}

function isBinary(text: string, contentType: string): boolean {
  return /^(?:image|audio|video|font)\//i.test(contentType) || text.includes("\0");
}
