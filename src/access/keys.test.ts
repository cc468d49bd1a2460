import { expect, test } from "vitest";
import { isKey, lastFourOf, newKeyText } from "./keys.ts";
import { newSecretText } from "./secret-text.ts";

test("a new key has our form and a right checksum", () => {
  for (let round = 0; round < 1_000; round++) {
    const key = newKeyText();
    expect(key).toMatch(/^hw_[0-9A-Za-z]{49}$/);
    expect(isKey(key)).toBe(true);
  }
});

test("no two new keys are equal", () => {
  const keys = Array.from({ length: 1_000 }, newKeyText);
  expect(new Set(keys).size).toBe(1_000);
});

test("a mistyped key of our form is told apart: every single changed character", () => {
  const key = newKeyText();
  for (let at = 3; at < key.length; at++) {
    const wrong = key[at] === "x" ? "y" : "x";
    expect(isKey(key.slice(0, at) + wrong + key.slice(at + 1)), `character ${at}`).toBe(false);
  }
});

test.for([
  { text: "k".repeat(31), accepted: false, why: "31 characters" },
  { text: "k".repeat(32), accepted: true, why: "32 characters" },
  { text: "k".repeat(200), accepted: true, why: "200 characters" },
  { text: "k".repeat(201), accepted: false, why: "201 characters" },
  { text: `hw_${"k".repeat(48)}`, accepted: true, why: "our prefix, but another length" },
  { text: `hw_${"k".repeat(49)}`, accepted: false, why: "our form, but a wrong checksum" },
  { text: `two words ${"k".repeat(30)}`, accepted: true, why: "a blank inside" },
  { text: `${"k".repeat(40)}\n`, accepted: false, why: "a line end" },
  { text: `${"k".repeat(40)}é`, accepted: false, why: "a character beyond ASCII" },
  { text: "", accepted: false, why: "nothing" },
])("text of $why may be a key: $accepted", ({ text, accepted }) => {
  expect(isKey(text)).toBe(accepted);
});

test.for(["refresh", "cookie", "link", "invitation"] as const)(
  "a secret of another kind of ours is no key: %s",
  (kind) => {
    expect(isKey(newSecretText(kind))).toBe(false);
  },
);

test("keys are told apart by their last four characters", () => {
  expect(lastFourOf("hw_0123456789")).toBe("6789");
});
