import { expect, test } from "vitest";
import { connectionsWithin, descriptorsMax, isScarce, memoryUse } from "./resources.ts";

test.for([
  [Number.POSITIVE_INFINITY, 10_000],
  [65_536, 10_000],
  [20_000, 9_744],
  [1_024, 256],
  [100, 16],
] as const)("with %d descriptors there may be %d connections", ([descriptors, connections]) => {
  expect(connectionsWithin(descriptors, 10_000)).toBe(connections);
});

test.skipIf(process.platform !== "linux")("the system tells how many descriptors there are", () => {
  expect(descriptorsMax()).toBeGreaterThan(64);
});

test("this process has memory left", () => {
  const use = memoryUse();
  expect(use.heap).toBeGreaterThan(0);
  if (process.platform === "linux") expect(use.resident).toBeGreaterThan(0);
  expect(isScarce(use)).toBe(false);
});

test.for([
  [0.5, 0, false],
  [0.9, 0.9, false],
  [0.91, 0, true],
  [0.5, 0.91, true],
] as const)("a heap at %d and memory at %d is scarce: %s", ([heap, resident, scarce]) => {
  expect(isScarce({ heap, resident })).toBe(scarce);
});
