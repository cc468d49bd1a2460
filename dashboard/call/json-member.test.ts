import fc from "fast-check";
import { expect, test } from "vitest";
import { memberText } from "./json-member.ts";

test("a member comes out as it was written", () => {
  const json =
    ' {"jsonrpc":"2.0", "params": {"name":"t","arguments" : {"n":12345678901234567890} }}';
  expect(memberText(json, ["params", "arguments"])).toBe('{"n":12345678901234567890}');
  expect(memberText(json, ["params", "name"])).toBe('"t"');
  expect(memberText(json, ["params", "none"])).toBeUndefined();
  expect(memberText(json, ["jsonrpc", "x"])).toBeUndefined();
});

test("of repeated members the last counts, names may be escaped", () => {
  expect(memberText('{"a":1,"a":2}', ["a"])).toBe("2");
  expect(memberText('{"\\u0061":[1,{"b":"}"}]}', ["a"])).toBe('[1,{"b":"}"}]');
});

test("every member of any object is found", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const json = JSON.stringify(object);
      for (const [name, value] of Object.entries(JSON.parse(json))) {
        expect(JSON.parse(memberText(json, [name]) ?? "")).toEqual(value);
      }
    }),
  );
});
