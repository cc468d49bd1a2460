/** How times, durations, sizes and counts are written. Times in the zone that is preferred. */
import type { Preferences } from "./preferences.ts";

type Zone = Preferences["zone"];

const formats = new Map<string, Intl.DateTimeFormat>();

/** `09:30:00.123` */
export function clockTime(atMs: number, zone: Zone): string {
  return format(
    "clock",
    {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      fractionalSecondDigits: 3,
      hourCycle: "h23",
    },
    zone,
  ).format(atMs);
}

/** `21 Nov` */
export function shortDate(atMs: number, zone: Zone): string {
  return format("date", { day: "2-digit", month: "short" }, zone).format(atMs);
}

/** `21 Nov 2026, 09:30:00.123 UTC` */
export function fullTime(atMs: number, zone: Zone): string {
  const date = format("full", { day: "2-digit", month: "short", year: "numeric" }, zone);
  return `${date.format(atMs)}, ${clockTime(atMs, zone)}${zone === "utc" ? " UTC" : ""}`;
}

/** `21 Nov, 09:30` */
export function minuteTime(atMs: number, zone: Zone): string {
  const options = {
    day: "2-digit",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  };
  return format("minute", options as Intl.DateTimeFormatOptions, zone).format(atMs);
}

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `5 d ago`; `in …` for what is to come. */
export function relativeTime(atMs: number, nowMs: number): string {
  const seconds = Math.round(Math.abs(nowMs - atMs) / 1_000);
  if (seconds < 2) return "just now";
  const [value, unit] =
    seconds < 60
      ? [seconds, "s"]
      : seconds < 3_600
        ? [Math.floor(seconds / 60), "min"]
        : seconds < 86_400
          ? [Math.floor(seconds / 3_600), "h"]
          : [Math.floor(seconds / 86_400), "d"];
  return atMs > nowMs ? `in ${value} ${unit}` : `${value} ${unit} ago`;
}

/** `0 ms`, `340 ms`, `1.25 s`, `2 min 5 s`, `1 h 2 min` */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(2)} s`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return withRest(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return withRest(Math.floor(minutes / 60), "h", minutes % 60, "min");
  return withRest(Math.floor(minutes / 1_440), "d", Math.floor((minutes % 1_440) / 60), "h");
}

/** As `duration`, but `0.31 ms` and `4.2 ms` below ten milliseconds. */
export function fineDuration(ms: number): string {
  return ms < 9.95 ? `${Number(ms.toPrecision(2))} ms` : duration(ms);
}

/** `0 B`, `812 B`, `4.2 KiB`, `7.30 MiB` */
export function byteSize(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), units.length);
  const value = bytes / 1_024 ** power;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${units[power - 1]}`;
}

const wholeNumbers = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const shortNumbers = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** `1,234,567` */
export function countText(count: number): string {
  return wholeNumbers.format(count);
}

/** `1.2M` */
export function shortCount(count: number): string {
  return count < 10_000 ? wholeNumbers.format(count) : shortNumbers.format(count);
}

/** `0 %`, `0.3 %`, `12 %`; a dash when there is nothing to divide by. */
export function percent(fraction: number | null): string {
  if (fraction === null) return "–";
  const value = fraction * 100;
  return `${value !== 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

function withRest(value: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${value} ${unit}` : `${value} ${unit} ${rest} ${restUnit}`;
}

function format(
  name: string,
  options: Intl.DateTimeFormatOptions,
  zone: Zone,
): Intl.DateTimeFormat {
  const key = `${name} ${zone}`;
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat("en-GB", {
      ...options,
      ...(zone === "utc" && { timeZone: "UTC" }),
    });
    formats.set(key, made);
  }
  return made;
}
