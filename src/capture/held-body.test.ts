import fc from "fast-check";
import { expect, test } from "vitest";
import { Budget } from "./budget.ts";
import { HeldBody } from "./held-body.ts";

const mebibyte = 1_048_576;

test("chunks of any size come out as the bytes they were, up to the limit", () => {
  const chunk = fc.uint8Array({ maxLength: 9_000, size: "max" });
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 40, size: "max" }),
      fc.nat(100_000),
      (chunks, maxBytes) => {
        const body = new HeldBody(new Budget(mebibyte), maxBytes);
        for (const one of chunks) body.add(one);
        const all = Buffer.concat(chunks);
        expect(body.sizeBytes).toBe(all.length);
        expect(body.isWhole).toBe(all.length <= maxBytes);
        expect(body.take().equals(all.subarray(0, maxBytes))).toBe(true);
        body.add(Buffer.from("again"));
        expect(body.take().toString()).toBe(maxBytes >= 5 ? "again" : "again".slice(0, maxBytes));
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
  expect(body.take()).toHaveLength(4_000_000);
});
