import { describe, expect, test } from "vitest";
import { visibleParts, visibleText } from "./visible-text.ts";

describe("text from the wire", () => {
  test.for([
    { name: "escape", text: "a\u001b[31mb", shown: "a␛[31mb" },
    { name: "null", text: "\u0000", shown: "␀" },
    { name: "delete", text: "\u007f", shown: "␡" },
    { name: "C1 control", text: "\u009b1m", shown: "U+009B1m" },
    { name: "right-to-left override", text: "gpj.\u202eexe", shown: "gpj.U+202Eexe" },
    { name: "isolate", text: "\u2066x\u2069", shown: "U+2066xU+2069" },
    { name: "zero width space", text: "ad\u200bmin", shown: "adU+200Bmin" },
    { name: "byte order mark", text: "\ufeffx", shown: "U+FEFFx" },
    { name: "soft hyphen", text: "pay\u00adpal", shown: "payU+00ADpal" },
    { name: "tag characters", text: "x\u{e0041}", shown: "xU+E0041" },
    { name: "lone surrogate", text: "x\ud800y", shown: "xU+D800y" },
    { name: "blank that is a letter", text: "\u3164", shown: "U+3164" },
    { name: "line break", text: "a\nb\tc", shown: "a↵b⇥c" },
  ])("what cannot be seen is shown: $name", ({ text, shown }) => {
    expect(visibleText(text)).toBe(shown);
  });

  test.for([
    "plain text",
    "Ünïcödé, 日本語, العربية, עברית",
    "👩‍👩‍👧 🏳️‍🌈 👍🏽",
    "<img src=x onerror=alert(1)>",
    "नमस्ते",
  ])("what can be seen is left alone: %s", (text) => {
    expect(visibleText(text)).toBe(text);
    expect(visibleParts(text)).toEqual([{ text }]);
  });

  test("parts together are the text", () => {
    const text = "a\u001bb\u202ec\n";
    const parts = visibleParts(text);
    expect(parts.map((part) => part.text).join("")).toBe(text);
  });

  test("line breaks and tabs are left where they do what they do", () => {
    expect(visibleParts("a\n\tb\r", true).map(({ mark }) => mark)).toEqual([undefined, "␍"]);
  });

  test("nothing has no parts", () => {
    expect(visibleParts("")).toEqual([]);
  });
});
