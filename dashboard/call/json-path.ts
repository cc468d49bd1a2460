/** Where in a JSON text a cursor stands, as a path that jq and JSONPath read: `$.params.arguments["a b"][0]`. */
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";

type Node = ReturnType<ReturnType<typeof syntaxTree>["resolveInner"]>;

/** "" where the text is no JSON, or not read yet. */
export function pathAt(state: EditorState): string {
  const steps: string[] = [];
  let node: Node | null = syntaxTree(state).resolveInner(state.selection.main.head, -1);
  if (node.name === "JsonText" && node.firstChild === null) return "";
  for (; node; node = node.parent) {
    if (node.name === "Property") steps.push(nameOf(state, node));
    else if (node.parent?.name === "Array" && isValue(node)) steps.push(`[${placeOf(node)}]`);
  }
  return `$${steps.reverse().join("")}`;
}

function nameOf(state: EditorState, property: Node): string {
  const quoted = property.getChild("PropertyName");
  const text = quoted ? state.sliceDoc(quoted.from, quoted.to) : '""';
  const plain = /^"([A-Za-z_]\w*)"$/.exec(text)?.[1];
  return plain === undefined ? `[${text}]` : `.${plain}`;
}

function placeOf(value: Node): number {
  let place = 0;
  for (let at = value.prevSibling; at; at = at.prevSibling) if (isValue(at)) place += 1;
  return place;
}

function isValue({ name }: Node): boolean {
  return name !== "[" && name !== "]" && name !== ",";
}
