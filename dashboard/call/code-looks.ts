/**
 * What all editors have in common: JSON in the colours of the page, search, folding, hidden characters made visible.
 *
 * They live in a shadow root, where their styles are an adopted sheet: the policy lets no style elements in. Control and
 * bidirectional characters are shown by their names, as everywhere.
 */
import { json } from "@codemirror/lang-json";
import {
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  syntaxHighlighting,
} from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import type { Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightSpecialChars, keymap } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { visibleText } from "../visible-text.ts";

/** One for each place, and the same one again when it is opened anew. */
export function shadowOf(parent: HTMLElement): ShadowRoot {
  if (parent.shadowRoot) return parent.shadowRoot;
  const root = parent.attachShadow({ mode: "open" });
  // What is typed inside is no shortcut of the page, which would see it as typed nowhere.
  parent.addEventListener("keydown", (event) => {
    const [target] = event.composedPath();
    if (target instanceof HTMLElement && target.matches("input, textarea, [contenteditable=true]"))
      event.stopPropagation();
  });
  return root;
}

export function looks(label: string): Extension[] {
  return [
    json(),
    syntaxHighlighting(colours),
    theme,
    highlightSpecialChars({ specialChars: unseen, render: toMark }),
    codeFolding({ placeholderText: "…" }),
    foldGutter(),
    bracketMatching(),
    drawSelection(),
    highlightSelectionMatches(),
    search({ top: true }),
    keymap.of([...searchKeymap, ...foldKeymap]),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0" }),
  ];
}

/** As in visible-text.ts; line breaks are the editor's own. */
const unseen =
  /[\p{Cc}\p{Cs}\u00ad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;

function toMark(code: number): HTMLElement {
  const mark = document.createElement("span");
  mark.textContent = visibleText(String.fromCodePoint(code));
  mark.className = "cm-unseen";
  return mark;
}

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--accent)" },
  { tag: tags.string, color: "var(--success)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--timeout)" },
  { tag: tags.invalid, color: "var(--error)" },
]);

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "12px", color: "var(--text)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": {
    fontFamily:
      'ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
    lineHeight: "18px",
  },
  ".cm-content:focus-visible": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-gutters": {
    backgroundColor: "transparent",
    color: "var(--faint)",
    border: "none",
  },
  ".cm-foldPlaceholder": {
    backgroundColor: "var(--accent-soft)",
    border: "none",
    color: "var(--accent)",
    padding: "0 4px",
  },
  ".cm-unseen": {
    backgroundColor: "var(--timeout-soft)",
    color: "var(--timeout)",
    borderRadius: "3px",
    padding: "0 2px",
  },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--accent-soft) !important",
  },
  ".cm-searchMatch": {
    backgroundColor: "var(--timeout-soft)",
    outline: "1px solid var(--timeout)",
  },
  ".cm-panels": {
    backgroundColor: "var(--sunken)",
    color: "var(--text)",
    borderColor: "var(--line)",
  },
  ".cm-panel input, .cm-panel button, .cm-textfield, .cm-button": {
    font: "12px ui-sans-serif, system-ui, sans-serif",
    color: "var(--text)",
    background: "var(--surface)",
    border: "1px solid var(--line-strong)",
    borderRadius: "4px",
  },
  ".cm-collapsedLines": {
    background: "var(--sunken)",
    color: "var(--muted)",
    padding: "4px 8px",
  },
  "&.cm-merge-a .cm-changedLine, .cm-deletedChunk": { backgroundColor: "var(--error-soft)" },
  "&.cm-merge-b .cm-changedLine": { backgroundColor: "var(--success-soft)" },
  "&.cm-merge-a .cm-changedText, .cm-deletedChunk .cm-deletedText": {
    background: "none",
    textDecoration: "underline",
    textDecorationColor: "var(--error)",
  },
  "&.cm-merge-b .cm-changedText": {
    background: "none",
    textDecoration: "underline",
    textDecorationColor: "var(--success)",
  },
});
