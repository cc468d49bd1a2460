import fc from "fast-check";
import { expect, test } from "vitest";
import { Budget } from "./budget.ts";
import { EventStream, type StreamEvent } from "./event-stream.ts";

function readEvents(
  chunks: readonly Uint8Array[],
  blockMaxBytes = 1_000,
  budget = new Budget(1e6),
) {
  const events: StreamEvent[] = [];
  const stream = new EventStream((event) => events.push(event), budget, { blockMaxBytes });
  for (const chunk of chunks) stream.add(chunk);
  stream.clear();
  expect(budget.usedBytes).toBe(0);
  return { events, seenIds: stream.seenIds };
}

const texts = (text: string) => readEvents([Buffer.from(text)]).events.map((event) => event.text);

test.for([
  ["data: a\n\n", ["a"]],
  ["data:a\r\n\r\ndata:b\r\n\r\n", ["a", "b"]],
  ["data: a\r\rdata: b\r\r", ["a", "b"]],
  ["data: a\r\n\rdata: b\n\n", ["a", "b"]],
  ["\uFEFFdata: a\n\n", ["a"]],
  ["data: a\ndata: b\n\n", ["a\nb"]],
  [": comment\n\ndata: a\n: inside\n\n", ["a"]],
  ["id: 1\ndata:\n\nretry: 5\n\ndata: a\n\n", ["", "a"]],
  ["data:\n\ndata: a\n\n", ["a"]],
  ["data: a\n\ndata: never ended\n", ["a"]],
  ["\n\n\ndata: a\n\n\n\n", ["a"]],
  ["data: a\r\n\r\n\r\ndata: b\n\n", ["a", "b"]],
  ["unknown: x\nevent: message\ndata: é😀\n\n", ["é😀"]],
] as const)("the grammar of event streams is kept: %j", ([text, expected]) => {
  expect(texts(text)).toEqual(expected);
});

test.for(["\n", "\r", "\r\n"])(
  "two cuts anywhere change no event, lines ending in %j",
  (lineEnd) => {
    const lines = [
      "id: 1",
      "event: x",
      "data: é",
      "data: b",
      "",
      ": c",
      "",
      "data: d",
      "",
      "data:",
    ];
    const bytes = Buffer.from(lines.join(lineEnd));
    const expected = readEvents([bytes]).events.map(({ name, text }) => [name, text]);
    expect(expected).toEqual([
      ["x", "é\nb"],
      ["", "d"],
    ]);
    // The second half of a blank line's CRLF belongs to no block.
    expect(readEvents([bytes]).events[1]?.blockBytes).toBe("data: d".length + lineEnd.length + 1);
    for (let first = 0; first <= bytes.length; first += 1) {
      for (let second = first; second <= bytes.length; second += 1) {
        const cuts = [
          bytes.subarray(0, first),
          bytes.subarray(first, second),
          bytes.subarray(second),
        ];
        const found = readEvents(cuts).events;
        expect(found).toEqual(readEvents([bytes]).events);
      }
    }
  },
);

test("any cutting of any bytes gives the same events", () => {
  const piece = fc.constantFrom(
    "data: x",
    "data",
    ":",
    "\n",
    "\r",
    "\r\n",
    "é",
    "\uFEFF",
    "id: 7",
    "event: e",
    "😀",
    " ",
  );
  const text = fc
    .array(piece, { maxLength: 40, size: "max" })
    .map((pieces) => Buffer.from(pieces.join("")));
  fc.assert(
    fc.property(
      text,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 3, max: 40 }),
      (bytes, step, max) => {
        const chunks: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; at += step) chunks.push(bytes.subarray(at, at + step));
        expect(readEvents(chunks, max)).toEqual(readEvents([bytes], max));
      },
    ),
    { numRuns: 2_000 },
  );
});

test("a block beyond the limit is told of with its size and beginning, and the next one is read", () => {
  const { events } = readEvents([Buffer.from(`data: ${"x".repeat(50)}\n\ndata: a\n\n`)], 20);
  expect(events).toEqual([
    { name: "", id: "", text: "xxxxxxxxxxxxxx", blockBytes: 58, oversize: true },
    { name: "", id: "", text: "a", blockBytes: 9, oversize: false },
  ]);
});

test.for([
  ["data: a\n\ndata: {half", "{half", 11],
  ["data: a\n\nid: 7\nevent: message\ndata:{half\n", "{half\n", 32],
  ["data: a\n\n: comment", "", 9],
  ["data: a\n\n", "", 0],
] as const)("of an event that is cut the data that came is told: %j", ([text, rest, bytes]) => {
  const stream = new EventStream(() => {}, new Budget(1e6), { blockMaxBytes: 1_000 });
  stream.add(Buffer.from(text));
  expect(stream.takeRest()).toEqual({ text: rest, whole: bytes === 0, bytes });
});

test("after a gap the next whole block is read, the one it fell into is not", () => {
  const events: StreamEvent[] = [];
  const stream = new EventStream((event) => events.push(event), new Budget(1e6), {
    blockMaxBytes: 1_000,
  });
  stream.add(Buffer.from("data: first\n"));
  stream.skip();
  stream.add(Buffer.from("data: half\n\ndata: whole\n\n"));
  expect(events.map(({ text }) => text)).toEqual(["whole"]);
});

test("each event tells its own id", () => {
  const { events } = readEvents([Buffer.from("id: 1\ndata: a\n\ndata: b\n\nid: é\ndata: c\n\n")]);
  expect(events.map(({ id }) => id)).toEqual(["1", "", "é"]);
});

test("ids are noticed also where there is no data", () => {
  expect(readEvents([Buffer.from("id: 1\ndata:\n\n")]).seenIds).toBe(true);
  expect(readEvents([Buffer.from("data: id: 1\n\n")]).seenIds).toBe(false);
});
