/** What was called off, and what was only listened to, is in the log for what it was. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { McpEndpoint } from "../../demo/mcp-endpoint.ts";
import type { CallRow } from "./api.ts";
import { connect } from "./clients.ts";
import { startEverythingServer } from "./everything-server.ts";
import { rigForFile } from "./rig.ts";
import { Signals } from "./signals.ts";
import { startUpstream } from "./upstream.ts";
import { upstreamWords } from "./vocabulary.ts";

const rig = rigForFile();
const signals = new Signals();
const words = upstreamWords(signals);
let upstream: McpEndpoint;

beforeAll(async () => {
  upstream = await startUpstream(signals);
});
afterAll(() => upstream[Symbol.asyncDispose]());

const told = ({ kind, direction, method }: CallRow) => `${kind} ${direction} ${method}`;
const ofMethod = (calls: readonly CallRow[], method: string) =>
  calls.filter((call) => call.method === method);

test.for(["v1", "v2 legacy"] as const)(
  "a %s client's call ends when it is taken back, though its stream stays open",
  async (kind) => {
    const { server, url } = await rig().register(upstream.url);
    await using client = await connect(kind, url);
    const leave = new AbortController();
    const options = { signal: leave.signal };
    const pending = client.callTool(...words.slow(`open ${kind}`), options).catch(() => "left");
    await signals.wait(`started open ${kind}`);
    leave.abort("changed my mind");
    await pending;

    // An answer that is under way is waited for, but not until the client is gone.
    const has = (calls: readonly CallRow[]) => ofMethod(calls, "tools/call").length === 1;
    const calls = await rig().untilCalls({ server_id: server.id }, has, 5_000);
    const [call] = ofMethod(calls, "tools/call");
    const [notice] = ofMethod(calls, "notifications/cancelled");
    expect(call).toMatchObject({
      tool_name: "slow",
      status: "error",
      error_kind: "cancelled",
      error_message: "changed my mind",
      response_body: "",
    });
    expect(call?.duration_ms).toBeLessThan(1_500);
    expect(notice).toMatchObject({ kind: "notification", status: "success", status_code: 202 });
    expect(ofMethod(calls, "GET")).toEqual([]);
  },
);

test("a modern client takes a call back by leaving it", async () => {
  const { server, url } = await rig().register(upstream.url);
  await using client = await connect("v2 modern", url);
  const leave = new AbortController();
  const options = { signal: leave.signal };
  const pending = client.callTool(...words.slow("modern"), options).catch(() => "left");
  await signals.wait("started modern");
  leave.abort();
  await pending;
  await signals.wait("cancelled modern", 1_000);
  const filter = { server_id: server.id, method: "tools/call" };
  const [call] = await rig().untilCalls(filter, (all) => all.length === 1);
  expect(call).toMatchObject({ status: "error", error_kind: "cancelled", tool_name: "slow" });
});

test("a subscription of 2026-07-28 is one call with all it carried as its transcript", async () => {
  const { server, url } = await rig().register(upstream.url);
  {
    await using client = await connect("v2 modern", url);
    await client.listen();
    await client.callTool("announce", {});
    await client.hear(1);
  }
  const filter = { server_id: server.id, method: "subscriptions/listen" };
  const [call] = await rig().untilCalls(filter, (all) => all.length === 1);
  expect(call).toMatchObject({ kind: "request", rpc_id: '"listen:0"', status_code: 200 });
  // Its client has heard enough: no answer was to come.
  expect(call).toMatchObject({ status: "success", error_kind: "", response_body: "" });
  const messages = await rig().api.messages(call?.id ?? "");
  expect(messages.map(({ body }) => JSON.parse(body).method)).toEqual([
    "notifications/subscriptions/acknowledged",
    "notifications/tools/list_changed",
  ]);
});

test("what a server asks on a GET stream is a call of its own, answered in another exchange", async () => {
  await using everything = await startEverythingServer();
  const { server, url } = await rig().register(everything.url);
  await using client = await connect("v2 legacy", url, { roots: true });
  await client.hear(2);
  const asked = { server_id: server.id, method: "roots/list" };
  const [call] = await rig().untilCalls(asked, (all) => all.length === 1);
  const answer = client.wire.exchanges.find(({ requestBody }) => requestBody.includes('"roots":['));
  expect(call).toMatchObject({
    kind: "request",
    direction: "server",
    status: "success",
    status_code: 202,
    client_name: "e2e-agent",
  });
  expect(answer?.method).toBe("POST");
  expect(call?.response_body).toBe(answer?.requestBody);
  const [initialize] = await rig().api.calls({ server_id: server.id, method: "initialize" });
  expect(call?.session_id).toBe(initialize?.session_id);
  const calls = await rig().api.calls({ server_id: server.id });
  expect(calls.map(told)).toContain("notification server notifications/message");
});
