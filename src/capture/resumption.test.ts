/** A call whose stream ends before its answer is one call with those of the streams that go on with it. */
import { beforeEach, describe, expect, test } from "vitest";
import {
  openCapture,
  serverId,
  startedAtMs,
  teamId,
} from "../../test/fixtures/exchanges/exchange-script.ts";
import type { Call } from "../call.ts";
import type { ExchangeEnd, ExchangeWitness } from "../exchange.ts";
import type { Capture } from "./capture.ts";
import { SlabWriter } from "./slab.ts";

const cut: ExchangeEnd = { outcome: "upstream_failed", reason: "the upstream broke off" };
const left: ExchangeEnd = { outcome: "client_left", reason: "" };
const closed: ExchangeEnd = { outcome: "complete", reason: "" };

let calls: Call[];
let capture: Capture;
let writer: SlabWriter;
let nowMs: number;

beforeEach(() => {
  calls = [];
  nowMs = 0;
  capture = openCapture((call) => calls.push(call));
  const clock = { nowMs: () => startedAtMs, monotonicMs: () => nowMs };
  writer = new SlabWriter((slab) => capture.see(slab), { clock });
  return () => writer[Symbol.dispose]();
});

function open(method: string, fields: readonly string[], body = ""): ExchangeWitness {
  const rawHeaders = ["mcp-session-id", "s", ...fields];
  const opening = {
    ...{ serverId, teamId, startedAtMs, method, path: "", rawHeaders, sourceIp: "" },
    captureLevel: "redacted",
  } as const;
  const witness = writer.watch(opening);
  witness.request(Buffer.from(body));
  witness.requestEnd();
  witness.head(200, ["content-type", "text/event-stream"]);
  return witness;
}

const ask = (id: number, fields: readonly string[] = []) =>
  open("POST", fields, `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"t"}}`);
const resume = (lastId: string) => open("GET", ["last-event-id", lastId]);

const note = (text: string) =>
  `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":"${text}"}}`;
const answer = (id: number) => `{"jsonrpc":"2.0","id":${id},"result":{}}`;

function tell(witness: ExchangeWitness, id: string, message = ""): void {
  nowMs += 10;
  witness.response(Buffer.from(`${id && `id: ${id}\n`}data: ${message}\n\n`));
}

const of = (method: string) => {
  writer.flush();
  return calls.filter((call) => call.method === method);
};

test.for([
  ["cut", cut],
  ["left by its client", left],
  ["closed by the server", closed],
] as const)("the answer on a resumed stream ends the call whose stream was %s", ([, end]) => {
  const asked = ask(1);
  tell(asked, "a");
  tell(asked, "b", note("one"));
  asked.end(end);
  capture.sweep(0);
  capture.sweep(29_000);
  expect(of("tools/call")).toEqual([]);
  const resumed = resume("b");
  tell(resumed, "c", note("two"));
  tell(resumed, "d", answer(1));
  resumed.end(closed);
  const [call, ...others] = of("tools/call");
  expect(others).toEqual([]);
  expect(call).toMatchObject({ status: "success", responseBody: answer(1), durationMs: 40 });
  expect(call?.messages.map(({ body, offsetMs }) => [body, offsetMs])).toEqual([
    [note("one"), 20],
    [note("two"), 30],
  ]);
  expect(of("GET")).toMatchObject([{ status: "success", kind: "http" }]);
  expect(of("notifications/message")).toEqual([]);
  expect(capture.stats()).toMatchObject({ requestsPending: 0, openMessageBytes: 0 });
});

test("what passed once and is sent again is in the transcript once", () => {
  const asked = ask(1);
  for (const id of ["a", "b", "c"]) tell(asked, id, note(`at ${id}`));
  asked.end(left);
  for (const lastId of ["a", "b"]) {
    const resumed = resume(lastId);
    for (const id of ["b", "c", "d"]) if (id > lastId) tell(resumed, id, note(`at ${id}`));
    resumed.end(left);
  }
  const last = resume("d");
  tell(last, "e", answer(1));
  const [call] = of("tools/call");
  expect(call?.messages.map(({ body }) => body)).toEqual(
    ["a", "b", "c", "d"].map((id) => note(`at ${id}`)),
  );
  last.end(closed);
});

test("a message that is said twice is kept twice", () => {
  const asked = ask(1);
  tell(asked, "a", note("same"));
  asked.end(cut);
  const resumed = resume("a");
  tell(resumed, "b", note("same"));
  tell(resumed, "c", answer(1));
  expect(of("tools/call")[0]?.messages).toHaveLength(2);
  resumed.end(closed);
});

test("what came unasked and is sent again is one call", () => {
  const listening = open("GET", []);
  for (const id of ["a", "b"]) tell(listening, id, note(`at ${id}`));
  listening.end(left);
  const resumed = resume("a");
  for (const id of ["b", "c"]) tell(resumed, id, note(`at ${id}`));
  resumed.end(left);
  expect(of("notifications/message").map(({ requestBody }) => requestBody)).toEqual(
    ["a", "b", "c"].map((id) => note(`at ${id}`)),
  );
});

test("two calls that are resumed at once each hear their own", () => {
  const streams = [ask(1), ask(2)];
  for (const [index, asked] of streams.entries()) {
    tell(asked, `${index}-0`);
    asked.end(cut);
  }
  const resumed = streams.map((_, index) => resume(`${index}-0`));
  for (const [index, stream] of resumed.entries()) tell(stream, `${index}-1`, note(`of ${index}`));
  for (const [index, stream] of resumed.entries()) tell(stream, `${index}-2`, answer(index + 1));
  for (const stream of resumed) stream.end(closed);
  expect(of("tools/call").map(({ rpcId, messages }) => [rpcId, messages[0]?.body])).toEqual([
    ["1", note("of 0")],
    ["2", note("of 1")],
  ]);
});

test("a request of the server's on a resumed stream is for the call that it goes on with", () => {
  const asked = ask(1);
  tell(asked, "a");
  asked.end(cut);
  const other = ask(2);
  const resumed = resume("a");
  tell(resumed, "b", '{"jsonrpc":"2.0","id":9,"method":"ping"}');
  tell(resumed, "c", answer(1));
  for (const witness of [resumed, other]) witness.end(closed);
  writer.flush();
  capture.finish("over");
  expect(of("ping")[0]?.parentId).toBe(of("tools/call")[0]?.id);
});

describe("a stream that nobody resumes", () => {
  test.for([
    [cut, "transport", 30_000],
    [left, "cancelled", 30_000],
    [closed, "transport", 120_000],
  ] as const)("ends its call as it ended itself: %j", ([end, errorKind, waitMs]) => {
    // Another stream of the session says nothing about this one.
    const listening = open("GET", []);
    const asked = ask(1);
    tell(asked, "a", note("one"));
    asked.response(Buffer.from('id: b\ndata: {"half'));
    nowMs = 500;
    asked.end(end);
    nowMs = 9_000;
    writer.flush();
    capture.sweep(0);
    capture.sweep(waitMs - 1);
    expect(of("tools/call")).toEqual([]);
    capture.sweep(waitMs);
    const message = end.reason || expect.any(String);
    const ending = { errorKind, errorMessage: message, durationMs: 500, statusCode: 200 };
    expect(of("tools/call")).toMatchObject([{ ...ending, responseBody: '{"half' }]);
    expect(capture.stats()).toMatchObject({ requestsPending: 0 });
    listening.end(left);
    writer.flush();
    expect(capture.stats()).toMatchObject({ openMessageBytes: 0 });
  });

  test("or only for a while, is waited for from the end of that", () => {
    const asked = ask(1);
    tell(asked, "a");
    asked.end(left);
    const resumed = resume("a");
    writer.flush();
    for (const atMs of [0, 40_000, 600_000]) capture.sweep(atMs);
    expect(of("tools/call")).toEqual([]);
    nowMs = 600_000;
    resumed.end(cut);
    writer.flush();
    for (const atMs of [600_000, 629_000]) capture.sweep(atMs);
    expect(of("tools/call")).toEqual([]);
    capture.sweep(630_000);
    const { reason: errorMessage } = cut;
    expect(of("tools/call")).toMatchObject([{ errorMessage, durationMs: 600_000 }]);
  });

  test.for([
    ["its client was told to wait", (told: ExchangeWitness) => told, "a"],
    ["its client was told to wait before", () => resume("a"), "b"],
  ] as const)("for as long as %s, is waited for longer", ([, last, id]) => {
    const asked = ask(1);
    asked.response(Buffer.from("id: a\nretry: 600000\ndata: \n\n"));
    const ending = last(asked);
    if (ending !== asked) asked.end(cut);
    tell(ending, id);
    ending.end(closed);
    writer.flush();
    for (const atMs of [0, 719_999]) capture.sweep(atMs);
    expect(of("tools/call")).toEqual([]);
    capture.sweep(720_000);
    expect(of("tools/call")).toHaveLength(1);
  });

  test("and whose client takes its call back, is not waited for", () => {
    const asked = ask(1);
    tell(asked, "a");
    asked.end(left);
    const params = '{"requestId":1,"reason":"changed my mind"}';
    const text = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":${params}}`;
    const cancel = open("POST", [], text);
    cancel.end(closed);
    writer.flush();
    for (const atMs of [0, 2_000]) capture.sweep(atMs);
    const ending = { errorKind: "cancelled", errorMessage: "changed my mind" };
    expect(of("tools/call")).toMatchObject([ending]);
  });

  test("and breaks off amid one answer after the other, holds the last of them", () => {
    const asked = ask(1);
    tell(asked, "a");
    asked.response(Buffer.from(`data: ${"x".repeat(1_000)}`));
    asked.end(cut);
    writer.flush();
    const heldBytes = capture.stats().openMessageBytes;
    expect(heldBytes).toBeGreaterThan(1_000);
    for (let times = 0; times < 5; times += 1) {
      const resumed = resume("a");
      resumed.response(Buffer.from(`data: ${"x".repeat(1_000)}`));
      resumed.end(cut);
    }
    writer.flush();
    expect(capture.stats().openMessageBytes).toBe(heldBytes);
  });

  test.for([
    ["has no ids", [], ""],
    ["has no session, as in 2026-07-28", ["mcp-protocol-version", "2026-07-28"], "a"],
  ] as const)("and cannot be, as it %s, ends its call at once", ([, fields, id]) => {
    const asked = ask(1, fields);
    tell(asked, id, note("one"));
    asked.end(cut);
    expect(of("tools/call")).toMatchObject([{ errorKind: "transport" }]);
  });
});

test("beyond eventIdMax the server that had most events forgets its oldest", () => {
  capture = openCapture((call) => calls.push(call), { eventIdMax: 2 });
  const asked = ask(1);
  for (const id of ["a", "b", "c"]) tell(asked, id, note(id));
  asked.end(cut);
  const forgotten = resume("a");
  tell(forgotten, "b2", note("whose"));
  forgotten.end(cut);
  expect(of("notifications/message")).toMatchObject([{ direction: "server" }]);
  const known = resume("c");
  tell(known, "d", note("its"));
  tell(known, "e", answer(1));
  known.end(closed);
  expect(of("tools/call")[0]?.messages.map(({ body }) => body)).toEqual(
    ["a", "b", "c", "its"].map(note),
  );
});
