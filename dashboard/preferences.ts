/**
 * What one person chose in this browser: theme, time zone, the look of the list, single-key shortcuts. Kept in
 * localStorage; where that is forbidden, for as long as the page is open.
 */
import { LiveValue, useLive } from "./live-value.ts";

export interface Preferences {
  readonly theme: "light" | "dark" | "system";
  readonly zone: "local" | "utc";
  /** Shortcuts of one letter can be switched off (WCAG 2.1.4). */
  readonly letterKeys: boolean;
  readonly density: "comfortable" | "compact";
  /** Of the list of calls, where it is wide enough, in the order of `callColumns`. */
  readonly callColumns: readonly CallColumn[];
}

/** What the list of calls can show beside time, name and duration. */
export const callColumns = ["details", "server", "client", "session", "http", "size"] as const;
export type CallColumn = (typeof callColumns)[number];

/** Also read by public/theme.js. */
const storageKey = "hookwatch.preferences";
const defaults: Preferences = {
  theme: "system",
  zone: "local",
  letterKeys: true,
  density: "comfortable",
  callColumns: ["details", "server", "client"],
};
const preferences = new LiveValue(read());

export function usePreferences(): Preferences {
  return useLive(preferences);
}

export function currentPreferences(): Preferences {
  return preferences.get();
}

export function prefer(changes: Partial<Preferences>): void {
  const next = { ...preferences.get(), ...changes };
  write(storageKey, next);
  apply(next);
}

/** Follows what another tab of this browser chooses. */
export function followPreferences(): void {
  apply(preferences.get());
  window.addEventListener("storage", ({ key }) => {
    if (key === storageKey) apply(read());
  });
}

/** The JSON value kept under a key of this browser; undefined without one, or when it is forbidden. */
export function readStored(key: string): unknown {
  try {
    const text = localStorage.getItem(key);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** False when this browser keeps nothing. */
export function write(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

function apply(next: Preferences): void {
  preferences.set(next);
  const { dataset } = document.documentElement;
  if (next.theme === "system") delete dataset.theme;
  else dataset.theme = next.theme;
}

function read(): Preferences {
  const stored = readStored(storageKey);
  const {
    theme,
    zone,
    letterKeys,
    density,
    callColumns: columns,
  } = (typeof stored === "object" && stored !== null ? stored : {}) as Record<string, unknown>;
  return {
    theme: theme === "light" || theme === "dark" ? theme : defaults.theme,
    zone: zone === "utc" ? "utc" : defaults.zone,
    letterKeys: letterKeys !== false,
    density: density === "compact" ? "compact" : defaults.density,
    callColumns: Array.isArray(columns)
      ? callColumns.filter((column) => columns.includes(column))
      : defaults.callColumns,
  };
}
