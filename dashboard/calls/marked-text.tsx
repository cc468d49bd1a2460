/** Text in which what was searched for stands out. */
import { SafeText } from "../ui/safe-text.tsx";

export interface MarkedTextProps {
  /** Lower case. */
  readonly words: readonly string[];
  readonly children: string;
}

export function MarkedText({ words, children }: MarkedTextProps) {
  if (words.length === 0) return <SafeText maxLength={300}>{children}</SafeText>;
  return split(children, words).map(({ text, found, at }) =>
    found ? (
      <mark key={at}>
        <SafeText>{text}</SafeText>
      </mark>
    ) : (
      <SafeText key={at}>{text}</SafeText>
    ),
  );
}

interface Piece {
  readonly text: string;
  readonly found: boolean;
  readonly at: number;
}

/** In order; together they are the text. */
function split(text: string, words: readonly string[]): readonly Piece[] {
  const lower = text.toLowerCase();
  // Where lower case is longer, as of `İ`, places differ: nothing is marked rather than something wrong.
  if (lower.length !== text.length) return [{ text, found: false, at: 0 }];
  const pieces: Piece[] = [];
  let at = 0;
  while (at < text.length) {
    const next = nearest(lower, words, at);
    if (!next || next.at > at) {
      pieces.push({ text: text.slice(at, next?.at), found: false, at });
    }
    if (!next) break;
    pieces.push({ text: text.slice(next.at, next.at + next.length), found: true, at: next.at });
    at = next.at + next.length;
  }
  return pieces;
}

function nearest(
  text: string,
  words: readonly string[],
  from: number,
): { at: number; length: number } | undefined {
  return words
    .map((word) => ({ at: text.indexOf(word, from), length: word.length }))
    .filter(({ at }) => at !== -1)
    .sort((a, b) => a.at - b.at || b.length - a.length)[0];
}
