import { expect, test } from "vitest";
import { callOf } from "../../test/api/rig.ts";
import type { Call } from "../call.ts";
import { harEntry, harHead, harTail } from "./har.ts";
import { toWireCall } from "./to-wire-call.ts";

const caller = { teamId: "0192aaaa-0000-7000-8000-00000000000t", userId: "u" };

function entry(
  changes: Partial<Call> = {},
  targetUrl: string | undefined = "https://up.example/mcp",
) {
  return JSON.parse(harEntry(toWireCall(callOf(caller, changes)), targetUrl));
}

test("head, entries and tail make a HAR 1.2 that names its creator", () => {
  const one = entry();
  expect(JSON.parse(`${harHead("9.9.9")}${JSON.stringify(one)}${harTail}`).log).toEqual({
    version: "1.2",
    creator: { name: "HookWatch", version: "9.9.9" },
    pages: [],
    entries: [one],
  });
});

/** http://www.softwareishard.com/blog/har-12-spec/: fields that are not optional. */
test("an entry has every field that HAR 1.2 demands, and its times add up", () => {
  const call = { durationMs: 120, ttfbMs: 100, headers: { "content-type": "application/json" } };
  const made = entry(call);
  expect(made).toMatchObject({
    startedDateTime: "2026-11-20T12:33:56.789Z",
    time: 120,
    request: {
      ...{ method: "POST", url: "https://up.example/mcp", httpVersion: "HTTP/1.1", cookies: [] },
      headers: [{ name: "content-type", value: "application/json" }],
      ...{ queryString: [], headersSize: -1, bodySize: 75 },
      postData: { mimeType: "application/json", text: callOf(caller).requestBody },
    },
    response: {
      ...{ status: 200, statusText: "", httpVersion: "HTTP/1.1", cookies: [], headers: [] },
      content: {
        size: 36,
        mimeType: "application/json",
        text: '{"jsonrpc":"2.0","id":1,"result":{}}',
      },
      ...{ redirectURL: "", headersSize: -1, bodySize: 36 },
    },
    cache: {},
    timings: { blocked: -1, dns: -1, connect: -1, send: 0, wait: 100, receive: 20, ssl: -1 },
    comment: "tools/call forecast",
    _call: { method: "tools/call", tool_name: "forecast", status: "success" },
  });
  expect(made.response._error).toBeUndefined();
});

test("measured phases are HAR's: TLS is in connect, too, what was not entered is -1, and the time is their sum", () => {
  const timings = {
    ...{ blockedMs: 0.1, dnsMs: 0.2, connectMs: 1.1, tlsMs: 2.2, sendMs: 0, waitMs: 100.05 },
    ...{ receiveMs: null, overheadMs: 0.15 },
  };
  expect(entry({ durationMs: 104, timings })).toMatchObject({
    time: 103.65,
    timings: { blocked: 0.1, dns: 0.2, connect: 3.3, ssl: 2.2, send: 0, wait: 100.05, receive: 0 },
    _call: { duration_ms: 104, timings: { overhead_ms: 0.15, receive_ms: null } },
  });
  const reused = { ...timings, dnsMs: null, connectMs: null, tlsMs: null };
  expect(entry({ timings: reused }).timings).toMatchObject({ dns: -1, connect: -1, ssl: -1 });
});

test("a call without an answer says why in place of a status", () => {
  const made = entry({
    statusCode: 0,
    errorMessage: "connection refused",
    ttfbMs: null,
    responseBody: "",
  });
  expect(made.response).toMatchObject({
    status: 0,
    _error: "connection refused",
    content: { text: "", mimeType: "text/plain" },
  });
  expect(made.timings).toMatchObject({ wait: 12, receive: 0 });
});

test("what is no JSON-RPC keeps its method, and who asked is told when it was the server", () => {
  expect(entry({ kind: "http", method: "GET", requestBody: "" }).request).toMatchObject({
    method: "GET",
  });
  expect(entry({ kind: "http", method: "GET", requestBody: "" }).request).not.toHaveProperty(
    "postData",
  );
  expect(
    entry({ direction: "server", method: "sampling/createMessage", toolName: "" }).comment,
  ).toBe("sampling/createMessage (asked by the server)");
});

test.for([
  ["https://up.example/mcp", "", "https://up.example/mcp"],
  ["https://up.example/mcp", "/a/b?x=[redacted]", "https://up.example/mcp/a/b?x=%5Bredacted%5D"],
  ["https://up.example/mcp?key=secret&key=two", "?x=1", "https://up.example/mcp?key=&x=1"],
  ["https://up.example/", "/sse", "https://up.example/sse"],
] as const)(
  "the address is the server's own, its secrets left out: %s and %j",
  ([target, path, url]) => {
    expect(entry({ path }, target).request.url).toBe(url);
  },
);

test("a server that nobody knows any more still has an address", () => {
  const made = JSON.parse(harEntry(toWireCall(callOf(caller)), undefined));
  expect(made.request.url).toBe(`https://${callOf(caller).serverId}.invalid/`);
});

test("hostile text is text, half characters included", () => {
  const body = '<script>\u0000\ud800 \u2028"]}}\n';
  const made = entry({ requestBody: body, responseBody: body, errorMessage: body, path: body });
  expect(made.request.postData.text).toBe(body);
  expect(made.response.content.text).toBe(body);
});
