/** Two texts side by side, or as one with both in it: what differs, line by line. A chunk of its own: load it with `import()`. */
import { MergeView, unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { looks, shadowOf } from "./code-looks.ts";

export interface DiffOptions {
  readonly label: string;
  readonly before: string;
  readonly after: string;
  /** One text with both in it, for narrow screens. */
  readonly unified: boolean;
}

export function openDiff(parent: HTMLElement, options: DiffOptions): Disposable {
  const root = shadowOf(parent);
  const { label, before, after, unified } = options;
  const unchanged = { margin: 3, minSize: 6 };
  const reading = [EditorState.readOnly.of(true), EditorView.editable.of(false), lineNumbers()];
  if (unified) {
    const merge = unifiedMergeView({
      original: before,
      mergeControls: false,
      collapseUnchanged: unchanged,
    });
    const extensions = [...looks(label), ...reading, merge];
    const view = new EditorView({ doc: after, root, parent: root, extensions });
    return { [Symbol.dispose]: () => view.destroy() };
  }
  const view = new MergeView({
    a: { doc: before, extensions: [...looks(`${label}, before`), ...reading] },
    b: { doc: after, extensions: [...looks(`${label}, after`), ...reading] },
    root,
    parent: root,
    collapseUnchanged: unchanged,
    highlightChanges: true,
  });
  return { [Symbol.dispose]: () => view.destroy() };
}
