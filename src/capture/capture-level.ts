/**
 * How much of an exchange the log keeps: what its server allows, or less if the client asks for less.
 *
 * The client asks by a field of ours, which goes no further than to us. Asking for more, or for nothing that is
 * known, changes nothing; of several the lowest counts.
 */
import { type CaptureLevel, captureLevels } from "../server.ts";

const field = "x-hookwatch-capture";

export function lower(one: CaptureLevel, other: CaptureLevel): CaptureLevel {
  return captureLevels.indexOf(one) < captureLevels.indexOf(other) ? one : other;
}

/** `rawHeaders`: names and values alternating. */
export function levelOf(allowed: CaptureLevel, rawHeaders: readonly string[]): CaptureLevel {
  let level = allowed;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length !== field.length || name.toLowerCase() !== field) continue;
    for (const word of (rawHeaders[at + 1] ?? "").split(",")) level = lower(level, toLevel(word));
  }
  return level;
}

/** The highest for a word that is none. */
export function toLevel(word: string): CaptureLevel {
  const asked = word.trim().toLowerCase();
  return captureLevels.find((level) => level === asked) ?? "full";
}
