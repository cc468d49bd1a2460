import fc from "fast-check";
import { expect, test } from "vitest";
import { openCapture, serverId, teamId } from "../../test/fixtures/exchanges/exchange-script.ts";
import type { Call, CallTimings } from "../call.ts";
import type { UpstreamTimes } from "../exchange.ts";
import { SlabWriter } from "./slab.ts";
import { toTimings } from "./timings.ts";

const nothing: UpstreamTimes = {
  ...{ resolvingMs: undefined, connectingMs: undefined, securingMs: undefined },
  ...{ sendingMs: undefined, waitingMs: undefined, receivingMs: undefined, overheadMs: 0 },
};

function sumOf({ overheadMs: _, ...phases }: CallTimings): number {
  return Object.values(phases).reduce<number>((sum, ms) => sum + (ms ?? 0), 0);
}

test("each phase lasts until the next that was entered, the last until the end", () => {
  const times = {
    ...{ resolvingMs: 1_000.5, connectingMs: 1_002, securingMs: 1_003, sendingMs: 1_010 },
    ...{ waitingMs: 1_010.25, receivingMs: 1_300, overheadMs: 0.625 },
  };
  expect(toTimings({ openedMs: 1_000, requestEndMs: undefined }, times, 1_500)).toEqual({
    ...{ blockedMs: 0.5, dnsMs: 1.5, connectMs: 1, tlsMs: 7, sendMs: 0.25 },
    ...{ waitMs: 289.75, receiveMs: 200, overheadMs: 0.63 },
  });
});

test("a connection that stood already was not made: null, not zero", () => {
  const times = { ...nothing, sendingMs: 2, waitingMs: 2, receivingMs: 5 };
  expect(toTimings({ openedMs: 0, requestEndMs: undefined }, times, 6)).toEqual({
    ...{ blockedMs: 2, dnsMs: null, connectMs: null, tlsMs: null, sendMs: 0, waitMs: 3 },
    ...{ receiveMs: 1, overheadMs: 0 },
  });
});

test.for([
  ["a name that was never resolved", { resolvingMs: 1 }, "dnsMs"],
  ["a connection that was never made", { resolvingMs: 1, connectingMs: 1 }, "connectMs"],
  ["a handshake that never ended", { connectingMs: 1, securingMs: 1 }, "tlsMs"],
  ["an upload that stopped", { sendingMs: 1 }, "sendMs"],
  ["an answer that never came", { sendingMs: 1, waitingMs: 1 }, "waitMs"],
] as const)("%s took all the time until the end", ([, times, phase]) => {
  const timings = toTimings(
    { openedMs: 0, requestEndMs: undefined },
    { ...nothing, ...times },
    5_001,
  );
  expect(timings[phase]).toBe(5_000);
  expect(sumOf(timings)).toBe(5_001);
});

test("an upload is being sent until its last piece has come", () => {
  const times = { ...nothing, sendingMs: 1, waitingMs: 2, receivingMs: 100 };
  expect(toTimings({ openedMs: 0, requestEndMs: 90 }, times, 101)).toMatchObject({
    ...{ sendMs: 89, waitMs: 10, receiveMs: 1 },
  });
  const whole = toTimings({ openedMs: 0, requestEndMs: 0.5 }, times, 101);
  expect(whole).toMatchObject({ sendMs: 1, waitMs: 98 });
});

test("an answer that came before the request was sent was not waited for", () => {
  const times = { ...nothing, sendingMs: 1, receivingMs: 3, waitingMs: 9 };
  expect(toTimings({ openedMs: 0, requestEndMs: undefined }, times, 4)).toMatchObject({
    sendMs: 2,
    waitMs: null,
    receiveMs: 1,
  });
  expect(toTimings({ openedMs: 0, requestEndMs: undefined }, times, 10)).toMatchObject({
    sendMs: 2,
    waitMs: 0,
    receiveMs: 7,
  });
});

test("a call that ended before its exchange was answered knows no answer", () => {
  const times = { ...nothing, sendingMs: 1, waitingMs: 2, receivingMs: 900 };
  expect(toTimings({ openedMs: 0, requestEndMs: undefined }, times, 100)).toMatchObject({
    waitMs: 98,
    receiveMs: null,
  });
});

const moment = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined });

test("whatever was told, the phases add up to the call, none is negative, and we added no more than all of it", () => {
  const times = fc.record({
    ...{ resolvingMs: moment, connectingMs: moment, securingMs: moment },
    ...{ sendingMs: moment, waitingMs: moment, receivingMs: moment },
    overheadMs: fc.double({ min: -1, max: 1e9, noNaN: true }),
  });
  const start = fc.double({ min: 0, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(times, start, start, (told, startedMs, lastedMs) => {
      const timings = toTimings(
        { openedMs: startedMs, requestEndMs: undefined },
        told,
        startedMs + lastedMs,
      );
      expect(Math.abs(sumOf(timings) - lastedMs)).toBeLessThan(0.006);
      for (const ms of Object.values(timings)) expect(ms ?? 0).toBeGreaterThanOrEqual(0);
      expect(timings.overheadMs).toBeLessThanOrEqual(lastedMs + 0.006);
    }),
  );
});

function openRig() {
  const calls: Call[] = [];
  const capture = openCapture((call) => calls.push(call));
  const clock = { at: 0, nowMs: () => 0, monotonicMs: () => clock.at };
  const writer = new SlabWriter((slab) => capture.see(slab), { clock });
  const begin = (method: string, body: string, atMs: number) => {
    clock.at = atMs;
    const witness = writer.watch({
      ...{ serverId, teamId, startedAtMs: atMs, method, path: "", sourceIp: "" },
      rawHeaders: ["mcp-session-id", "s"],
      captureLevel: "metadata",
    });
    if (body !== "") witness.request(Buffer.from(body));
    witness.requestEnd();
    return witness;
  };
  return {
    ...{ calls, clock, begin },
    flush: () => writer.flush(),
    [Symbol.dispose]: () => writer[Symbol.dispose](),
  };
}

const ask = (id: number) =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"t"}}`;
const answer = (id: number) => `{"jsonrpc":"2.0","id":${id},"result":{}}`;
const complete = { outcome: "complete", reason: "" } as const;
const stream = ["content-type", "text/event-stream"];

test("an answer that came on another stream was received until it was there", () => {
  using rig = openRig();
  const listening = rig.begin("GET", "", 0);
  listening.upstream({ ...nothing, sendingMs: 1, waitingMs: 1, receivingMs: 2 });
  listening.head(200, stream);
  const posting = rig.begin("POST", ask(1), 100);
  rig.clock.at = 120;
  posting.upstream({
    ...{ ...nothing, sendingMs: 101, waitingMs: 102, receivingMs: 119 },
    overheadMs: 0.5,
  });
  posting.head(202, []);
  posting.end(complete);
  rig.clock.at = 400;
  listening.response(Buffer.from(`data: ${answer(1)}\n\n`));
  listening.end(complete);
  rig.flush();
  expect(rig.calls.find(({ method }) => method === "tools/call")).toMatchObject({
    ...{ durationMs: 300, ttfbMs: 20 },
    timings: { blockedMs: 1, sendMs: 1, waitMs: 17, receiveMs: 281, overheadMs: 0.5 },
  });
});

test("the calls of a batch have their way there in common, and each its own end", () => {
  using rig = openRig();
  const batch = rig.begin("POST", `[${ask(1)},${ask(2)}]`, 0);
  batch.upstream({ ...nothing, sendingMs: 1, waitingMs: 2, receivingMs: 10 });
  rig.clock.at = 10;
  batch.head(200, stream);
  rig.clock.at = 20;
  batch.response(Buffer.from(`data: ${answer(2)}\n\n`));
  rig.clock.at = 50;
  batch.response(Buffer.from(`data: ${answer(1)}\n\n`));
  batch.end(complete);
  rig.flush();
  expect(rig.calls.map(({ timings }) => [timings?.waitMs, timings?.receiveMs])).toEqual([
    [8, 10],
    [8, 40],
  ]);
});

test("what the server asked, and what never reached it, has no timings", () => {
  using rig = openRig();
  const asked = rig.begin("POST", ask(1), 0);
  asked.upstream({ ...nothing, sendingMs: 1 });
  asked.head(200, stream);
  const request = '{"jsonrpc":"2.0","id":9,"method":"sampling/createMessage","params":{}}';
  asked.response(Buffer.from(`data: ${request}\n\ndata: ${answer(1)}\n\n`));
  const answering = rig.begin("POST", '{"jsonrpc":"2.0","id":9,"result":{}}', 5);
  answering.upstream({ ...nothing, sendingMs: 6 });
  answering.head(202, []);
  answering.end(complete);
  const refused = rig.begin("POST", ask(2), 10);
  refused.head(503, []);
  refused.end({ outcome: "refused", reason: "no" });
  rig.flush();
  const timed = rig.calls.map(({ method, status, timings }) => [
    method,
    status,
    timings !== undefined,
  ]);
  expect(timed).toEqual([
    ["tools/call", "success", true],
    ["sampling/createMessage", "success", false],
    ["tools/call", "error", false],
  ]);
});
