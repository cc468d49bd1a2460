import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Problem } from "../problem.ts";
import { readPlansFile } from "./plans-file.ts";

function fileOf(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "hookwatch-plans-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "plans.json");
  writeFileSync(path, text);
  return path;
}

function refusalsOf(path: string): readonly string[] {
  try {
    readPlansFile(path);
  } catch (error) {
    if (error instanceof Problem && error.code === "validation_error") {
      return error.details.map(({ message }) => message.replace(`${path}: `, ""));
    }
    throw error;
  }
  throw new Error("it was taken");
}

test("the example can be used as it is", () => {
  const [first, ...others] = readPlansFile("docs/plans.example.json");
  expect(first).toEqual({
    ...{ name: "free", serversMax: 3, keysMax: 5, callsPerMonth: 10_000 },
    ...{ retentionDays: 3, apiRequestsPerMinute: 300 },
  });
  expect(others.map(({ name }) => name)).toEqual(["pro", "business"]);
  // What is left out has no limit.
  expect(others[1]).toMatchObject({ serversMax: 0, keysMax: 0, callsPerMonth: 0 });
});

describe("a file is refused with plan and field", () => {
  test.for([
    ["{", /^must be JSON: /],
    ["{}", "must be a list of 1 to 100 plans"],
    ["[]", "must be a list of 1 to 100 plans"],
    ['[{"servers_max":1}]', /^plan 1: name: /],
    ['[{"name":"a"},{"name":"b","servers_max":-1}]', /^plan 2 \("b"\): servers_max: too small/],
    ['[{"name":"a","keys_max":1.5}]', /^plan 1 \("a"\): keys_max: /],
    ['[{"name":"a","serversMax":1}]', /^plan 1 \("a"\): unrecognized key: "serversMax"/],
    ['[{"name":"a","__proto__":1}]', /^plan 1 \("a"\): unrecognized key: "__proto__"/],
    ['[{"name":"a"},{"name":"a"}]', 'two plans are named "a"'],
    ["[7]", /^plan 1: /],
  ] as const)("%s", ([text, expected]) => {
    const [message] = refusalsOf(fileOf(text));
    if (typeof expected === "string") expect(message).toBe(expected);
    else expect(message).toMatch(expected);
  });

  test("everything that is wrong, at once", () => {
    const text = '[{"name":"A","keys_max":"many"},{"name":"b","retention_days":-1}]';
    expect(refusalsOf(fileOf(text))).toHaveLength(3);
  });

  test("one that is not there, or too large to be one", () => {
    const path = fileOf(" ".repeat(1_048_577));
    expect(refusalsOf(path)).toEqual(["is 1048577 bytes long, the limit is 1048576"]);
    expect(refusalsOf(`${path}.none`)[0]).toMatch(/cannot be read: ENOENT/);
  });
});
