import { expect, test } from "vitest";
import { Budget } from "./budget.ts";

test("alone a team gets half, and the other half is left for those who come later", () => {
  const budget = new Budget(1_000);
  const first = budget.of("first");
  const second = budget.of("second");
  let taken = 0;
  while (first.take(10)) taken += 10;
  expect(taken).toBe(500);
  expect(second.take(250)).toBe(true);
  expect(second.take(10)).toBe(false);
  expect(first.take(10)).toBe(false);
  expect(budget).toMatchObject({ usedBytes: 750, refusedBytes: 30 });

  first.give(500);
  expect(second.take(250)).toBe(true);
  second.give(500);
  expect(budget.usedBytes).toBe(0);
  expect(first.take(1_001)).toBe(false);
  expect(first.take(1_000)).toBe(true);
});
