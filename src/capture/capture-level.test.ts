/** What of an exchange is kept at each level, and who decides on it. */
import { beforeEach, describe, expect, test } from "vitest";
import {
  openCapture,
  serverId,
  startedAtMs,
  teamId,
} from "../../test/fixtures/exchanges/exchange-script.ts";
import type { Call } from "../call.ts";
import type { ExchangeWitness } from "../exchange.ts";
import type { CaptureLevel } from "../server.ts";
import type { Capture } from "./capture.ts";
import { levelOf } from "./capture-level.ts";
import { SlabWriter } from "./slab.ts";

const secret = "hunter2-S3CR3T";
const ownKey = `hw_${"a".repeat(49)}`;

let calls: Call[];
let capture: Capture;
let writer: SlabWriter;

beforeEach(() => {
  calls = [];
  capture = openCapture((call) => calls.push(call));
  const clock = { nowMs: () => startedAtMs, monotonicMs: () => 1_000 };
  writer = new SlabWriter((slab) => capture.see(slab), { clock });
  return () => writer[Symbol.dispose]();
});

interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly fields?: readonly string[];
  readonly body?: string;
}

function open(level: CaptureLevel, asked: Asked = {}): ExchangeWitness {
  const { method = "POST", path = "", fields = [], body = request } = asked;
  const rawHeaders = ["content-type", "application/json", ...fields];
  const opening = { serverId, teamId, startedAtMs, method, path, rawHeaders, sourceIp: "::1" };
  const witness = writer.watch({ ...opening, captureLevel: level });
  witness.request(Buffer.from(body));
  witness.requestEnd();
  return witness;
}

const request = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name: "sign-in", arguments: { password: secret, note: "spoken", ownKey } },
});
const answer = (result: object) => JSON.stringify({ jsonrpc: "2.0", id: 1, result });
const done = answer({ content: [{ type: "text", text: `the password is ${secret}, spoken` }] });
const failed = answer({
  isError: true,
  content: [{ type: "text", text: `spoken: password: ${secret} refused` }],
});

function reply(witness: ExchangeWitness, body: string, type = "application/json"): void {
  witness.head(200, ["content-type", type]);
  witness.response(Buffer.from(body));
}

function end(witness: ExchangeWitness): readonly Call[] {
  witness.end({ outcome: "complete", reason: "" });
  writer.flush();
  return calls;
}

function ended(level: CaptureLevel, body: string, asked: Asked = {}): readonly Call[] {
  const witness = open(level, asked);
  reply(witness, body);
  return end(witness);
}

test("off keeps nothing of a call but that there was one", () => {
  expect(ended("off", done)).toEqual([]);
  expect(writer.stats()).toMatchObject({ callsNotCaptured: 1, exchangesSeen: 0, backlogBytes: 0 });
  expect(capture.stats()).toMatchObject({ calls: 0, strayRecords: 0, exchangesOpen: 0 });
});

test("metadata keeps what a call was, and nothing that was said in it", () => {
  const fields = ["authorization", `Bearer ${secret}`, "user-agent", "spoken/1"];
  const [call] = ended("metadata", failed, { path: "/sub?q=spoken", fields });
  expect(call).toMatchObject({
    ...{ method: "tools/call", toolName: "sign-in", rpcId: "1", path: "/sub" },
    ...{ status: "error", errorKind: "tool", errorMessage: "", statusCode: 200 },
    ...{ requestBody: "", responseBody: "", headers: {}, messages: [] },
    ...{ requestBytes: request.length, responseBytes: failed.length },
    ...{ requestTruncated: true, responseTruncated: true },
  });
  expect(JSON.stringify(calls)).not.toMatch(/spoken|S3CR3T/);
});

test("redacted keeps what was said, without its secrets", () => {
  const [call] = ended("redacted", failed, { path: "/sub?q=spoken" });
  expect(call?.requestBody).toContain("spoken");
  expect(call?.errorMessage).toMatch(
    /^spoken: password: \[redacted:password:[0-9a-f]{8}\] refused$/,
  );
  expect(call?.path).toMatch(/^\/sub\?q=\[redacted:value:[0-9a-f]{8}\]$/);
  expect(JSON.stringify(calls)).not.toMatch(/S3CR3T|hw_aaaa/);
});

test("full keeps bodies as they were, but for credentials of our own and those in header fields", () => {
  const fields = [
    "authorization",
    `Bearer ${secret}`,
    "x-api-key",
    secret,
    "cookie",
    `a=${secret}`,
  ];
  const [call] = ended("full", failed, { fields });
  expect(call?.requestBody).toContain(`"password":"${secret}"`);
  expect(call?.responseBody).toBe(failed);
  expect(call?.errorMessage).toBe(`spoken: password: ${secret} refused`);
  expect(call?.requestBody).toMatch(/"ownKey":"\[redacted:hookwatch:[0-9a-f]{8}\]"/);
  expect(JSON.stringify(call?.headers)).not.toContain("S3CR3T");
});

describe("other messages of a stream", () => {
  const event = (message: object) => `data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`;
  const stream = [
    event({ method: "notifications/message", params: { data: `spoken password: ${secret}` } }),
    event({ id: 9, method: "sampling/createMessage", params: { x: `spoken ${ownKey}` } }),
    event({ id: 1, result: { x: "spoken" } }),
  ].join("");
  const streamed = (level: CaptureLevel) => {
    const witness = open(level);
    reply(witness, stream, "text/event-stream");
    end(witness);
    capture.finish("the test is over");
    return JSON.stringify(calls);
  };

  test("are not kept with metadata alone", () => {
    const kept = streamed("metadata");
    expect(calls.map(({ method }) => method).sort()).toEqual([
      "sampling/createMessage",
      "tools/call",
    ]);
    expect(kept).not.toMatch(/spoken|S3CR3T|hw_aaaa/);
    for (const { messages } of calls) expect(messages).toEqual([]);
    expect(capture.stats().transcriptMessagesDropped).toBe(0);
  });

  test("are kept as they were at full, but for credentials of our own", () => {
    const kept = streamed("full");
    expect(kept).toContain(`spoken password: ${secret}`);
    expect(kept).not.toContain("hw_aaaa");
  });
});

test.for([
  { asks: "metadata", brings: "full" },
  { asks: "full", brings: "metadata" },
  { asks: "redacted", brings: "full" },
  { asks: "full", brings: "redacted" },
] as const)(
  "an answer that another exchange brings is kept at the lower level: $asks and $brings",
  ({ asks, brings }) => {
    const session = ["mcp-session-id", "s"];
    const listening = open(brings, { method: "GET", fields: session, body: "" });
    reply(listening, "", "text/event-stream");
    const asking = open(asks, { fields: session });
    asking.head(202, []);
    end(asking);
    listening.response(Buffer.from(`data: ${failed}\n\n`));
    end(listening);
    const call = calls.find(({ method }) => method === "tools/call");
    expect(call).toMatchObject({ status: "error", errorKind: "tool" });
    const brought = `${call?.responseBody} ${call?.errorMessage}`;
    expect(brought).not.toContain("S3CR3T");
    expect(brought.includes("spoken")).toBe(asks === "redacted" || brings === "redacted");
    expect(call?.requestBody === "").toBe(asks === "metadata");
  },
);

test.for([
  ["redacted", ["metadata"], "metadata"],
  ["full", ["OFF"], "off"],
  ["full", [" redacted "], "redacted"],
  ["metadata", ["full"], "metadata"],
  ["off", ["full"], "off"],
  ["redacted", ["none", "", "true"], "redacted"],
  ["full", ["redacted", "metadata", "full"], "metadata"],
  ["full", ["redacted, metadata"], "metadata"],
  ["redacted", [], "redacted"],
] as const)("a client may ask for less than %s and not for more: %s", ([allowed, asked, level]) => {
  const fields = asked.flatMap((word) => ["X-HookWatch-Capture", word]);
  expect(levelOf(allowed, ["accept", "off", ...fields, "x", "off"])).toBe(level);
});

test("what a client asks for holds for its exchange", () => {
  const fields = ["x-hookwatch-capture", "metadata"];
  expect(ended("full", done, { fields })[0]).toMatchObject({ responseBody: "", headers: {} });
  ended("full", done, { fields: ["x-hookwatch-capture", "off"] });
  expect(calls).toHaveLength(1);
  expect(writer.stats().callsNotCaptured).toBe(1);
});
