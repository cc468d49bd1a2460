import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { call, id } from "../../test/store/builders.ts";
import type { Call } from "../call.ts";
import { packCall, packCalls, unpackCall, unpackCalls } from "./packed-call.ts";

/** With lone surrogates, control characters, and every length of UTF-8. */
const text = fc.string({ unit: "binary", maxLength: 200 });
const count = fc.nat({ max: 2 ** 40 });
const timing = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }));
const timings = fc.record({
  blockedMs: count,
  dnsMs: timing,
  connectMs: timing,
  tlsMs: timing,
  sendMs: timing,
  waitMs: timing,
  receiveMs: timing,
  overheadMs: count,
});
const message = fc.record({
  atMs: count,
  offsetMs: count,
  direction: fc.constantFrom("client" as const, "server" as const),
  body: text,
});
const everyField: { [Key in keyof Required<Call>]: fc.Arbitrary<Required<Call>[Key]> } = {
  id: text,
  parentId: text,
  logicalId: text,
  replayOf: text,
  teamId: text,
  serverId: text,
  kind: fc.constantFrom("request", "notification", "http"),
  direction: fc.constantFrom("client", "server"),
  method: text,
  toolName: text,
  rpcId: text,
  path: text,
  requestBody: text,
  responseBody: text,
  status: fc.constantFrom("success", "error", "timeout"),
  resultType: fc.constantFrom("", "complete", "task"),
  statusCode: count,
  errorMessage: text,
  errorKind: fc.constantFrom("", "http", "tool"),
  errorCode: fc.option(fc.integer()),
  durationMs: count,
  ttfbMs: fc.option(count),
  timings,
  sourceIp: text,
  headers: fc.dictionary(text, text, { noNullPrototype: true }),
  headerMismatches: fc.array(text, { maxLength: 3 }),
  sessionId: text,
  protocolVersion: text,
  clientName: text,
  clientVersion: text,
  requestBytes: count,
  responseBytes: count,
  requestTruncated: fc.boolean(),
  responseTruncated: fc.boolean(),
  traceId: text,
  startedAtMs: count,
  messages: fc.array(message, { maxLength: 3 }),
};
const anyCall = fc
  .record(everyField)
  .chain((one) =>
    fc.constantFrom(one, without(one, "replayOf"), without(one, "timings")),
  ) as fc.Arbitrary<Call>;

function without(call: Required<Call>, name: "replayOf" | "timings"): Call {
  const { [name]: _, ...rest } = call;
  return rest;
}

describe("calls as bytes", () => {
  test("are the same calls again, field by field, to the last half of a character", () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 5 }), (calls) => {
        const { bytes, lengths } = packCalls(calls);
        expect([...unpackCalls(bytes)]).toEqual(calls);
        let at = 0;
        for (const [index, length] of lengths.entries()) {
          expect(unpackCall(bytes.subarray(at, at + length))).toEqual(calls[index]);
          at += length;
        }
        expect(at).toBe(bytes.byteLength);
      }),
    );
  });

  test("hold no byte FF, by which a spill finds its next record", () => {
    fc.assert(fc.property(anyCall, (one) => !packCall(one).includes(0xff)));
    const lengths = [127, 128, 16_383, 16_384, 2_097_151, 2_097_152];
    for (const length of lengths)
      expect(packCall(call("one", { responseBody: "x".repeat(length) })).includes(0xff)).toBe(
        false,
      );
  });

  test("are whole at any size, of characters of any length", () => {
    const letters = ["x", "é", "語", "𝄞", "\ud800"];
    const sizes = [0, 100, 349_000, 350_000, 2_000_000];
    const calls = sizes.flatMap((size) =>
      letters.map((letter) => call(letter, { requestBody: letter.repeat(size), rpcId: `${size}` })),
    );
    for (const one of calls) expect(unpackCall(packCall(one))).toEqual(one);
    expect([...unpackCalls(packCalls(calls).bytes)]).toEqual(calls);
  });

  test("of clients that take turns have their own headers each", () => {
    const calls = Array.from({ length: 9 }, (_, n) =>
      call(`${n}`, { headers: { "user-agent": `agent ${n % 2}` } }),
    );
    const again = [...unpackCalls(packCalls(calls).bytes)];
    expect(again).toEqual(calls);
    expect([...unpackCalls(packCalls(calls.slice(0, 1)).bytes)][0]).toEqual(calls[0]);
  });

  test("that are cut, or that are something else, are an error and no call", () => {
    const bytes = packCall(call("one"));
    for (let length = 1; length < bytes.byteLength; length += 7)
      expect(() => unpackCall(bytes.subarray(0, length))).toThrow();
    expect(() => unpackCall(new Uint8Array())).toThrow("one call");
    expect(() => unpackCall(packCalls([call("one"), call("two")]).bytes)).toThrow("one call");
    expect(() => unpackCall(Buffer.from(JSON.stringify(call("one"))))).toThrow();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (other) => {
        expect(() => unpackCall(other)).toThrow();
      }),
    );
  });

  test("take less than as JSON, and the bytes of a body are those of its text", () => {
    const one = call("one", { responseBody: JSON.stringify({ text: '"quoted"' }) });
    const bytes = Buffer.from(packCall(one));
    expect(bytes.includes(one.responseBody)).toBe(true);
    expect(bytes.byteLength).toBeLessThan(JSON.stringify(one).length);
    expect(bytes.includes(id("server"))).toBe(true);
  });
});
