import fc from "fast-check";
import { expect, test } from "vitest";
import { csvCell, csvHead } from "./csv.ts";
import { callSchema } from "./wire.ts";

/** What a reader that knows RFC 4180 makes of a line of one cell. */
function parsed(cell: string): string {
  if (!cell.startsWith('"')) return cell;
  expect(cell).toMatch(/^"(?:[^"]|"")*"$/s);
  return cell.slice(1, -1).replaceAll('""', '"');
}

test.for([
  ["=1+1", "'=1+1"],
  ["+1", "'+1"],
  ["-1", "'-1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\tx", "'\tx"],
  ["\rx", "'\rx"],
  ["\nx", "'\nx"],
  [" =1", "' =1"],
  ['"=1"', `'"=1"`],
  ["'=1", "''=1"],
  ["\u200b=1", "'\u200b=1"],
  ["\ufeff@x", "'\ufeff@x"],
  ["＝1", "'＝1"],
  ["＋1", "'＋1"],
  ["－1", "'－1"],
  ["＠x", "'＠x"],
  ["=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"],
] as const)("text that could be a formula begins with an apostrophe: %j", ([text, shown]) => {
  expect(parsed(csvCell(text))).toBe(shown);
});

test.for(["", "search", "a=1", "1-2", '{"a":1}', "é😀", "<img onerror=x>"])(
  "other text is what it was: %j",
  (text) => {
    expect(parsed(csvCell(text))).toBe(text);
  },
);

test("numbers are numbers, negative ones, too, and nothing is an empty cell", () => {
  const values = [-32_601, 0, true, false, null].map((value) => csvCell(value));
  expect(values).toEqual(["-32601", "0", "true", "false", ""]);
});

test("lists are words, and objects their JSON", () => {
  expect(parsed(csvCell(["mcp-name", "mcp-method"]))).toBe("mcp-name mcp-method");
  expect(parsed(csvCell({ accept: 'a"b' }))).toBe('{"accept":"a\\"b"}');
});

test("control characters are shown and never sent", () => {
  expect(csvCell("\u0000\u001b[31m\u007f\u0085")).toBe("␀␛[31m␡\ufffd");
});

test("whatever a cell holds, a reader finds one cell, no formula and no control", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(..."=+-@\t\r\n\" ',;x\u0000") }),
  );
  fc.assert(
    fc.property(text, (value) => {
      const cell = csvCell(value);
      const read = parsed(cell);
      expect(read).not.toMatch(/^[\s"]*[=+\-@＝＋－＠]|^[\t\r\n]/);
      if (!cell.startsWith('"')) expect(cell).not.toMatch(/[",\r\n]/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
      expect(read).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/);
    }),
    { numRuns: 2_000 },
  );
});

test("every field of a call has its column", () => {
  expect(csvHead.trimEnd().split(",")).toEqual(Object.keys(callSchema.shape));
  expect(csvHead.endsWith("\r\n")).toBe(true);
});
