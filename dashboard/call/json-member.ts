/**
 * The text of a member of a JSON object, digit for digit as it was.
 *
 * In: a text known to be JSON, and names from the outside in. Out: the member's own text; undefined where there is none. The
 * last of repeated members counts, as for parsers.
 */
export function memberText(json: string, path: readonly string[]): string | undefined {
  let text: string | undefined = json;
  for (const name of path) text = text === undefined ? undefined : membersOf(text).get(name);
  return text;
}

function membersOf(text: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  if (!text.trimStart().startsWith("{")) return members;
  let depth = 0;
  let quoted = false;
  let start = 0;
  const add = (end: number) => {
    const member = /^\s*("(?:[^"\\]|\\.)*")\s*:([\s\S]*)$/.exec(text.slice(start, end));
    if (member) members.set(JSON.parse(member[1] ?? '""'), (member[2] ?? "").trim());
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (quoted) {
      if (char === "\\") at += 1;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") {
      depth += 1;
      if (depth === 1) start = at + 1;
    } else if (char === "}" || char === "]") {
      if (depth === 1) add(at);
      depth -= 1;
    } else if (char === "," && depth === 1) {
      add(at);
      start = at + 1;
    }
  }
  return members;
}
