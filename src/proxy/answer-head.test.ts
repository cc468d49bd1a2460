import { expect, test } from "vitest";
import { isBetweenEvents, isPlainEventStream, tailAfter } from "./answer-head.ts";

test.for([
  [["Content-Type", "text/event-stream"], true],
  [["content-type", "Text/Event-Stream; charset=utf-8"], true],
  [["Content-Type", "text/event-stream", "Content-Encoding", "gzip"], false],
  [["Content-Encoding", "gzip", "Content-Type", "text/event-stream"], false],
  [["Content-Type", "text/event-stream", "Content-Encoding", "Identity"], true],
  [["Content-Type", "application/json"], false],
  [[], false],
] as const)("events that can be told apart in passing: %j", ([raw, plain]) => {
  expect(isPlainEventStream(raw)).toBe(plain);
});

test.for([
  [[], true],
  [["data: 1\n\n"], true],
  [["data: 1\n", "\n"], true],
  [["data: 1\r\n\r", "\n"], true],
  [["data: 1\r\r"], true],
  [["data: 1\n"], false],
  [["data: 1\r\n"], false],
  [["data: 1\n\nd"], false],
] as const)("a stream stands between events only after an empty line: %j", ([chunks, between]) => {
  const tail = chunks.reduce((before, chunk) => tailAfter(before, Buffer.from(chunk)), 0);
  expect(isBetweenEvents(tail)).toBe(between);
});
