/**
 * Errors that say the same but for what differs from call to call: numbers, ids, quoted words.
 *
 * In: failed calls, newest first. Out: groups, the most frequent first, each with its newest call.
 */
import type { WireCall } from "../../src/api/wire.ts";

export interface ErrorGroup {
  /** What they have in common, `…` in place of what differs. */
  readonly pattern: string;
  readonly count: number;
  readonly newest: WireCall;
  /** Tools, or methods, it happened to; at most `namesMax`. */
  readonly names: readonly string[];
  /** A word of the message that all of them hold, for a search. */
  readonly words: string;
}

const namesMax = 3;
const groupsMax = 10;
const patternMaxLength = 200;

export function groupErrors(calls: readonly WireCall[]): readonly ErrorGroup[] {
  const byPattern = Map.groupBy(calls, patternOf);
  return [...byPattern]
    .map(([pattern, group]) => toGroup(pattern, group))
    .sort((a, b) => b.count - a.count)
    .slice(0, groupsMax);
}

export function patternOf(
  call: Pick<WireCall, "error_message" | "error_kind" | "status_code">,
): string {
  const { error_message: message, error_kind: kind, status_code: status } = call;
  if (!message) return kind === "http" ? `HTTP ${status}` : kind || "no message";
  return message
    .slice(0, patternMaxLength)
    .replaceAll(/"[^"]*"|'[^']*'|\[redacted:[^\]]*\]/g, "…")
    .replaceAll(/\b[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b/gi, "…")
    .replaceAll(/\d+(?:[.,]\d+)*/g, "…")
    .replaceAll(/…(?:\s*…)+/g, "…")
    .trim();
}

function toGroup(pattern: string, calls: readonly WireCall[]): ErrorGroup {
  const [newest] = calls as readonly [WireCall, ...WireCall[]];
  const names = new Set(calls.map(({ tool_name, method }) => tool_name || method));
  const parts = newest.error_message ? pattern.split("…").map((part) => part.trim()) : [];
  const words = parts.toSorted((a, b) => b.length - a.length)[0] ?? "";
  return { pattern, count: calls.length, newest, names: [...names].slice(0, namesMax), words };
}
