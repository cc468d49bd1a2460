import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeDictionary,
  decodeNumbers,
  decodeSparse,
  encodeDictionary,
  encodeNumbers,
  encodeSparse,
  sparseAt,
} from "./column.ts";

/** As SQLite hands it out, and as a view somewhere into a larger array. */
function bothWays(bytes: Uint8Array): Uint8Array[] {
  const shifted = new Uint8Array(bytes.length + 3).subarray(3);
  shifted.set(bytes);
  return [Uint8Array.from(bytes), shifted];
}

test("any values come back from a dictionary, each counted", () => {
  const values = fc.oneof(
    fc.array(fc.nat(3), { minLength: 1, maxLength: 300 }),
    fc.array(fc.nat(0xffff_ffff), { minLength: 1, maxLength: 700, size: "max" }),
  );
  fc.assert(
    fc.property(values, (numbers) => {
      for (const bytes of bothWays(encodeDictionary(numbers))) {
        const column = decodeDictionary(bytes, numbers.length);
        const found = numbers.map((_, row) => column.values[column.codes?.[row] ?? 0]);
        expect(found).toEqual(numbers);
        expect(new Set(column.values).size).toBe(column.values.length);
        for (const [code, value] of column.values.entries())
          expect(column.counts[code]).toBe(numbers.filter((number) => number === value).length);
      }
    }),
  );
});

test.for([1, 2, 256, 257, 8_192])("%i distinct values have codes of their own", (distinct) => {
  const numbers = Array.from({ length: 8_192 }, (_, row) => (row % distinct) * 7);
  const { values, codes } = decodeDictionary(encodeDictionary(numbers), numbers.length);
  expect(numbers.map((_, row) => values[codes?.[row] ?? 0])).toEqual(numbers);
  expect(codes?.BYTES_PER_ELEMENT).toBe(distinct === 1 ? undefined : distinct <= 256 ? 1 : 2);
});

test("any whole numbers come back, in the fewest bytes", () => {
  const of = (max: number) => fc.array(fc.integer({ min: 0, max }), { minLength: 1 });
  const numbers = fc.oneof(of(200), of(60_000), of(2 ** 32 - 1), of(Number.MAX_SAFE_INTEGER));
  fc.assert(
    fc.property(numbers, (column) => {
      for (const bytes of bothWays(encodeNumbers(column)))
        expect([...decodeNumbers(bytes, column.length)]).toEqual(column);
    }),
  );
});

test.for([
  { numbers: [0, 1, 2, 3], bytes: 0 },
  { numbers: [1, 0], bytes: 1 },
  { numbers: [255, 255], bytes: 1 },
  { numbers: [256, 0], bytes: 2 },
  { numbers: [65_536, 0], bytes: 4 },
  { numbers: [2 ** 32, 0], bytes: 8 },
  { numbers: [Number.MAX_SAFE_INTEGER, 5], bytes: 8 },
])("$numbers take $bytes bytes each", ({ numbers, bytes }) => {
  expect(encodeNumbers(numbers).length).toBe(8 + bytes * numbers.length);
  expect([...decodeNumbers(encodeNumbers(numbers), numbers.length)]).toEqual(numbers);
});

test("UUIDs that few rows have come back, the others have none", () => {
  const uuid = fc.option(fc.uint8Array({ minLength: 16, maxLength: 16 }), { freq: 4 });
  fc.assert(
    fc.property(fc.array(uuid, { maxLength: 100 }), (uuids) => {
      for (const bytes of bothWays(encodeSparse(uuids))) {
        const column = decodeSparse(bytes);
        expect(uuids.map((_, row) => sparseAt(column, row))).toEqual(uuids);
      }
    }),
  );
});

test("bytes that are cut off are refused, not read beyond their end", () => {
  const numbers = Array.from({ length: 300 }, (_, row) => row * 1_000);
  for (const cut of [1, 2, 200]) {
    const dictionary = Uint8Array.from(encodeDictionary(numbers).subarray(0, -cut));
    expect(() => decodeDictionary(dictionary, 300)).toThrow(RangeError);
    const column = Uint8Array.from(encodeNumbers(numbers).subarray(0, -cut));
    expect(() => decodeNumbers(column, 300)).toThrow(RangeError);
  }
  const sparse = encodeSparse([null, new Uint8Array(16)]);
  expect(() => decodeSparse(Uint8Array.from(sparse.subarray(0, -1)))).toThrow(RangeError);
});
