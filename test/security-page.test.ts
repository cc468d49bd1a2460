/** docs/security.md names the tests that its promises rest on; a test that is gone takes its promise along. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { citations } from "./red/cited.ts";

const page = readFileSync("docs/security.md", "utf8");

const cited = citations(page);

const flat = (text: string) => text.replaceAll(/\s+/g, " ");

test("the page names tests", () => {
  expect(cited.length).toBeGreaterThan(100);
});

test.for(cited)("$file says “$title”", ({ file, title }) => {
  expect(existsSync(file)).toBe(true);
  expect(flat(readFileSync(file, "utf8"))).toContain(title);
});

test("every threat has its table, and every line of one an answer", () => {
  const threats = [...page.matchAll(/^### (T\d+) /gm)].map(([, name]) => name);
  expect(threats).toEqual(Array.from({ length: 24 }, (_, at) => `T${at + 1}`));
  const lines = page.split("\n").filter((line) => line.startsWith("| ") && line.includes(" | "));
  expect(lines.filter((line) => /\|\s*\|\s*$/.test(line))).toEqual([]);
});
