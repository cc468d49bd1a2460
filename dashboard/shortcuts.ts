/**
 * Keys that do something wherever the focus is, and the list of them for `?`.
 *
 * Guarantees: typing is never disturbed: in a field only `Escape` and combinations with ⌘ or Ctrl count, in a
 * dialog none of the page behind it. Keys of one letter can be switched off (WCAG 2.1.4).
 */
import { useEffect, useRef } from "react";
import { LiveValue, useLive } from "./live-value.ts";
import { currentPreferences } from "./preferences.ts";

export interface Shortcut {
  /** `j`, `Enter`, `Escape`, `?`, `mod+k` (⌘ on a Mac, Ctrl elsewhere). */
  readonly key: string;
  readonly label: string;
  readonly run: (event: KeyboardEvent) => void;
  /** Works but is not listed, such as an arrow that does the same as a letter. */
  readonly hidden?: boolean;
}

export interface ShortcutGroup {
  readonly title: string;
  readonly shortcuts: readonly Shortcut[];
}

const groups = new LiveValue<readonly ShortcutGroup[]>([]);

/** While the component is there, its keys work. The latest component comes first. */
export function useShortcuts(title: string, shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  const keys = shortcuts.map(({ key, label }) => `${key} ${label}`).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: registered anew when keys or labels change, not when closures do
  useEffect(() => {
    const group = {
      title,
      shortcuts: latest.current.map((shortcut, at) => ({
        ...shortcut,
        run: (event: KeyboardEvent) => latest.current[at]?.run(event),
      })),
    };
    groups.set([group, ...groups.get()]);
    return () => groups.set(groups.get().filter((each) => each !== group));
  }, [title, keys]);
}

export function useShortcutGroups(): readonly ShortcutGroup[] {
  return useLive(groups);
}

export function listenForShortcuts(): void {
  window.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey) return;
    const key = keyOf(event);
    if (isTaken(event, key)) return;
    for (const { shortcuts } of groups.get()) {
      const shortcut = shortcuts.find((each) => each.key === key);
      if (!shortcut) continue;
      event.preventDefault();
      shortcut.run(event);
      return;
    }
  });
}

/** `mod+k` as a person reads it. */
export function keyLabel(key: string): string {
  const names: Record<string, string> = {
    Escape: "Esc",
    ArrowDown: "↓",
    ArrowUp: "↑",
    mod: isMac ? "⌘" : "Ctrl",
  };
  return key
    .split("+")
    .map((part) => names[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join(isMac ? "" : " ");
}

const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

function keyOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.metaKey || event.ctrlKey ? `mod+${key}` : key;
}

/** Whether the key belongs to what has the focus. */
function isTaken(event: KeyboardEvent, key: string): boolean {
  const target = event.target instanceof Element ? event.target : undefined;
  const combination = key.startsWith("mod+");
  if (!combination && key.length === 1 && !currentPreferences().letterKeys) return true;
  if (target?.closest("[role=dialog], [role=alertdialog], [role=menu], [role=listbox]")) {
    return !combination;
  }
  if (combination || key === "Escape") return false;
  if (target?.closest("input, textarea, select, [contenteditable=true]")) return true;
  // Enter belongs to the button or link that has the focus.
  return key === "Enter" && target?.closest("a, button, summary, [role=tab]") != null;
}
