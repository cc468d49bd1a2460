/**
 * JSON laid out for reading, digit for digit as it was: parsing and printing would turn 12345678901234567890 into
 * 12345678901234567000.
 *
 * In: any text. Out: the same tokens on lines of their own; undefined for what is no JSON. Bounds: `depthMax` levels.
 */
const depthMax = 1_000;

export function formatJson(text: string): string | undefined {
  if (!isJson(text)) return undefined;
  const parts: string[] = [];
  let depth = 0;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '"') {
      const end = endOfString(text, at);
      parts.push(text.slice(at, end));
      at = end - 1;
    } else if (char === "{" || char === "[") {
      const closing = afterBlank(text, at + 1);
      if (text.charAt(closing) === (char === "{" ? "}" : "]")) {
        parts.push(char + text.charAt(closing));
        at = closing;
      } else {
        depth += 1;
        if (depth > depthMax) return undefined;
        parts.push(char, line());
      }
    } else if (char === "}" || char === "]") {
      depth -= 1;
      parts.push(line(), char);
    } else if (char === ",") parts.push(",", line());
    else if (char === ":") parts.push(": ");
    else if (!isBlank(char)) parts.push(char);
  }
  return parts.join("");
}

/** True for an object or an array, which are worth a layout. */
export function isJson(text: string): boolean {
  const first = text.charAt(afterBlank(text, 0));
  if (first !== "{" && first !== "[") return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charAt(at) !== '"') at += text.charAt(at) === "\\" ? 2 : 1;
  return at + 1;
}

function afterBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charAt(at))) at += 1;
  return at;
}

function isBlank(char: string): boolean {
  return char === " " || char === "\n" || char === "\r" || char === "\t";
}
