import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  openCapture,
  parseScript,
  play,
  serverId,
  startedAtMs,
  teamId,
  withPlaces,
} from "../../test/fixtures/exchanges/exchange-script.ts";
import type { Call } from "../call.ts";
import type { Watch } from "../exchange.ts";
import type { Capture } from "./capture.ts";
import { SlabWriter } from "./slab.ts";

const folder = new URL("../../test/fixtures/exchanges/", import.meta.url);
const captureLevel = "redacted" as const;
const names = readdirSync(folder).filter((name) => name.endsWith(".http"));
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");

test.for(names)("recorded bytes become the calls written beside them: %s", (name) => {
  const calls = play(read(name));
  expect(withPlaces(calls)).toEqual(JSON.parse(read(name.replace(".http", ".calls.json"))));
  expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
});

test.for(names)(
  "any cutting of the same bytes into chunks and slabs gives the same calls: %s",
  (name) => {
    const script = parseScript(read(name));
    const expected = withPlaces(play(script));
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 200, size: "max" });
    fc.assert(
      fc.property(
        cuts,
        fc.integer({ min: 1_200, max: 5_000 }),
        fc.boolean(),
        (cut, slabBytes, eager) => {
          const played = play(script, { cut: (bytes) => toCut(cut, bytes), slabBytes, eager });
          expect(withPlaces(played)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  },
);

function toCut(lengths: readonly number[], bytes: number): number[] {
  const fitting: number[] = [];
  let left = bytes;
  for (const length of lengths) {
    if (length > left) break;
    fitting.push(length);
    left -= length;
  }
  return fitting;
}

test.for(names)("every byte alone in its chunk gives the same calls: %s", (name) => {
  const script = parseScript(read(name));
  const played = play(script, { cut: (bytes) => Array.from({ length: bytes }, () => 1) });
  expect(withPlaces(played)).toEqual(withPlaces(play(script)));
});

test.for(names)("nothing is held when all exchanges of a script have ended: %s", (name) => {
  play(read(name), {
    atEnd: (capture) => {
      capture.finish("over");
      expect(capture.stats()).toMatchObject({
        exchangesOpen: 0,
        requestsPending: 0,
        openMessageBytes: 0,
        faults: 0,
        tornSlabs: 0,
        strayRecords: 0,
      });
    },
  });
});

test("no secret of any script is in any call", () => {
  const secrets =
    /hunter2|s3cr3t-token|ghp_0123|r-123|c-456|at-789|abc-1\b|3f2a9c|"k-1"|s-one|s-two|made up/;
  for (const name of names) expect(JSON.stringify(play(read(name)))).not.toMatch(secrets);
});

interface Rig extends Disposable {
  readonly calls: Call[];
  readonly capture: Capture;
  readonly watch: Watch;
  /** Everything seen so far is in `calls`. */
  flush(): void;
}

function openRig(options: Parameters<typeof openCapture>[1] = {}): Rig {
  const calls: Call[] = [];
  const capture = openCapture((call) => calls.push(call), options);
  let nowMs = 0;
  const writer = new SlabWriter((slab) => capture.see(slab), {
    clock: { nowMs: () => startedAtMs, monotonicMs: () => nowMs++ },
  });
  return {
    calls,
    capture,
    watch: writer.watch,
    flush: () => writer.flush(),
    [Symbol.dispose]: () => writer[Symbol.dispose](),
  };
}

const json = ["content-type", "application/json"];
const stream = ["content-type", "text/event-stream"];

function post(
  rig: Rig,
  body: string | Uint8Array,
  rawHeaders: readonly string[] = [],
  server = serverId,
) {
  const witness = rig.watch({
    serverId: server,
    teamId,
    startedAtMs,
    method: "POST",
    path: "",
    rawHeaders: [...json, ...rawHeaders],
    sourceIp: "192.0.2.1",
    captureLevel: "redacted",
  });
  witness.request(Buffer.from(body));
  witness.requestEnd();
  return witness;
}

const toolCall = (id: number, more = "") =>
  `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"t"${more}}}`;
const answer = (id: number) => `{"jsonrpc":"2.0","id":${id},"result":{}}`;
const complete = { outcome: "complete", reason: "" } as const;

test("a call is emitted when its answer has been seen, not when the stream closes", () => {
  using rig = openRig();
  const witness = post(rig, toolCall(1));
  witness.head(200, stream);
  witness.response(Buffer.from(`data: ${answer(1)}\n\n`));
  rig.flush();
  expect(rig.calls).toMatchObject([{ status: "success", rpcId: "1" }]);
  witness.response(Buffer.from(": still open\n\n"));
  witness.end({ outcome: "client_left", reason: "" });
  rig.flush();
  expect(rig.calls).toHaveLength(1);
});

test("the first message of an exchange of our own has the id made for it and names what it repeats", () => {
  using rig = openRig();
  const own = {
    callId: "0192bbbb-0000-7000-8000-000000000001",
    replayOf: "0192bbbb-0000-7000-8000-000000000002",
  };
  const witness = rig.watch({
    ...{ serverId, teamId, startedAtMs, method: "POST", path: "", sourceIp: "", captureLevel, own },
    rawHeaders: json,
  });
  witness.request(Buffer.from(`[${toolCall(1)},${toolCall(2)}]`));
  witness.requestEnd();
  witness.head(200, json);
  witness.response(Buffer.from(`[${answer(1)},${answer(2)}]`));
  witness.end(complete);
  post(rig, toolCall(3)).end(complete);
  rig.flush();
  const [first, second, third] = rig.calls;
  expect(first).toMatchObject({ id: own.callId, logicalId: own.callId, replayOf: own.replayOf });
  expect(second?.id).not.toBe(own.callId);
  for (const other of [second, third]) expect(other).not.toHaveProperty("replayOf");
});

test("an id means nothing in another session of the same server", () => {
  using rig = openRig();
  const asked = post(rig, toolCall(1), ["mcp-session-id", "one"]);
  asked.head(200, stream);
  asked.response(Buffer.from(`id: 7\ndata: {"jsonrpc":"2.0","id":5,"method":"ping"}\n\n`));
  const other = post(rig, '{"jsonrpc":"2.0","id":5,"result":{}}', ["mcp-session-id", "two"]);
  other.head(202, []);
  other.end(complete);
  rig.flush();
  expect(rig.calls).toMatchObject([{ kind: "http", method: "POST" }]);
  expect(rig.capture.stats()).toMatchObject({ answersUnmatched: 1, requestsPending: 1 });
  asked.end(complete);
});

test("an answer that never comes on a resumed stream is given up after its time", () => {
  using rig = openRig();
  const witness = post(rig, toolCall(1), ["mcp-session-id", "s"]);
  witness.head(200, stream);
  witness.response(Buffer.from("id: 1\ndata:\n\n"));
  witness.end(complete);
  rig.flush();
  rig.capture.sweep(5_000);
  rig.capture.sweep(124_000);
  expect(rig.calls).toEqual([]);
  rig.capture.sweep(126_000);
  expect(rig.calls).toMatchObject([
    { errorKind: "transport", errorMessage: "the stream ended without an answer" },
  ]);
});

test("a call taken back on a legacy stream ends cancelled when no answer follows", () => {
  using rig = openRig();
  const session = ["mcp-session-id", "s"];
  const get = rig.watch({
    serverId,
    teamId,
    startedAtMs,
    method: "GET",
    path: "",
    rawHeaders: session,
    sourceIp: "",
    captureLevel: "redacted",
  });
  get.requestEnd();
  get.head(200, stream);
  const asked = post(rig, toolCall(1), session);
  asked.head(202, []);
  asked.end(complete);
  const text = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}';
  const cancel = post(rig, text, session);
  cancel.head(202, []);
  cancel.end(complete);
  rig.flush();
  rig.capture.sweep(0);
  expect(rig.calls).toHaveLength(1);
  rig.capture.sweep(2_000);
  expect(rig.calls[1]).toMatchObject({ rpcId: "1", status: "error", errorKind: "cancelled" });
  get.end(complete);
});

test("a call taken back on a stream that stays open ends when it was taken back", () => {
  using rig = openRig();
  const session = ["mcp-session-id", "s"];
  const asked = post(rig, toolCall(1), session);
  asked.head(200, stream);
  const text = '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}';
  const cancel = post(rig, text, session);
  cancel.head(202, []);
  cancel.end(complete);
  rig.flush();
  rig.capture.sweep(0);
  rig.capture.sweep(2_000);
  const cancelled = { rpcId: "1", status: "error", errorKind: "cancelled", statusCode: 200 };
  expect(rig.calls[1]).toMatchObject(cancelled);
  asked.end({ outcome: "client_left", reason: "" });
  rig.flush();
  expect(rig.calls).toHaveLength(2);
});

test("a session that was deleted is forgotten, and what waited in it ends", () => {
  using rig = openRig();
  const session = ["mcp-session-id", "s"];
  const asked = post(rig, toolCall(1), session);
  asked.head(200, stream);
  asked.response(Buffer.from("id: 1\ndata:\n\n"));
  asked.end(complete);
  const opening = { serverId, teamId, startedAtMs, path: "", sourceIp: "", captureLevel };
  const deletion = rig.watch({ ...opening, method: "DELETE", rawHeaders: session });
  deletion.requestEnd();
  deletion.head(200, []);
  deletion.end(complete);
  rig.flush();
  const errorMessage = "the session was ended without an answer";
  expect(rig.calls).toMatchObject([{ method: "DELETE" }, { rpcId: "1", errorMessage }]);
  expect(rig.capture.stats()).toMatchObject({ sessions: 0, requestsPending: 0 });
});

test("what a resumed stream repeats is no second call", () => {
  using rig = openRig();
  const session = ["mcp-session-id", "s"];
  const ask = 'id: 3\ndata: {"jsonrpc":"2.0","id":5,"method":"ping"}\n\n';
  for (const more of [[], ["last-event-id", "2"]]) {
    const witness = post(rig, toolCall(1), [...session, ...more]);
    witness.head(200, stream);
    witness.response(Buffer.from(ask));
    witness.end({ outcome: "client_left", reason: "" });
  }
  rig.flush();
  rig.capture.finish("over");
  expect(rig.calls.filter(({ direction }) => direction === "server")).toHaveLength(1);
});

test("beyond pendingMax the oldest waiting request is given up, and counted", () => {
  using rig = openRig({ pendingMax: 2 });
  const witness = post(rig, toolCall(1), ["mcp-session-id", "s"]);
  witness.head(200, stream);
  for (const id of [1, 2, 3]) {
    witness.response(Buffer.from(`data: {"jsonrpc":"2.0","id":${id},"method":"ping"}\n\n`));
  }
  rig.flush();
  expect(rig.calls).toMatchObject([
    { direction: "server", rpcId: "1", errorMessage: "too many requests wait for an answer" },
  ]);
  expect(rig.capture.stats()).toMatchObject({ requestsPending: 2, requestsEvicted: 1 });
  witness.end(complete);
});

test("beyond pendingMax the server that has most of them pays, not one that has few", () => {
  using rig = openRig({ pendingMax: 4 });
  const asks = (server: string, ids: readonly number[]) => {
    const witness = post(rig, toolCall(1), ["mcp-session-id", "s"], server);
    witness.head(200, stream);
    for (const id of ids) {
      witness.response(Buffer.from(`data: {"jsonrpc":"2.0","id":${id},"method":"ping"}\n\n`));
    }
    return witness;
  };
  const few = asks("01890000-0000-7000-8000-00000000000a", [1]);
  const many = asks("01890000-0000-7000-8000-00000000000b", [2, 3, 4, 5, 6]);
  rig.flush();
  expect(rig.calls.map(({ rpcId }) => rpcId)).toEqual(["2", "3"]);
  for (const witness of [few, many]) witness.end(complete);
});

test("beyond sessionMax a server's oldest session is forgotten, and counted", () => {
  using rig = openRig({ sessionMax: 2 });
  const initialize = (name: string) =>
    `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"clientInfo":{"name":"${name}"}}}`;
  for (const id of ["one", "two", "three"]) {
    const witness = post(rig, initialize(id));
    witness.head(200, [...json, "Mcp-Session-Id", id]);
    witness.response(Buffer.from(answer(0)));
    witness.end(complete);
  }
  for (const id of ["one", "three"]) {
    const witness = post(rig, toolCall(1), ["mcp-session-id", id]);
    witness.head(200, json);
    witness.response(Buffer.from(answer(1)));
    witness.end(complete);
  }
  rig.flush();
  expect(rig.calls.slice(3)).toMatchObject([{ clientName: "" }, { clientName: "three" }]);
  expect(rig.capture.stats()).toMatchObject({ sessions: 2, sessionsEvicted: 2 });
});

test("a transcript keeps a thousand messages and counts the rest", () => {
  using rig = openRig();
  const witness = post(rig, toolCall(1));
  witness.head(200, stream);
  const event = 'data: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\n\n';
  witness.response(Buffer.from(event.repeat(1_005)));
  witness.response(Buffer.from(`data: ${answer(1)}\n\n`));
  witness.end(complete);
  rig.flush();
  expect(rig.calls[0]?.messages).toHaveLength(1_000);
  expect(rig.capture.stats()).toMatchObject({ transcriptMessagesDropped: 5 });
});

test("a transcript keeps as many bytes as a body", () => {
  using rig = openRig({ bodyCaptureMaxBytes: 1_000 });
  const witness = post(rig, toolCall(1));
  witness.head(200, stream);
  const text = `{"jsonrpc":"2.0","method":"notifications/message","params":"${"x".repeat(600)}"}`;
  witness.response(Buffer.from(`data: ${text}\n\n`.repeat(3)));
  witness.end(complete);
  rig.flush();
  const sizes = rig.calls[0]?.messages.map(({ body }) => body.length);
  expect(sizes).toEqual([text.length, 1_000 - text.length]);
  expect(rig.capture.stats()).toMatchObject({ transcriptMessagesDropped: 1 });
});

test("a body is cut at the limit, on a character, and keeps its size", () => {
  using rig = openRig({ bodyCaptureMaxBytes: 100 });
  const text = `{"jsonrpc":"2.0","id":1,"result":"${"é".repeat(200)}"}`;
  const witness = post(rig, toolCall(1, `,"x":"${"y".repeat(100)}"`));
  witness.head(200, json);
  witness.response(Buffer.from(text));
  witness.end(complete);
  rig.flush();
  const [call] = rig.calls;
  expect(call).toMatchObject({
    requestTruncated: true,
    responseTruncated: true,
    responseBytes: Buffer.byteLength(text),
  });
  expect(Buffer.byteLength(call?.requestBody ?? "")).toBe(100);
  expect(text.startsWith(call?.responseBody ?? "x")).toBe(true);
  expect(Buffer.byteLength(call?.responseBody ?? "")).toBeGreaterThan(97);
});

test("a secret that the limit cuts leaves no half behind", () => {
  for (let limit = 20; limit < 110; limit += 1) {
    using rig = openRig({ bodyCaptureMaxBytes: limit });
    const witness = post(rig, toolCall(1, ',"arguments":{"password":"SECRETSECRETSECRET"}'));
    witness.end(complete);
    rig.flush();
    expect(rig.calls[0]?.requestBody).not.toContain("SEC");
  }
});

test.for(["application/json", "text/event-stream"])(
  "an answer too large to be read is that of the one open request: %s",
  (contentType) => {
    using rig = openRig({ messageScanMaxBytes: 1_000 });
    const witness = post(rig, toolCall(1));
    witness.head(200, ["content-type", contentType]);
    const text = `{"jsonrpc":"2.0","id":1,"result":"${"x".repeat(5_000)}"}`;
    const isStream = contentType === "text/event-stream";
    witness.response(Buffer.from(isStream ? `data: ${text}\n\n` : text));
    witness.end(complete);
    rig.flush();
    expect(rig.calls).toMatchObject([
      {
        status: "success",
        responseTruncated: true,
        responseBytes: text.length + (isStream ? 8 : 0),
      },
    ]);
    expect(rig.calls[0]?.responseBody.startsWith('{"jsonrpc":"2.0","id":1')).toBe(true);
  },
);

test("without room for bodies calls are made without them", () => {
  using rig = openRig({ openMessageBytesMax: 150 });
  const held = post(rig, toolCall(1));
  const large = toolCall(2, `,"x":"${"y".repeat(200)}"`);
  const witness = post(rig, large);
  witness.head(200, json);
  witness.response(Buffer.from(answer(2)));
  witness.end(complete);
  held.head(200, json);
  held.response(Buffer.from(answer(1)));
  held.end(complete);
  rig.flush();
  expect(rig.calls).toMatchObject([
    {
      kind: "http",
      requestBody: "",
      requestTruncated: true,
      requestBytes: large.length,
      statusCode: 200,
    },
    { kind: "request", rpcId: "1", status: "success", requestTruncated: false },
  ]);
  expect(rig.capture.stats().bytesRefused).toBeGreaterThan(0);
});

test("a request of the server on the stream of several calls is for none of them", () => {
  using rig = openRig();
  const witness = post(rig, `[${toolCall(1)},${toolCall(2)}]`, ["mcp-session-id", "s"]);
  witness.head(200, stream);
  const ask = (id: number) => `data: {"jsonrpc":"2.0","id":${id},"method":"ping"}\n\n`;
  witness.response(Buffer.from(`${ask(7)}data: ${answer(1)}\n\n${ask(8)}`));
  witness.response(Buffer.from(`data: ${answer(2)}\n\n${ask(9)}`));
  witness.end(complete);
  rig.flush();
  rig.capture.finish("over");
  const parents = rig.calls.flatMap((call) => (call.direction === "server" ? call.parentId : []));
  const [, second] = rig.calls;
  expect(parents).toEqual(["", second?.id, ""]);
});

test("a request of the server on a stream of its own is for the one open call of its session", () => {
  using rig = openRig();
  const session = ["mcp-session-id", "s"];
  const opening = { serverId, teamId, startedAtMs, path: "", sourceIp: "", captureLevel };
  const get = rig.watch({ ...opening, method: "GET", rawHeaders: session });
  get.requestEnd();
  get.head(200, stream);
  const ask = (id: number) =>
    get.response(Buffer.from(`data: {"jsonrpc":"2.0","id":${id},"method":"ping"}\n\n`));
  ask(1);
  const first = post(rig, toolCall(1), session);
  post(rig, toolCall(5), ["mcp-session-id", "other"]);
  ask(2);
  const second = post(rig, toolCall(2), session);
  ask(3);
  for (const [id, witness] of [
    [1, first],
    [2, second],
  ] as const) {
    witness.head(200, json);
    witness.response(Buffer.from(answer(id)));
    witness.end(complete);
  }
  ask(4);
  rig.flush();
  rig.capture.finish("over");
  const parentOf = (id: string) =>
    rig.calls.find((call) => call.direction === "server" && call.rpcId === id)?.parentId;
  const asked = rig.calls.find(({ rpcId, direction }) => rpcId === "1" && direction === "client");
  expect(["1", "2", "3", "4"].map(parentOf)).toEqual(["", asked?.id, "", ""]);
});

const modern = ["mcp-protocol-version", "2026-07-28", "mcp-method"];

test.for([
  { why: "a body over the limit", options: { messageScanMaxBytes: 500 } },
  { why: "no room for it", options: { openMessageBytesMax: 200 } },
])("a modern request that cannot be read is told by its fields: $why", ({ options }) => {
  using rig = openRig(options);
  const large = toolCall(7, `,"x":"${"y".repeat(1_000)}"`);
  const witness = post(rig, large, [...modern, "tools/call", "mcp-name", "t"]);
  witness.head(200, json);
  witness.response(Buffer.from(answer(7)));
  witness.end(complete);
  rig.flush();
  expect(rig.calls).toMatchObject([
    {
      ...{ kind: "request", method: "tools/call", toolName: "t", rpcId: "7", status: "success" },
      ...{ requestTruncated: true, requestBytes: large.length, responseBody: answer(7) },
      ...{ headerMismatches: [], resultType: "complete" },
    },
  ]);
  expect(large.startsWith(rig.calls[0]?.requestBody ?? "-")).toBe(true);
  expect(rig.capture.stats()).toMatchObject({ openMessageBytes: 0, answersUnmatched: 0 });
});

test("a modern notification that cannot be read is told by its fields", () => {
  using rig = openRig({ messageScanMaxBytes: 50 });
  const witness = post(rig, `{"params":"${"x".repeat(100)}"}`, [...modern, "notifications/x"]);
  witness.head(202, []);
  witness.end(complete);
  rig.flush();
  expect(rig.calls).toMatchObject([
    { kind: "notification", method: "notifications/x", status: "success", rpcId: "" },
  ]);
});

test("a request that cannot be read and gets no answer says why", () => {
  using rig = openRig({ messageScanMaxBytes: 50 });
  for (const end of ["client_left", "upstream_failed", "timeout"] as const) {
    const large = toolCall(7, `,"x":"${"y".repeat(100)}"`);
    post(rig, large, [...modern, "tools/call", "mcp-name", "t"]).end({ outcome: end, reason: "" });
  }
  rig.flush();
  expect(rig.calls.map(({ errorKind }) => errorKind)).toEqual([
    "cancelled",
    "transport",
    "timeout",
  ]);
});

/** The most that was held at once while an answer of these pieces passed. */
function peakOf(rig: Rig, pieces: Iterable<Buffer>, fields: readonly string[] = stream): number {
  const witness = post(rig, toolCall(1));
  witness.head(200, fields);
  let peak = 0;
  for (const piece of pieces) {
    witness.response(piece);
    rig.flush();
    peak = Math.max(peak, rig.capture.stats().openMessageBytes);
  }
  witness.end(complete);
  rig.flush();
  return peak;
}

function* cutInto(text: string, bytes: number): Generator<Buffer> {
  const whole = Buffer.from(text);
  for (let at = 0; at < whole.length; at += bytes) yield whole.subarray(at, at + bytes);
}

const kibibyte = 1_024;
const keptOfStream = 16 * kibibyte;

test("an answer of 10 MB is held as far as it may be read", () => {
  using rig = openRig({ messageScanMaxBytes: 1_024 * kibibyte });
  const text = `{"jsonrpc":"2.0","id":1,"result":"${"x".repeat(10e6)}"}`;
  const peak = peakOf(rig, cutInto(text, 64 * kibibyte), json);
  expect(peak).toBeGreaterThan(1_000 * kibibyte);
  expect(peak).toBeLessThan(1_024 * kibibyte + kibibyte);
  expect(rig.calls).toMatchObject([{ rpcId: "1", status: "success", responseTruncated: true }]);
  expect(rig.capture.stats().openMessageBytes).toBe(0);
});

test("an event of 10 MB is held as far as it may be read", () => {
  using rig = openRig({ messageScanMaxBytes: 1_024 * kibibyte });
  const text = `{"jsonrpc":"2.0","id":1,"result":"${"x".repeat(10e6)}"}`;
  const peak = peakOf(rig, cutInto(`data: ${text}\n\n`, 64 * kibibyte));
  expect(peak).toBeGreaterThan(1_024 * kibibyte);
  expect(peak).toBeLessThan(1_024 * kibibyte + keptOfStream + kibibyte);
  expect(rig.calls).toMatchObject([{ rpcId: "1", status: "success", responseTruncated: true }]);
  expect(rig.capture.stats().openMessageBytes).toBe(0);
});

test("of 100,000 events one is held at a time, beside the transcript", () => {
  using rig = openRig({ bodyCaptureMaxBytes: 64 * kibibyte });
  const note = `{"jsonrpc":"2.0","method":"notifications/message","params":"${"x".repeat(100)}"}`;
  const events = `data: ${note}\n\n`.repeat(100_000);
  const peak = peakOf(rig, cutInto(`${events}data: ${answer(1)}\n\n`, 64 * kibibyte));
  expect(peak).toBeLessThan(64 * kibibyte + keptOfStream + kibibyte);
  const dropped = rig.capture.stats().transcriptMessagesDropped;
  expect(dropped + (rig.calls[0]?.messages.length ?? 0)).toBe(100_000);
  expect(rig.calls).toMatchObject([{ rpcId: "1", status: "success", responseBody: answer(1) }]);
});

test("a bug in one exchange is counted, logged and still yields its call; others go on", () => {
  const logged: string[] = [];
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: (_: unknown, text: string) => logged.push(text),
  };
  const failing = { failed: false };
  using rig = openRig({
    log,
    ids: (atMs) => {
      if (!failing.failed) {
        failing.failed = true;
        throw new Error("a bug");
      }
      return `id-${atMs}`;
    },
  });
  for (const id of [1, 2]) {
    const witness = post(rig, toolCall(id));
    witness.head(200, json);
    witness.response(Buffer.from(answer(id)));
    witness.end(complete);
  }
  rig.flush();
  expect(rig.calls).toMatchObject([
    { kind: "http", errorKind: "transport", errorMessage: "the exchange could not be read" },
    { rpcId: "2", status: "success" },
  ]);
  expect(rig.capture.stats()).toMatchObject({ faults: 1, exchangesOpen: 0 });
  expect(logged).toHaveLength(1);
});

test("at shutdown open exchanges and waiting requests become calls that say so", () => {
  using rig = openRig();
  post(rig, toolCall(1)).head(200, stream);
  rig.watch({
    serverId,
    teamId,
    startedAtMs,
    method: "GET",
    path: "",
    rawHeaders: [],
    sourceIp: "",
    captureLevel: "redacted",
  });
  rig.flush();
  rig.capture.finish("proxy shutdown");
  expect(rig.calls).toMatchObject([
    {
      method: "tools/call",
      status: "error",
      errorKind: "transport",
      errorMessage: "proxy shutdown",
    },
    { method: "GET", status: "error", errorKind: "transport", errorMessage: "proxy shutdown" },
  ]);
});

test("an exchange whose end was lost with a slab gives way to the next of its number", () => {
  const calls: Call[] = [];
  const capture = openCapture((call) => calls.push(call));
  const slabs: Uint8Array[] = [];
  using writer = new SlabWriter((slab) => slabs.push(slab), {
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
  });
  const rig = { calls, capture, watch: writer.watch, flush: () => writer.flush() } as Rig;
  const first = post(rig, toolCall(1));
  writer.flush();
  first.end(complete);
  writer.flush();
  post(rig, toolCall(2)).end(complete);
  writer.flush();
  for (const slab of [slabs[0], slabs[2]]) capture.see(slab ?? new Uint8Array());
  expect(calls[0]).toMatchObject({
    rpcId: "1",
    errorMessage: "the end of the exchange was not seen",
  });
});

test("records of an exchange whose opening was not seen are counted and left", () => {
  const calls: Call[] = [];
  const capture = openCapture((call) => calls.push(call));
  const slabs: Uint8Array[] = [];
  using writer = new SlabWriter((slab) => slabs.push(slab), {
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
  });
  const rig = { calls, capture, watch: writer.watch, flush: () => writer.flush() } as Rig;
  const witness = post(rig, toolCall(1));
  writer.flush();
  witness.end(complete);
  writer.flush();
  capture.see(slabs[1] ?? new Uint8Array());
  expect(calls).toEqual([]);
  expect(capture.stats()).toMatchObject({ strayRecords: 1 });
});

test("a batch opens a thousand calls and counts the rest", () => {
  using rig = openRig();
  const members = Array.from({ length: 1_010 }, (_, id) => `{"id":${id},"method":"m"}`);
  const witness = post(rig, `[${members.join(",")}]`);
  witness.end({ outcome: "upstream_failed", reason: "gone" });
  rig.flush();
  expect(rig.calls).toHaveLength(1_000);
  expect(rig.capture.stats()).toMatchObject({ batchMembersDropped: 10 });
});

test("hostile bytes of any kind make no faults", () => {
  const piece = fc.constantFrom(
    "data: ",
    "\n",
    "\r",
    "\r\n",
    "{",
    "}",
    "[",
    '"',
    "\\",
    '"id":',
    "1",
    ",",
    '"method":"m"',
    "id: x\n",
    '{"jsonrpc":"2.0","id":1,"result":{}}',
    "event: endpoint\n",
    '"__proto__":',
    "\u0000",
    "\ud800",
    ":",
    '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    '"password":',
    "é",
  );
  const text = fc.array(piece, { maxLength: 40, size: "max" }).map((pieces) => pieces.join(""));
  const type = fc.constantFrom(json, stream, ["content-encoding", "gzip", ...json], []);
  fc.assert(
    fc.property(
      text,
      text,
      type,
      fc.constantFrom(0, 200, 202, 404),
      (request, response, head, status) => {
        using rig = openRig();
        const witness = post(rig, request, ["__proto__", "x", "mcp-session-id", "s"]);
        if (status !== 0) witness.head(status, head);
        witness.response(Buffer.from(response));
        witness.end(complete);
        rig.flush();
        rig.capture.finish("over");
        expect(rig.capture.stats()).toMatchObject({
          faults: 0,
          openMessageBytes: 0,
          requestsPending: 0,
        });
        expect(rig.calls.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 1_000 },
  );
});

test("nesting of any depth is no fault", () => {
  using rig = openRig();
  const deep = `${"[".repeat(200_000)}1${"]".repeat(200_000)}`;
  const witness = post(rig, `{"id":12345678901234567890,"method":"m","params":${deep}}`);
  witness.end(complete);
  rig.flush();
  expect(rig.calls).toHaveLength(1);
  expect(rig.capture.stats()).toMatchObject({ faults: 0 });
});

test("names that outgrow the log are cut, and the call is still matched and kept", () => {
  using rig = openRig();
  const [method, id] = ["m".repeat(100_000), "i".repeat(100_000)];
  const witness = post(rig, JSON.stringify({ jsonrpc: "2.0", id, method }));
  witness.head(200, json);
  witness.response(Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, result: {} })));
  witness.end(complete);
  rig.flush();
  expect(rig.calls).toMatchObject([{ method: "m".repeat(1_000), status: "success" }]);
  expect(rig.calls[0]?.rpcId).toHaveLength(1_000);
});

test("many answers to many requests take no time for each pair of them", {
  timeout: 20_000,
}, () => {
  using rig = openRig();
  const requests = Array.from(
    { length: 1_000 },
    (_, id) => `{"jsonrpc":"2.0","id":${id},"method":"m"}`,
  );
  const witness = post(rig, `[${requests.join()}]`);
  witness.head(200, stream);
  const stray = '{"jsonrpc":"2.0","id":"a","result":0}';
  const progress =
    '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"b"}}';
  for (let n = 0; n < 50; n += 1) {
    witness.response(Buffer.from(`data: [${`${stray},${progress},`.repeat(2_500)}${stray}]\n\n`));
  }
  witness.end(complete);
  const startedMs = performance.now();
  rig.flush();
  expect(rig.capture.stats().answersUnmatched).toBe(50 * 2_501);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

test("a secret in a name, an id or a method is in none of them in the log", () => {
  using rig = openRig();
  const secret = `ghp_${"a1B2c3D4".repeat(5)}`.slice(0, 40);
  const clientInfo = { name: `my agent ${secret}`, version: secret };
  const _meta = { "io.modelcontextprotocol/clientInfo": clientInfo };
  const params = { name: `tool ${secret}`, _meta };
  const bodies = [
    { jsonrpc: "2.0", id: secret, method: "tools/call", params },
    { jsonrpc: "2.0", id: 1, method: `acme/${secret}`, params: {} },
  ];
  for (const body of bodies) post(rig, JSON.stringify(body)).end(complete);
  rig.flush();
  rig.capture.finish("over");
  expect(rig.calls).toHaveLength(2);
  expect(JSON.stringify(rig.calls)).not.toContain(secret.slice(4, 30));
  expect(rig.calls[0]?.toolName).toMatch(/^tool \[redacted:/);
});
