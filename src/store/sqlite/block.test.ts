import fc from "fast-check";
import { expect, test } from "vitest";
import { bodyPreview } from "../body-preview.ts";
import { includesTerms, searchTerms } from "../search-terms.ts";
import { Block, type BlockEntry, packBlock } from "./block.ts";

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 50 }),
  fc.string({ unit: fc.constantFrom("a", "B", "é", "\u0000", "😀"), maxLength: 400 }),
);
const entries = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 1, max: 9 }),
      rest: text,
      error: text,
      request: text,
      response: text,
    }),
    {
      minLength: 1,
      maxLength: 128,
    },
  )
  .map((list) => {
    let seq = 1_000_000_000_000;
    return list.map(({ gap, ...texts }): BlockEntry => {
      seq += gap;
      return { seq, ...texts };
    });
  });

test("a block gives back each entry, whole or cut, and knows what it holds", () => {
  fc.assert(
    fc.property(
      entries,
      fc.nat({ max: 20 }),
      fc.constantFrom("a", "ab", "É é", "😀", "aB é"),
      (all, max, query) => {
        const firstSeq = (all[0]?.seq ?? 0) - 1;
        const block = new Block(packBlock(firstSeq, all));
        expect(block.find(firstSeq)).toBeUndefined();
        const terms = searchTerms(query);
        for (const { seq, rest, error, request, response } of all) {
          const cut = { request: bodyPreview(request, max), response: bodyPreview(response, max) };
          expect(block.find(seq)).toEqual({ seq, rest, error, request, response });
          expect(block.find(seq, max)).toEqual({ seq, rest, error, ...cut });
          const found = includesTerms([error, request, response], terms);
          expect(block.includesTerms(seq, terms)).toBe(found);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test("a block of some of its entries is what they make anew", () => {
  fc.assert(
    fc.property(entries, fc.nat({ max: 0xffff_ffff }), (all, choice) => {
      const isKept = (_: unknown, index: number) => ((choice >>> (index % 32)) & 1) === 1;
      const kept = all.some(isKept) ? all.filter(isKept) : all;
      const firstSeq = (all[0]?.seq ?? 0) - 1;
      const block = new Block(packBlock(firstSeq, all));
      expect(block.seqs()).toEqual(all.map(({ seq }) => seq));
      expect(block.only(kept.map(({ seq }) => seq))).toEqual(packBlock(firstSeq, kept));
    }),
    { numRuns: 50 },
  );
});

test("like calls rest in a small part of their size", () => {
  const body = JSON.stringify({
    jsonrpc: "2.0",
    method: "tools/call",
    params: { name: "forecast" },
  });
  const all = Array.from({ length: 128 }, (_, index) => {
    return { seq: index, rest: "[]", error: "", request: body, response: `${body}${index}` };
  });
  const { rawBytes, bytes } = packBlock(0, all);
  expect(bytes.length).toBeLessThan(rawBytes / 10);
});

test("a block of more than the reused buffer holds comes back whole", () => {
  const entry = { seq: 1, rest: "[]", error: "", request: "é".repeat(3_000_000), response: "x" };
  expect(new Block(packBlock(1, [entry])).find(1)).toEqual(entry);
});

test("a block gives its memory back at once, and takes nothing of others with it", () => {
  const entryOf = (body: string) => [
    { seq: 1, rest: "[]", error: "", request: body, response: "" },
  ];
  const large = packBlock(1, entryOf("Abc ".repeat(250_000)));
  const small = packBlock(1, entryOf("Abc"));
  const beside: Buffer[] = [];
  const sought = searchTerms("c a");
  const before = process.memoryUsage().arrayBuffers;
  for (let time = 0; time < 5_000; time++) {
    using block = new Block(time % 100 === 0 ? large : small);
    block.includesTerms(1, sought);
    beside.push(Buffer.from(`beside ${time}`));
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  expect(beside.map(String)).toEqual(beside.map((_, at) => `beside ${at}`));
});

test("a damaged block is refused, whatever is damaged", () => {
  const body = "abc ".repeat(500);
  const whole = packBlock(1, [{ seq: 1, rest: "[]", error: "", request: body, response: body }]);
  const damaged = [
    { ...whole, bytes: whole.bytes.subarray(0, -1) },
    { ...whole, bytes: new Uint8Array(whole.bytes.length) },
    { ...whole, bytes: new Uint8Array(0) },
    { ...whole, rawBytes: whole.rawBytes - 1 },
    { ...whole, codec: 0 },
    { ...whole, codec: 0, bytes: new Uint8Array(2) },
    { ...whole, codec: 0, bytes: new Uint8Array(100).fill(255) },
  ];
  for (const each of damaged) {
    expect(() => new Block(each)).toThrow(expect.objectContaining({ code: "internal_error" }));
  }
});
