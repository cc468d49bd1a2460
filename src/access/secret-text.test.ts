import { expect, test } from "vitest";
import { digestOf, isSecretText, newSecretText, type SecretKind } from "./secret-text.ts";

const kinds: readonly (readonly [SecretKind, string])[] = [
  ["key", "hw_"],
  ["refresh", "hwr_"],
  ["cookie", "hws_"],
  ["link", "hwl_"],
  ["invitation", "hwi_"],
];

test.for(kinds)("a new secret says that it is a %s, and only that", ([kind, prefix]) => {
  const text = newSecretText(kind);
  expect(text).toMatch(new RegExp(`^${prefix}[0-9A-Za-z]{49}$`));
  expect(kinds.filter(([other]) => isSecretText(other, text))).toEqual([[kind, prefix]]);
});

test("no two new secrets are equal", () => {
  const secrets = Array.from({ length: 1_000 }, () => newSecretText("refresh"));
  expect(new Set(secrets).size).toBe(1_000);
});

test("a mistyped secret is told apart: every single changed character", () => {
  const text = newSecretText("link");
  for (let at = 0; at < text.length; at++) {
    const wrong = text[at] === "x" ? "y" : "x";
    const changed = text.slice(0, at) + wrong + text.slice(at + 1);
    expect(isSecretText("link", changed), `character ${at}`).toBe(false);
  }
});

test("a secret rests as the SHA-256 of its text", () => {
  expect(digestOf("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});
