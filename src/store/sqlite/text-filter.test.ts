import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { foldAscii, searchTerms } from "../search-terms.ts";
import { makeTextFilter, mayHold, trigramHashes } from "./text-filter.ts";

test("a text that is there is never ruled out, in upper or lower case", () => {
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 400 });
  fc.assert(
    fc.property(text, fc.nat(), fc.nat(60), (whole, from, length) => {
      const bytes = Buffer.from(whole);
      const start = from % bytes.length;
      const term = foldAscii(Buffer.from(bytes.subarray(start, start + length + 1)));
      expect(mayHold(makeTextFilter(bytes), trigramHashes([term]))).toBe(true);
    }),
  );
  expect(
    mayHold(makeTextFilter(Buffer.from("INVOICE 7")), trigramHashes(searchTerms("invoice"))),
  ).toBe(true);
  expect(
    mayHold(makeTextFilter(Buffer.from("invoice 7")), trigramHashes(searchTerms("INVOICE"))),
  ).toBe(true);
});

test("a word that is not there is ruled out of nearly all full blocks", () => {
  const json = () =>
    JSON.stringify({ id: randomBytes(8).toString("hex"), text: "paid the invoice" });
  let kept = 0;
  for (let block = 0; block < 200; block++) {
    const texts = Array.from({ length: 2_000 }, json).join("");
    if (mayHold(makeTextFilter(Buffer.from(texts)), trigramHashes(searchTerms("xylophone"))))
      kept++;
  }
  expect(kept).toBeLessThanOrEqual(2);
});

test("a filter grows with what its texts hold from 64 bytes to 8 KiB", () => {
  const sizes = [0, 60, 600, 6_000, 60_000].map(
    (length) => makeTextFilter(randomBytes(length)).length,
  );
  expect(sizes).toEqual([64, 64, 512, 4_096, 8_192]);
});

test("terms of less than three bytes are in every text", () => {
  const filter = makeTextFilter(Buffer.from("nothing of the kind"));
  expect(mayHold(filter, trigramHashes(searchTerms("zq")))).toBe(true);
  expect(mayHold(filter, trigramHashes(searchTerms("zqz")))).toBe(false);
});
