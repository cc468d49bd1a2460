/** docs/protocol.md promises closed lists; they must be the ones that hold. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readExpected } from "./comparison.ts";

const page = read("../../docs/protocol.md");

test("every difference that the conformance tests allow is explained", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const unexplained = [...readExpected("server"), ...readExpected("client")].filter(
    ({ scenario, check }) =>
      !rows.some((row) => row.includes(`\`${scenario}\``) && row.includes(`\`${check}\``)),
  );
  expect(unexplained).toEqual([]);
});

test("every header field that does not pass unchanged is named", () => {
  const source = read("../../src/proxy/headers.ts");
  const table = source.slice(
    source.indexOf("const hopByHop"),
    source.indexOf("interface OwnMarks"),
  );
  const fields = [...table.matchAll(/^\s+\[?"([a-z0-9-]+)"/gm)].map(([, name = ""]) => name);
  // These are looked at and pass.
  const passing = new Set(["content-type", "content-length"]);
  const named = page.toLowerCase();
  expect(fields.length).toBeGreaterThan(25);
  const unnamed = fields.filter((name) => !passing.has(name) && !named.includes(`\`${name}\``));
  expect(unnamed).toEqual([]);
});

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), "utf8");
}
