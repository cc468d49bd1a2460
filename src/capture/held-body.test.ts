import fc from "fast-check";
import { expect, test } from "vitest";
import { Budget } from "./budget.ts";
import { HeldBody, Loans } from "./held-body.ts";

const mebibyte = 1_048_576;

test("chunks of any size come out as the bytes they were, up to the limit", () => {
  const chunk = fc.uint8Array({ maxLength: 9_000, size: "max" });
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 40, size: "max" }),
      fc.nat(100_000),
      fc.boolean(),
      (chunks, maxBytes, lent) => {
        const loans = lent ? new Loans() : undefined;
        const body = new HeldBody(new Budget(mebibyte), maxBytes, loans);
        for (const one of chunks) body.add(one);
        const all = Buffer.concat(chunks);
        expect(body.sizeBytes).toBe(all.length);
        expect(body.isWhole).toBe(all.length <= maxBytes);
        expect(body.take((held) => held.equals(all.subarray(0, maxBytes)))).toBe(true);
        body.add(Buffer.from("again"));
        expect(body.take(String)).toBe(maxBytes >= 5 ? "again" : "again".slice(0, maxBytes));
      },
    ),
  );
});

test("a body in millions of crumbs takes little more memory than its bytes", () => {
  const body = new HeldBody(new Budget(16 * mebibyte), 16 * mebibyte);
  const crumb = Buffer.from("x");
  const before = process.memoryUsage();
  for (let n = 0; n < 4_000_000; n += 1) body.add(crumb);
  const after = process.memoryUsage();
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  expect(grown).toBeLessThan(40_000_000);
  expect(body.take(({ length }) => length)).toBe(4_000_000);
});

test("a body that was read, or is not wanted, holds no memory, whether or not V8 collects it", () => {
  const budget = new Budget(mebibyte);
  const bytes = new Uint8Array(200_000);
  const before = process.memoryUsage().arrayBuffers;
  for (let n = 0; n < 100; n += 1) {
    const body = new HeldBody(budget, mebibyte);
    for (let chunk = 0; chunk < 1 + (n % 4); chunk += 1) body.add(bytes);
    if (n % 2 === 0) body.take(({ length }) => length);
    else body.clear();
  }
  expect(budget.usedBytes).toBe(0);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
});

test("what a body was lent is its own once the loan ends, whatever becomes of the slab", () => {
  const loans = new Loans();
  const slab = Buffer.from("first second");
  const body = new HeldBody(new Budget(mebibyte), mebibyte, loans);
  body.add(slab.subarray(0, 6));
  loans.end();
  slab.fill(0);
  body.add(Buffer.from("next"));
  expect(body.take(String)).toBe("first next");
  body.add(Buffer.from("taken"));
  expect(body.take(String)).toBe("taken");
  loans.end();
  expect(body.take(String)).toHaveLength(0);
});
