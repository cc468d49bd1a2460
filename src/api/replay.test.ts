import { describe, expect, test } from "vitest";
import { callOf, openRig } from "../../test/api/rig.ts";
import type { Call } from "../call.ts";
import { newId } from "../id.ts";
import type { AddressedReplay } from "./replay.ts";
import { toReplayRequest } from "./replay-request.ts";
import type { WireServer } from "./wire-servers.ts";

const caller = { teamId: newId() } as Parameters<typeof callOf>[0];
const base = (changes: Partial<Call> = {}) => callOf(caller, changes);
const toolCall = (name: string, more = "") =>
  `{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/call","params":{"name":${JSON.stringify(name)},"arguments":{"a":1}${more}}}`;

describe("the request of a replay", () => {
  test("is the recorded text, to the byte", () => {
    const requestBody = toolCall("t", ',"_meta":{"progressToken":1e400}');
    expect(toReplayRequest(base({ requestBody }), {}).body).toBe(requestBody);
  });

  test("has other arguments and all else as it was", () => {
    const { body } = toReplayRequest(base({ requestBody: toolCall("t", ',"_meta":{"x":1}') }), {
      arguments: { b: 2 },
    });
    expect(JSON.parse(body).params).toEqual({ name: "t", arguments: { b: 2 }, _meta: { x: 1 } });
  });

  test("mirrors a modern message in its fields, encoded where a field cannot hold it", () => {
    const protocolVersion = "2026-07-28";
    const headers = {
      "mcp-param-region": "eu",
      "mcp-param-key": "[redacted:api_key:1a2b3c4d]",
      "x-other": "1",
    };
    const call = base({ protocolVersion, headers, requestBody: toolCall("wörter") });
    expect(toReplayRequest(call, {}).headers).toEqual({
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": protocolVersion,
      "mcp-method": "tools/call",
      "mcp-name": `=?base64?${Buffer.from("wörter").toString("base64")}?=`,
      "mcp-param-region": "eu",
    });
    // The schema that says which arguments are mirrored is not known here.
    const edited = toReplayRequest(call, { arguments: {}, headers: { "mcp-param-region": "us" } });
    expect(edited.headers["mcp-param-region"]).toBe("us");
    expect(toReplayRequest(call, { arguments: {} }).headers).not.toHaveProperty("mcp-param-region");
  });

  test.for([
    ["one of a session", { sessionId: "5e55" }, {}, true],
    ["none without one", {}, {}, false],
    ["none for the handshake itself", { sessionId: "5e55", requestBody: greeting() }, {}, false],
    [
      "none when one is given",
      { sessionId: "5e55" },
      { headers: { "mcp-session-id": "x" } },
      false,
    ],
  ] as const)("needs a session: %s", ([, changes, edits, needed]) => {
    expect(toReplayRequest(base(changes), edits).needsSession).toBe(needed);
  });

  test.for([
    ["a request of the server", { direction: "server" }, {}, /request that the server made/],
    ["no message", { kind: "http" }, {}, /no JSON-RPC message/],
    ["a lost session in its address", { path: "/m?sessionId=[redacted:session]" }, {}, /address/],
    ["a secret in its path", { path: "/m/[redacted:value]/x" }, {}, /address/],
    ["a cut body", { requestTruncated: true }, {}, /request_body: is needed/],
    ["no body", { requestBody: "" }, { arguments: {} }, /request_body: is needed/],
    [
      "placeholders",
      { requestBody: toolCall("[redacted:bearer:1a2b3c4d] [redacted:session]") },
      {},
      /request_body: holds secrets.*\[redacted:bearer:1a2b3c4d\], \[redacted:session\];/,
    ],
    [
      "placeholders in what was edited",
      {},
      { arguments: { key: "[redacted:jwt:1a2b3c4d]" } },
      /arguments: holds secrets/,
    ],
    ["two edits", {}, { arguments: {}, request_body: "{}" }, /arguments: must not be given/],
    ["a batch", {}, { request_body: "[]" }, /one JSON-RPC request/],
    ["an answer", {}, { request_body: '{"id":1,"result":{}}' }, /one JSON-RPC request/],
  ] as const)("is refused for %s", ([, changes, edits, message]) => {
    expect(() => toReplayRequest(base(changes as Partial<Call>), edits)).toThrow(message);
  });
});

describe("POST /v1/mcp/calls/{id}/replay", () => {
  async function open(replay?: (asked: AddressedReplay) => Promise<never>) {
    const asked: AddressedReplay[] = [];
    const ending = Promise.withResolvers<void>();
    const callId = newId();
    const rig = await openRig("memory", {
      replay: async (request) => {
        asked.push(request);
        if (replay) return replay(request);
        return { callId, ended: ending.promise };
      },
    });
    const { body: server } = await rig.ask<WireServer>("POST", "/v1/mcp/servers", {
      body: { name: "s", target_url: "https://example.com/mcp" },
    });
    const call = callOf(rig.founder, { serverId: server.id, requestBody: toolCall("t") });
    await rig.log.append([call]);
    const path = `/v1/mcp/calls/${call.id}/replay`;
    return { rig, server, call, asked, callId, path, end: ending.resolve };
  }

  test("answers 202 with the call it becomes, and tells the audit log", async () => {
    const { rig, server, call, asked, callId, path } = await open();
    await using _ = rig;
    const headers = { Authorization: "Bearer t" };
    const answer = await rig.ask("POST", path, { body: { headers }, from: "192.0.2.7" });
    expect(answer).toMatchObject({
      status: 202,
      body: { call_id: callId, replay_of: call.id, mcp_server_id: server.id },
    });
    expect(asked).toMatchObject([
      {
        ...{ body: call.requestBody, replayOf: call.id, sourceIp: "192.0.2.7" },
        ...{ server: { slug: server.slug }, headers: { authorization: "Bearer t" } },
      },
    ]);
    const audit = await rig.registry.audit(rig.founder.teamId, { limit: 10, actions: [] });
    expect(audit[0]).toMatchObject({ action: "call.replayed", subjectId: call.id });
    expect(JSON.stringify(audit)).not.toContain("Bearer");
  });

  test("has eight at a time under way for a team", async () => {
    const { rig, path, end } = await open();
    await using _ = rig;
    const begin = () => rig.ask("POST", path, { body: {} });
    for (let begun = 0; begun < 8; begun += 1) expect((await begin()).status).toBe(202);
    expect((await begin()).status).toBe(429);
    end();
    expect((await begin()).status).toBe(202);
  });

  test.for([
    [{ is_active: false }, "id: is of a server that is not active; activate it first"],
    [
      { capture_level: "off" },
      'id: is of a server whose capture_level is "off": its calls are not recorded',
    ],
  ] as const)("sends nothing to a server that is %j", async ([changes, message]) => {
    const { rig, server, path, asked } = await open();
    await using _ = rig;
    await rig.ask("PUT", `/v1/mcp/servers/${server.id}`, { body: changes });
    const answer = await rig.ask("POST", path, { body: {} });
    expect([answer.status, answer.body.error.message]).toEqual([400, message]);
    expect(asked).toEqual([]);
  });
});

function greeting(): string {
  return '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}';
}
