import { once } from "node:events";
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createDeflate,
  createDeflateRaw,
  createGzip,
  createZstdCompress,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Budget } from "./budget.ts";
import { openStreamDecoder, type StreamDecoder } from "./stream-decoder.ts";

const budgetBytes = 64 * 1024 * 1024;
const events = [
  "data: é\n\n",
  "data: 😀\n\n",
  ": still there\n\n",
  `data: ${"x".repeat(5_000)}\n\n`,
];

const streams = [
  ["gzip", createGzip, constants.Z_SYNC_FLUSH],
  ["X-Gzip", createGzip, constants.Z_SYNC_FLUSH],
  ["deflate", createDeflate, constants.Z_SYNC_FLUSH],
  [" deflate", createDeflateRaw, constants.Z_SYNC_FLUSH],
  ["br", createBrotliCompress, constants.BROTLI_OPERATION_FLUSH],
  ["zstd", createZstdCompress, constants.ZSTD_e_flush],
] as const;

/** What a server sends that flushes after each event; the end of its stream last. */
async function flushed([, create, flush]: (typeof streams)[number]): Promise<readonly Buffer[]> {
  const stream = create();
  let chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const pieces: Buffer[] = [];
  const take = () => {
    pieces.push(Buffer.concat(chunks));
    chunks = [];
  };
  for (const event of events) {
    stream.write(event);
    await new Promise<void>((resolve) => stream.flush(flush, resolve));
    take();
  }
  stream.end();
  await once(stream, "end");
  take();
  return pieces;
}

function open(coding: string, budget = new Budget(budgetBytes)): StreamDecoder {
  const decoder = openStreamDecoder(coding, budget);
  if (!decoder) throw new Error(`${coding} is not known`);
  return decoder;
}

function decodeAll(decoder: StreamDecoder, pieces: readonly Uint8Array[]): Buffer {
  const clear: Buffer[] = [];
  for (const piece of pieces) decoder.decode(piece, (bytes) => clear.push(Buffer.from(bytes)));
  return Buffer.concat(clear);
}

test.for(streams)("what was flushed is clear at once: %s", async (stream) => {
  const budget = new Budget(budgetBytes);
  const decoder = open(stream[0], budget);
  const pieces = await flushed(stream);
  for (const [index, event] of events.entries()) {
    expect(decodeAll(decoder, pieces.slice(index, index + 1)).toString()).toBe(event);
  }
  expect(decodeAll(decoder, pieces.slice(-1))).toHaveLength(0);
  expect(decoder.flaw).toBeUndefined();
  expect(budget.usedBytes).toBeGreaterThan(0);
  decoder.close();
  expect(budget.usedBytes).toBe(0);
});

test.for(streams)(
  "any cutting of the same bytes gives the same clear bytes: %s",
  async (stream) => {
    const bytes = Buffer.concat(await flushed(stream));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 60 }), (lengths) => {
        const pieces: Buffer[] = [];
        let at = 0;
        for (const length of lengths) {
          pieces.push(bytes.subarray(at, at + length));
          at += length;
        }
        const decoder = open(stream[0]);
        const clear = decodeAll(decoder, [...pieces, bytes.subarray(at)]);
        decoder.close();
        expect(clear.toString()).toBe(events.join(""));
      }),
      { numRuns: 200 },
    );
  },
);

test("bytes that come one by one, for long, warn of nothing", async () => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => void warnings.push(warning);
  process.on("warning", warn);
  const decoder = open("gzip");
  const text = "data: x\n\n".repeat(50);
  const bytes = gzipSync(text);
  const clear = decodeAll(
    decoder,
    Array.from(bytes, (byte) => Uint8Array.of(byte)),
  );
  decoder.close();
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", warn);
  expect(clear.toString()).toBe(text);
  expect(warnings).toEqual([]);
});

test("members of gzip follow one another", () => {
  const pieces = ["data: a\n\n", "data: b\n\n"].map((text) => gzipSync(text));
  expect(decodeAll(open("gzip"), pieces).toString()).toBe("data: a\n\ndata: b\n\n");
});

test.for(["", "identity", "compress", "gzip, br", "__proto__"])(
  "no decoder is made of %j",
  (coding) => {
    expect(openStreamDecoder(coding, new Budget(budgetBytes))).toBeUndefined();
  },
);

test.for([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
] as const)("a bomb goes off only as far as it is allowed: %s", ([coding, encode]) => {
  const bomb = encode(Buffer.alloc(64 * 1024 * 1024));
  for (const pieceBytes of [bomb.length, 1_000, 1]) {
    const budget = new Budget(budgetBytes);
    const decoder = open(coding, budget);
    let clearBytes = 0;
    for (let at = 0; at < bomb.length; at += pieceBytes) {
      decoder.decode(bomb.subarray(at, at + pieceBytes), (clear) => {
        clearBytes += clear.length;
      });
    }
    const reason = expect.stringContaining("of more than");
    expect(decoder.flaw).toEqual({ reason, garbled: false });
    expect(clearBytes).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(budget.usedBytes).toBe(0);
  }
});

test.for(["gzip", "deflate", "br", "zstd"])(
  "what is no %s is said to be none, and nothing more comes of it",
  async (coding) => {
    const decoder = open(coding);
    const text = Buffer.from(`\xff\xff${"this is no such thing ".repeat(10)}`, "latin1");
    expect(decodeAll(decoder, [text])).toHaveLength(0);
    expect(decoder.flaw).toEqual({ reason: `garbled ${coding}`, garbled: true });
    expect(decodeAll(decoder, [gzipSync("data: a\n\n")])).toHaveLength(0);
    // An error that nobody hears would end the process by now.
    await new Promise((resolve) => setImmediate(resolve));
  },
);

test("after a gap nothing is read any more", () => {
  const decoder = open("gzip");
  decoder.skip();
  expect(decodeAll(decoder, [gzipSync("data: a\n\n")])).toHaveLength(0);
  expect(decoder.flaw).toEqual({ reason: "gzip with a gap", garbled: false });
});

test.for([
  ["gzip", 64 * 1024],
  ["br", 64 * 1024],
  ["zstd", 8 * 1024 * 1024 + 64 * 1024],
] as const)("without room for a decoder of %s there is none", ([coding, bytes]) => {
  const tight = new Budget(bytes - 1);
  expect(open(coding, tight).flaw?.reason).toContain("no room");
  expect(tight.usedBytes).toBe(0);
  expect(open(coding, new Budget(bytes)).flaw).toBeUndefined();
});

test("the window of brotli takes room as it fills, up to 16 MiB", () => {
  const text = Buffer.from(
    Array.from({ length: 30_000 }, (_, index) => index.toString(36)).join(" "),
  );
  const budget = new Budget(budgetBytes);
  const decoder = open("br", budget);
  decodeAll(decoder, [brotliCompressSync(text)]);
  expect(budget.usedBytes).toBe(64 * 1024 + text.length);
  const tight = new Budget(64 * 1024 + text.length - 1);
  const refused = open("br", tight);
  decodeAll(refused, [brotliCompressSync(text)]);
  expect(refused.flaw?.reason).toContain("no room");
});

test("no bytes make it throw, nor leave anything held", () => {
  const coding = fc.constantFrom("gzip", "br", "deflate", "zstd");
  const pieces = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 });
  fc.assert(
    fc.property(pieces, coding, (bytes, name) => {
      const budget = new Budget(budgetBytes);
      const decoder = open(name, budget);
      decodeAll(decoder, bytes);
      decoder.close();
      expect(budget.usedBytes).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});
