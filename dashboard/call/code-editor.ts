/**
 * The editor behind the code views: JSON that can be searched and folded, also when it is large. A chunk of its own: load
 * it with `import()`.
 *
 * For reading alone: what a browser inserts while somebody types carries styles of its own, which the policy reports.
 */
import { openSearchPanel } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { looks, shadowOf } from "./code-looks.ts";
import { pathAt } from "./json-path.ts";

export interface CodeOptions {
  readonly label: string;
  readonly text: string;
  /** Told where in the JSON the cursor stands, such as `$.params.name`; "" where that is nowhere. */
  readonly onPath?: (path: string) => void;
}

export interface CodeHandle extends Disposable {
  setText(text: string): void;
  search(): void;
}

export function openCode(parent: HTMLElement, options: CodeOptions): CodeHandle {
  const root = shadowOf(parent);
  const { label, text, onPath } = options;
  const view = new EditorView({
    doc: text,
    root,
    parent: root,
    extensions: [
      ...looks(label),
      lineNumbers(),
      EditorState.readOnly.of(true),
      EditorView.editable.of(false),
      EditorView.updateListener.of((update) => {
        if (update.selectionSet || update.docChanged) onPath?.(pathAt(update.state));
      }),
    ],
  });
  return {
    setText(next) {
      if (next === view.state.doc.toString()) return;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
    },
    search: () => void openSearchPanel(view),
    [Symbol.dispose]: () => view.destroy(),
  };
}
