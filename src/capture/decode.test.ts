import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBody } from "./decode.ts";

const text = Buffer.from('{"jsonrpc":"2.0"}');

test.for([
  ["", text],
  ["identity", text],
  ["gzip", gzipSync(text)],
  ["X-GZIP", gzipSync(text)],
  ["br", brotliCompressSync(text)],
  ["deflate", deflateSync(text)],
  ["deflate", deflateRawSync(text)],
  [" zstd ", zstdCompressSync(text)],
] as const)("one layer is undone: %s", ([coding, bytes]) => {
  expect(decodeBody(bytes, coding)).toEqual({ kind: "clear", bytes: text });
});

test.for(["gzip, gzip", "compress", "__proto__", "constructor", "x".repeat(100)])(
  "any other coding is left alone: %s",
  (coding) => {
    expect(decodeBody(text, coding)).toMatchObject({ kind: "encoded", garbled: false });
  },
);

test.for([
  ["gzip", gzipSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
  ["deflate", deflateSync],
] as const)("a bomb is not unpacked: %s", ([coding, encode]) => {
  const bomb = encode(Buffer.alloc(64 * 1024 * 1024));
  expect(decodeBody(bomb, coding)).toMatchObject({
    kind: "encoded",
    garbled: false,
    reason: expect.stringContaining("more than"),
  });
});

test.for(["gzip", "br", "zstd", "deflate"])("what is no %s is garbled", (coding) => {
  expect(decodeBody(text, coding)).toMatchObject({ kind: "encoded", garbled: true });
});

test("no bytes make it throw", () => {
  const coding = fc.constantFrom("gzip", "br", "deflate", "zstd");
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), coding, (bytes, name) => {
      decodeBody(Buffer.from(bytes), name);
    }),
    { numRuns: 500 },
  );
});
