import fc from "fast-check";
import { expect, test } from "vitest";
import { makeIdFilter, mayHoldId } from "./id-filter.ts";

const id = fc.integer({ min: 1, max: 2 ** 32 - 1 });

test("no id of a column is ever ruled out", () => {
  fc.assert(
    fc.property(fc.uniqueArray(id, { maxLength: 500 }), (ids) => {
      const filter = makeIdFilter(new Set(ids));
      for (const each of ids) expect(mayHoldId(filter, each)).toBe(true);
    }),
  );
});

test.for([
  { ids: 1, bytes: 64, oneIn: 200 },
  { ids: 300, bytes: 512, oneIn: 30 },
  { ids: 4_000, bytes: 4_096, oneIn: 15 },
  { ids: 8_192, bytes: 4_096, oneIn: 5 },
])(
  "a filter of $ids ids that follow each other takes $bytes bytes, and lets fewer than one in $oneIn others pass",
  ({ ids, bytes, oneIn }) => {
    const filter = makeIdFilter(new Set(Array.from({ length: ids }, (_, at) => 50_000 + at)));
    expect(filter.length).toBe(bytes);
    const others = Array.from({ length: 40_000 }, (_, at) => at + 1);
    const pass = others.filter((other) => mayHoldId(filter, other)).length;
    expect(pass).toBeLessThan(others.length / oneIn);
  },
);
