import { afterEach, expect, test } from "vitest";
import { bufferBytes } from "../../test/buffer-bytes.ts";
import { HeadBytes } from "./head-bytes.ts";
import { responseBeginning } from "./response-head.ts";

const readersCount = 200;
const keptMaxBytes = 1024 * 1024;

const { poolSize } = Buffer;
afterEach(() => {
  Buffer.poolSize = poolSize;
});

test("a connection keeps none of the memory that was used beside it, whether a head has begun or not", () => {
  // As newer versions of Node have it by themselves.
  Buffer.poolSize = 65_536;
  const before = bufferBytes();
  const readers: HeadBytes[] = [];
  for (let count = 0; count < readersCount; count += 1) {
    const reader = new HeadBytes(8_192, responseBeginning);
    if (count % 2 === 0) reader.take(Buffer.from("HTTP/1.1 200 O"), 0);
    readers.push(reader);
    // What others have read meanwhile takes the rest of Node's pool.
    for (let others = 0; others < 8; others += 1) Buffer.from("x".repeat(10_000));
  }
  expect(bufferBytes() - before).toBeLessThan(keptMaxBytes);
  expect(readers.filter(({ begun }) => begun)).toHaveLength(readersCount / 2);
});
