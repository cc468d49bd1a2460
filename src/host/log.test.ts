import { expect, test } from "vitest";
import { Problem } from "../problem.ts";
import { Secret } from "./config.ts";
import { openLog } from "./log.ts";

function lines(isTTY = false) {
  const written: string[] = [];
  const write = (text: string | Uint8Array) => written.push(String(text)) > 0;
  return { written, log: openLog("debug", { isTTY, write }) };
}

const logged = (fields: Record<string, unknown>) => {
  const { written, log } = lines();
  log.warn(fields, "it happened");
  expect(written).toHaveLength(1);
  return {
    line: written[0] ?? "",
    fields: JSON.parse(written[0] ?? "") as Record<string, unknown>,
  };
};

test("a line is one JSON object with its level, its time and its fields", () => {
  const { line, fields } = logged({ calls: 3, name: "x" });
  expect(line).toMatch(/^\{[^\n]*\}\n$/);
  expect(fields).toMatchObject({ level: "warn", calls: 3, name: "x", msg: "it happened" });
  expect(fields.time).toMatch(/^\d{4}-\d\d-\d\dT/);
});

const hostile = [
  '\n{"level":"error"}\n',
  "\r\u2028\u2029\u0085",
  "\u001b[2J\u009b31m",
  "\u202etxt.exe\u2066\u200b\ufeff",
  "\ud800",
];

test.for(hostile)("what strangers send stays text in one line, all of it visible: %j", (text) => {
  const { line, fields } = logged({ name: text, list: [text], err: new Error(text), [text]: 1 });
  expect(line.trimEnd()).not.toMatch(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u);
  expect(fields).toMatchObject({
    level: "warn",
    name: text.toWellFormed() === text ? text : "\ud800",
  });
});

test.for(hostile)("a person's lines are lines, too: %j", (text) => {
  const { written, log } = lines(true);
  log.warn({ name: text, err: new Error(text) }, "it happened");
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^\d\d:\d\d:\d\d warn {2}it happened/);
  expect((written[0] ?? "").trimEnd()).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b]/u);
});

test("whatever is told, a line has its bounds", () => {
  const long = "x".repeat(100_000);
  let deep: unknown = long;
  for (let at = 0; at < 1_000; at += 1) deep = { deep };
  const circle: Record<string, unknown> = {};
  circle.circle = circle;
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, at]));
  const cause = new Error(long, { cause: new Error(long, { cause: new Error(long) }) });
  const { line } = logged({ long, deep, circle, many, list: new Array(10_000).fill(1), cause });
  expect(line.length).toBeLessThan(50_000);
});

test("an error is told with its cause, whatever it is called, a secret is not told", () => {
  const problem = new Problem("unavailable", "no", { cause: new Error("because") });
  const { fields } = logged({ cause: problem, key: new Secret("k".repeat(40)), size: 7n });
  expect(fields).toMatchObject({
    cause: { type: "Problem", message: "no", code: "unavailable", cause: { message: "because" } },
    key: "[secret]",
    size: "7",
  });
});
