import { expect, test } from "vitest";
import type { WireCall } from "../../src/api/wire.ts";
import { groupErrors, patternOf } from "./error-groups.ts";

const failed = (error_message: string, tool_name = "t") =>
  ({
    error_message,
    tool_name,
    method: "tools/call",
    error_kind: "tool",
    status_code: 200,
  }) as WireCall;

test.for([
  ['there is no station in "Atlantis"', "there is no station in …"],
  ["timeout after 5000 ms", "timeout after … ms"],
  ["row 0192aaaa-0000-7000-8000-000000000001 is gone", "row … is gone"],
  ["key [redacted:api_key:1a2b3c4d] refused", "key … refused"],
  ["it broke", "it broke"],
] as const)("%s", ([message, pattern]) => {
  expect(patternOf(failed(message))).toBe(pattern);
});

test("messages that differ in such parts alone are one group, the most frequent first", () => {
  const groups = groupErrors([
    failed("it broke", "x"),
    failed('no station in "Oslo", sorry', "a"),
    failed('no station in "Rome", sorry', "b"),
  ]);
  expect(groups.map(({ count, words, names }) => [count, words, names])).toEqual([
    [2, "no station in", ["a", "b"]],
    [1, "it broke", ["x"]],
  ]);
});

test("without a message the kind tells, and the status of HTTP", () => {
  const bare = { ...failed(""), error_kind: "http", status_code: 502 } as WireCall;
  expect(patternOf(bare)).toBe("HTTP 502");
});
