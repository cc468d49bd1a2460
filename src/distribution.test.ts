import fc from "fast-check";
import { expect, test } from "vitest";
import { Distribution } from "./distribution.ts";

test("each span is counted once, in the first bucket that it fits into", () => {
  const untilMs = [1, 5, 100];
  const span = fc.oneof(fc.constantFrom(...untilMs), fc.double({ min: 0, max: 200, noNaN: true }));
  fc.assert(
    fc.property(fc.array(span), (spans) => {
      const distribution = new Distribution(untilMs);
      for (const ms of spans) distribution.add(ms);
      const fits = (from: number, to: number) => spans.filter((ms) => ms > from && ms <= to).length;
      expect(distribution.read()).toEqual({
        untilMs,
        counts: [fits(-1, 1), fits(1, 5), fits(5, 100), fits(100, 200)],
        sumMs: spans.reduce((sum, ms) => sum + ms, 0),
      });
    }),
  );
});
