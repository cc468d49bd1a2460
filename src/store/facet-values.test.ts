import fc from "fast-check";
import { expect, test } from "vitest";
import { facetValues } from "./facet-values.ts";

test("the most frequent values come first, equally frequent ones by their UTF-16 units", () => {
  const counts = new Map(Object.entries({ b: 2, "\uffff": 1, "😀": 1, a: 2, "": 1, Z: 3, aa: 2 }));
  expect(facetValues(counts, 10).map(({ value }) => value)).toEqual([
    ...["Z", "a", "aa", "b", "", "😀", "\uffff"],
  ]);
});

test("at most so many values are kept, and each keeps its number", () => {
  const counts: [string, number][] = [
    ["x", 1],
    ["y", 5],
    ["z", 3],
  ];
  expect(facetValues(counts, 2)).toEqual([
    { value: "y", calls: 5 },
    { value: "z", calls: 3 },
  ]);
  expect(facetValues(counts, 100)).toHaveLength(3);
  expect(facetValues([], 5)).toEqual([]);
});

test("the order of the counts does not matter", () => {
  const values = fc.uniqueArray(fc.tuple(fc.string(), fc.integer({ min: 1, max: 3 })), {
    selector: ([value]) => value,
  });
  const shuffled = values.chain((list) =>
    fc.tuple(
      fc.constant(list),
      fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
    ),
  );
  fc.assert(
    fc.property(shuffled, fc.integer({ min: 1, max: 9 }), ([list, other], valuesMax) => {
      expect(facetValues(other, valuesMax)).toEqual(facetValues(list, valuesMax));
    }),
  );
});
