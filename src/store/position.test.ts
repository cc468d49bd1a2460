import fc from "fast-check";
import { expect, test } from "vitest";
import { decodePosition, encodePosition } from "./position.ts";

test("a position is decoded to the number it was made of, and fits into a URL and a header as it is", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (arrivals) => {
      const position = encodePosition(arrivals);
      expect(position).toMatch(/^[\w-]{12}$/);
      expect(decodePosition(position)).toBe(arrivals);
    }),
    { examples: [[0], [2 ** 32], [Number.MAX_SAFE_INTEGER]] },
  );
});

const issued = encodePosition(1_234);
const bytes = (...values: number[]) => Buffer.from(values).toString("base64url");

test.for([
  { name: "empty", text: "" },
  { name: "a blank before it", text: ` ${issued}` },
  { name: "a line end after it", text: `${issued}\n` },
  { name: "padded", text: `${issued}=` },
  { name: "cut", text: issued.slice(1) },
  { name: "continued", text: `${issued}A` },
  { name: "of another version", text: bytes(2, 0, 0, 0, 0, 0, 0, 0, 1) },
  { name: "too short", text: bytes(1, 0, 0, 0, 0, 0, 0, 1) },
  { name: "too long", text: bytes(1, 0, 0, 0, 0, 0, 0, 0, 1, 0) },
  { name: "beyond 2^53", text: bytes(1, 0, 32, 0, 0, 0, 0, 0, 0) },
  { name: "the largest number of 64 bits", text: bytes(1, ...Array<number>(8).fill(255)) },
  { name: "in the other alphabet", text: "AQAAAAAAA+8A" },
  { name: "not ASCII", text: "💥".repeat(6) },
])("text that was never issued is refused: $name", ({ text }) => {
  expect(() => decodePosition(text)).toThrow(
    expect.objectContaining({
      code: "validation_error",
      details: [expect.objectContaining({ field: "after" })],
    }),
  );
});

test("whatever text comes, it is decoded to a position that encodes to it, or refused by name", () => {
  const texts = fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^AQA[\w-]{9}$/));
  fc.assert(
    fc.property(texts, (text) => {
      try {
        expect(encodePosition(decodePosition(text))).toBe(text);
      } catch (cause) {
        expect(cause).toMatchObject({ code: "validation_error" });
      }
    }),
  );
});
