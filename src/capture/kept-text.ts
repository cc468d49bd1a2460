/** What the log keeps of a text: as much as its level allows, without secrets, and no more than may be kept. */
import type { CaptureLevel } from "../server.ts";
import { lower } from "./capture-level.ts";
import { redact, redactOwn } from "./redact.ts";
import type { Seal } from "./seal.ts";
import { truncate } from "./truncate.ts";

export interface KeptText {
  readonly text: string;
  readonly truncated: boolean;
  /** What it was kept at. */
  readonly level: CaptureLevel;
}

export const nothingKept: KeptText = { text: "", truncated: false, level: "full" };

export interface Keeping {
  readonly maxBytes: number;
  readonly level: CaptureLevel;
  readonly seal: Seal;
}

/**
 * Read beyond the limit, so that a secret the limit cuts is seen whole and leaves no half; what is
 * longer than even that is redacted up to the cut.
 */
const marginCharacters = 8_192;

/** `whole`: false when the text is already only the beginning of what passed. */
export function keepText(
  text: string,
  whole: boolean,
  { maxBytes, level, seal }: Keeping,
): KeptText {
  if (!keepsText(level)) return { text: "", truncated: !whole || text !== "", level };
  const readMax = maxBytes + marginCharacters;
  const cut = !whole || text.length > readMax;
  const read = text.length > readMax ? text.slice(0, readMax) : text;
  const kept = truncate(withoutSecrets(read, level, seal, cut), maxBytes);
  return { text: kept.text, truncated: cut || kept.truncated, level };
}

/** The same for a call of which less may be kept than of the exchange that carried the text. */
export function lowered(kept: KeptText, level: CaptureLevel, seal: Seal): KeptText {
  if (lower(kept.level, level) === kept.level) return kept;
  if (kept.text === "") return { ...kept, level };
  return keepText(kept.text, !kept.truncated, { maxBytes: Number.MAX_SAFE_INTEGER, level, seal });
}

/** As a level that keeps what was said shows it. */
export function withoutSecrets(text: string, level: CaptureLevel, seal: Seal, cut = false): string {
  return level === "full" ? redactOwn(text, seal, cut) : redact(text, seal, cut);
}

/** False for levels that keep nothing of what was said. */
export function keepsText(level: CaptureLevel): boolean {
  return level === "redacted" || level === "full";
}
