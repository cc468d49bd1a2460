/**
 * Log lines on stderr: one JSON object a line, or readable lines when a person watches.
 *
 * In: fields, which may hold what strangers have sent. Out: lines that stay lines, whose characters are all visible.
 * Bounds: 2,000 characters for a text, 8,000 for a stack, 50 members, four levels.
 */
import pino from "pino";
import type { Log } from "../telemetry.ts";

const textMaxLength = 2_000;
const stackMaxLength = 8_000;
const membersMax = 50;
const levelsMax = 4;

export function openLog(
  level: "debug" | "info" | "warn" | "error",
  stream: Pick<NodeJS.WriteStream, "isTTY" | "write">,
): Log {
  const shown = stream.isTTY ? readable : escaped;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => bounded(fields, levelsMax) as Record<string, unknown>,
      },
      // They are plain objects by now.
      serializers: { err: (error: unknown) => error },
    },
    { write: (line: string) => void stream.write(shown(line)) },
  );
}

/** A copy that is safe to print, of whatever it is. */
function bounded(value: unknown, levels: number): unknown {
  if (typeof value === "string") return cut(value, textMaxLength);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (levels === 0) return "…";
  if (Array.isArray(value))
    return value.slice(0, membersMax).map((one) => bounded(one, levels - 1));
  if (value instanceof Error) return boundedError(value, levels);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === "function") return bounded(toJSON.call(value), levels - 1);
  const members = Object.entries(value).slice(0, membersMax);
  return Object.fromEntries(members.map(([name, one]) => [name, bounded(one, levels - 1)]));
}

function boundedError(error: Error & { code?: unknown }, levels: number): object {
  const { name, message, stack = "", code, cause } = error;
  return {
    type: name,
    message: cut(message, textMaxLength),
    ...(code !== undefined && { code: bounded(code, levels - 1) }),
    stack: cut(stack, stackMaxLength),
    ...(cause !== undefined && { cause: bounded(cause, levels - 1) }),
  };
}

function cut(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}

// What turns text around, hides in it or ends a line somewhere; JSON itself escapes only what is below U+0020.
const unseen = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Such characters stand only inside of the strings of a line of JSON. */
function escaped(line: string): string {
  return line.replace(unseen, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** `12:30:05 warn  the call log did not take a batch  calls=3` with control characters made visible. */
function readable(line: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([name, value]) => `  ${name}=${JSON.stringify(value)}`);
  const cause = err === undefined ? "" : `  ${(err as { message?: string }).message ?? ""}`;
  const text = `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(msg)}${cause}${rest.join("")}`;
  return `${text.replaceAll(/\p{Cc}/gu, "\ufffd").replaceAll(unseen, "\ufffd")}\n`;
}
