import { expect, test } from "vitest";
import { bufferBytes } from "../test/buffer-bytes.ts";
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

test("a small body that is kept for long keeps little of what others had beside it", () => {
  const before = bufferBytes();
  const kept: Buffer[] = [];
  for (let count = 0; count < 200; count += 1) {
    kept.push(Buffer.from("x".repeat(300)));
    for (let others = 0; others < 8; others += 1) Buffer.from("x".repeat(10_000));
  }
  expect(bufferBytes() - before).toBeLessThan(kept.length * 8_192);
});
