import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeCursor, encodeCursor } from "./cursor.ts";

const place = fc.record({ startedAtMs: fc.maxSafeInteger(), id: fc.uuid() });

test("a cursor is decoded to the place it was made of", () => {
  fc.assert(
    fc.property(place, (each) => {
      expect(decodeCursor(encodeCursor(each))).toEqual(each);
    }),
  );
});

test("a cursor fits into a URL as it is", () => {
  fc.assert(
    fc.property(place, (each) => {
      expect(encodeCursor(each)).toMatch(/^[\w-]{34}$/);
    }),
  );
});

const issued = encodeCursor({ startedAtMs: 1, id: "01890000-0000-7000-8000-000000000001" });

test.for([
  "",
  " ",
  `${issued} `,
  `${issued}=`,
  `${issued}==`,
  issued.slice(1),
  `${issued}A`,
  `B${issued.slice(1)}`,
  // The last character has four spare bits.
  `${issued.slice(0, -1)}B`,
  issued.replace("A", "+"),
  issued.replace("A", "\u0000"),
  "💥".repeat(17),
])("text that was never issued is refused: %j", (text) => {
  expect(() => decodeCursor(text)).toThrow(
    expect.objectContaining({
      code: "validation_error",
      details: [expect.objectContaining({ field: "cursor" })],
    }),
  );
});

test("whatever text comes, it is decoded to a place that encodes to it, or refused by name", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.base64String(), fc.stringMatching(/^AQ[\w-]{32}$/)),
      (text) => {
        try {
          expect(encodeCursor(decodeCursor(text))).toBe(text);
        } catch (cause) {
          expect(cause).toMatchObject({ code: "validation_error" });
        }
      },
    ),
  );
});
