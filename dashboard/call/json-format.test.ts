import fc from "fast-check";
import { expect, test } from "vitest";
import { formatJson, isJson } from "./json-format.ts";

test("an object is laid out over lines, as JSON.stringify would", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      if (typeof value !== "object" || value === null) return;
      const text = JSON.stringify(value);
      expect(formatJson(text)).toBe(JSON.stringify(JSON.parse(text), null, 2));
    }),
  );
});

test("numbers and strings stay digit for digit as they were", () => {
  const text = '{"id":12345678901234567890,"a":1e400,"b":-0,"s":"\\u0041 { \\" ["}';
  const laidOut = formatJson(text) ?? "";
  for (const token of ["12345678901234567890", "1e400", "-0", '"\\u0041 { \\" ["']) {
    expect(laidOut).toContain(token);
  }
});

test.for(["", "x", '{"a":', "[1,]", "1", '"text"', "<p>{}</p>"])(
  "what is no object and no array is left alone: %s",
  (text) => {
    expect(isJson(text)).toBe(false);
    expect(formatJson(text)).toBeUndefined();
  },
);

test("a text nested thousands of levels deep is left as it is", () => {
  const text = "[".repeat(5_000) + "]".repeat(5_000);
  expect(formatJson(text)).toBeUndefined();
});
