import { expect, test } from "vitest";
import { decodeBase64, rasterTypeOf } from "./magic-bytes.ts";

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

test.for([
  ["\x89PNG\r\n\x1a\n....", "image/png"],
  ["\xff\xd8\xff\xe0", "image/jpeg"],
  ["GIF89a", "image/gif"],
  ["GIF87a", "image/gif"],
  ["RIFF....WEBPVP8 ", "image/webp"],
  ["\0\0\0\x1cftypavif", "image/avif"],
  ["<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", undefined],
  ["<!DOCTYPE html><script>alert(1)</script>", undefined],
  ["%PDF-1.7", undefined],
  ["RIFF....WAVEfmt ", undefined],
  ["GIF90a", undefined],
  ["", undefined],
] as const)("%j is %s", ([head, type]) => {
  expect(rasterTypeOf(bytes(head))).toBe(type);
});

test("what was cut is no Base64", () => {
  expect(decodeBase64("iVBORw0KGgo=")).toHaveLength(8);
  expect(decodeBase64("iVBORw0KG")).toBeUndefined();
  expect(decodeBase64("[redacted:value:1a2b3c4d]")).toBeUndefined();
});
