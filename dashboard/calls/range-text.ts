/**
 * Times as people type them: `15m`, `2h`, `3 days`, `yesterday`, `2026-11-21 09:30`.
 *
 * In: text, the time it is now, the zone that is meant. Out: a window, or undefined for what is none.
 */
import type { Preferences } from "../preferences.ts";

type Zone = Preferences["zone"];

export interface Window {
  readonly fromMs: number;
  /** Exclusive; undefined for a window that ends open. */
  readonly toMs: number | undefined;
}

const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
};

export function parseWindow(text: string, nowMs: number, zone: Zone): Window | undefined {
  const words = text.trim().toLowerCase();
  const [, number, unit = ""] = /^(\d{1,4})\s*([a-z]+?)s?$/.exec(words) ?? [];
  const length = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (number !== undefined && length !== undefined) {
    return { fromMs: nowMs - Number(number) * length, toMs: undefined };
  }
  if (words === "today") return { fromMs: startOfDay(nowMs, 0, zone), toMs: undefined };
  if (words === "yesterday") {
    return { fromMs: startOfDay(nowMs, -1, zone), toMs: startOfDay(nowMs, 0, zone) };
  }
  const [from = "", to, ...rest] = words.split(/\s+(?:to|–|-|until)\s+/);
  if (rest.length > 0) return undefined;
  const fromMs = parseTime(from, zone);
  const toMs = to === undefined ? undefined : parseTime(to, zone);
  if (fromMs === undefined || (to !== undefined && toMs === undefined)) return undefined;
  return toMs !== undefined && toMs <= fromMs ? undefined : { fromMs, toMs };
}

/** `2026-11-21`, `2026-11-21 09:30`, with seconds or a zone of its own; epoch milliseconds. */
export function parseTime(text: string, zone: Zone): number | undefined {
  const [, date, clock, offset] =
    /^(\d{4}-\d{2}-\d{2})(?:[t ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(z|[+-]\d{2}:\d{2})?)?$/i.exec(
      text.trim(),
    ) ?? [];
  if (date === undefined) return undefined;
  // A date-time without an offset is local time to `Date` (ECMA-262, 21.4.3.2).
  const own = offset?.toUpperCase() ?? (zone === "utc" ? "Z" : "");
  const ms = Date.parse(`${date}T${clock ?? "00:00"}${own}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** As `parseTime` reads it: `2026-11-21 09:30:00`. */
export function writeTime(atMs: number, zone: Zone): string {
  const shiftMs = zone === "utc" ? 0 : new Date(atMs).getTimezoneOffset() * 60_000;
  return new Date(atMs - shiftMs).toISOString().slice(0, 19).replace("T", " ");
}

function startOfDay(nowMs: number, days: number, zone: Zone): number {
  const now = new Date(nowMs);
  if (zone === "utc") {
    return Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + days);
  }
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days).getTime();
}
