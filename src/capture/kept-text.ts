/** What the log keeps of a text: without its secrets, and no more than may be kept. */
import { redact } from "./redact.ts";
import type { Seal } from "./seal.ts";
import { truncate } from "./truncate.ts";

export interface KeptText {
  readonly text: string;
  readonly truncated: boolean;
}

export const nothingKept: KeptText = { text: "", truncated: false };

/**
 * Read beyond the limit, so that a secret the limit cuts is seen whole and leaves no half; what is
 * longer than even that is redacted up to the cut.
 */
const marginCharacters = 8_192;

/** `whole`: false when the text is already only the beginning of what passed. */
export function keepText(text: string, whole: boolean, maxBytes: number, seal: Seal): KeptText {
  const readMax = maxBytes + marginCharacters;
  const cut = !whole || text.length > readMax;
  const kept = truncate(
    redact(text.length > readMax ? text.slice(0, readMax) : text, seal, cut),
    maxBytes,
  );
  return { text: kept.text, truncated: cut || kept.truncated };
}
