import { expect, test } from "vitest";
import { isSlug, newSlug } from "./id.ts";

test("slugs are 130 random bits, each of its own", () => {
  const slugs = Array.from({ length: 2_000 }, newSlug);
  expect(new Set(slugs).size).toBe(slugs.length);
  for (const slug of slugs) expect(isSlug(slug)).toBe(true);
  // Each of 26 characters is any of 32: five bits.
  for (let at = 0; at < 26; at += 1) {
    expect(new Set(slugs.map((slug) => slug[at])).size).toBe(32);
  }
  expect(new Set(slugs.map(({ length }) => length))).toEqual(new Set([26]));
});
