import { expect, test } from "vitest";
import { shorten, truncate } from "./truncate.ts";

const text = "aé€😀b".repeat(3);

test("text is cut to so many bytes, on a character, and says so", () => {
  const size = Buffer.byteLength(text);
  for (let maxBytes = 0; maxBytes <= size + 2; maxBytes += 1) {
    const { text: cut, truncated } = truncate(text, maxBytes);
    expect(text.startsWith(cut)).toBe(true);
    expect(truncated).toBe(maxBytes < size);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
    expect(Buffer.byteLength(cut)).toBeGreaterThan(Math.min(size, maxBytes) - 4);
  }
});

test("text for people is never cut inside a pair", () => {
  for (let length = 1; length <= text.length; length += 1) {
    const cut = shorten(text, length);
    expect(cut.isWellFormed()).toBe(true);
    expect(text.startsWith(cut) && cut.length <= length && cut.length >= length - 1).toBe(true);
  }
});
