/**
 * Text from the wire, made so that what is there can be seen: control characters as pictures,
 * characters that turn or hide others by their number.
 *
 * In: any text. Out: parts, in order, whose `text` together is the input. Costs nothing on plain text.
 */

export interface VisiblePart {
  readonly text: string;
  /** What is shown in its place, such as `␛` or `U+202E`; undefined when the text speaks for itself. */
  readonly mark?: string;
}

// Controls; soft hyphen, letter marks, fillers; zero width, marks, separators, embeddings and overrides;
// invisible operators, isolates; byte order mark, annotations; lone surrogates; beams; tags. Alternatives
// instead of one class where a combining character would join its neighbour.
const unseen =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|\u034f|\u17b4|\u17b5|[\u180b-\u180d]|\u180f|\u200d|[\u{1d173}-\u{1d17a}]|[\u{e0000}-\u{e0fff}]/gu;
const joiner = "\u200d";

/** @param multiline whether line breaks and tabs are left to do what they do. */
export function visibleParts(text: string, multiline = false): readonly VisiblePart[] {
  const parts: VisiblePart[] = [];
  let from = 0;
  for (const match of text.matchAll(unseen)) {
    const [found] = match;
    if (multiline && (found === "\n" || found === "\t")) continue;
    if (found === joiner && joinsPictures(text, match.index)) continue;
    if (match.index > from) parts.push({ text: text.slice(from, match.index) });
    parts.push({ text: found, mark: markOf(found) });
    from = match.index + found.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/** The same as one text, for places that take no elements: titles, labels, notices. */
export function visibleText(text: string): string {
  return visibleParts(text)
    .map((part) => part.mark ?? part.text)
    .join("");
}

/** A family or a flag is one picture of several, joined; nothing is hidden by that. */
function joinsPictures(text: string, at: number): boolean {
  return (
    /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)$/u.test(
      text.slice(Math.max(0, at - 2), at),
    ) && /^\p{Extended_Pictographic}/u.test(text.slice(at + 1, at + 3))
  );
}

function markOf(found: string): string {
  if (found === "\n") return "↵";
  if (found === "\t") return "⇥";
  const code = found.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "␡";
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
