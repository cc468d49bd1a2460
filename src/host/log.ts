/** Log lines on stderr: one JSON object a line, or readable lines when a person watches. */
import pino from "pino";
import type { Log } from "../telemetry.ts";

/** What a line may carry at most, so that hostile values cannot flood the log. */
const fieldMaxLength = 2_000;

export function openLog(
  level: "debug" | "info" | "warn" | "error",
  stream: NodeJS.WriteStream,
): Log {
  const destination = stream.isTTY
    ? { write: (line: string) => void stream.write(readable(line)) }
    : stream;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: (fields) => cut(fields) },
    },
    destination,
  );
}

function cut(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" && value.length > fieldMaxLength
        ? `${value.slice(0, fieldMaxLength)}…`
        : value,
    ]),
  );
}

/** `12:30:05 warn  the call log did not take a batch  calls=3` with control characters made visible. */
function readable(line: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(([name, value]) => `  ${name}=${JSON.stringify(value)}`);
  const cause = err === undefined ? "" : `  ${(err as { message?: string }).message ?? ""}`;
  const text = `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${String(msg)}${cause}${rest.join("")}`;
  return `${text.replaceAll(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu, "\ufffd")}\n`;
}
