import { expect, test } from "vitest";
import { giveBlock, takeBlock } from "./blocks.ts";

test("a block that was given back is the next one, and nobody has it meanwhile", () => {
  const one = takeBlock(65_536);
  const other = takeBlock(65_536);
  expect(other.buffer).not.toBe(one.buffer);
  giveBlock(one);
  expect(takeBlock(1)).toBe(one);
  expect(takeBlock(1)).not.toBe(one);
});

test("a larger one has room for what is wanted, and is not kept", () => {
  const large = takeBlock(1_000_000);
  expect(large.length).toBe(1_000_000);
  giveBlock(large);
  expect(takeBlock(1_000_000)).not.toBe(large);
});

test("no more than a few megabytes are kept", () => {
  const blocks = Array.from({ length: 100 }, () => takeBlock(1));
  for (const block of blocks) giveBlock(block);
  const again = new Set(Array.from({ length: 100 }, () => takeBlock(1)));
  expect(blocks.filter((block) => again.has(block))).toHaveLength(32);
});
