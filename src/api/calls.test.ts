import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callOf, engines, now, openRig, type Rig } from "../../test/api/rig.ts";
import type { Call } from "../call.ts";
import { newId } from "../id.ts";
import type { WireCall, WireCallCount, WireCallList, WireCallMessages } from "./wire.ts";

const path = "/v1/mcp/calls";
const serverA = "0192aaaa-0000-7000-8000-00000000000a";
const first = "0192bbbb-0000-7000-8000-00000000000b";
const serverB = "0192aaaa-0000-7000-8000-00000000000b";

async function list(rig: Rig, query = ""): Promise<WireCallList> {
  const answer = await rig.ask<WireCallList>("GET", `${path}${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

async function count(rig: Rig, query = ""): Promise<number> {
  const answer = await rig.ask<WireCallCount>("GET", `${path}/count${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.count;
}

describe.for(engines)("calls on %s", (engine) => {
  test("a call comes back with every field", async () => {
    await using rig = await openRig(engine);
    const call = callOf(rig.founder, {
      ...{ kind: "request", direction: "server", method: "sampling/createMessage", toolName: "t" },
      ...{ parentId: newId(), logicalId: newId(), path: "/a?b=[redacted:param:1a2b3c4d]" },
      ...{ resultType: "input_required", headerMismatches: ["mcp-name"], replayOf: newId() },
      ...{ rpcId: '"7"', requestBody: "{}", responseBody: "[]", status: "error", statusCode: 502 },
      ...{ errorMessage: "it broke", errorKind: "jsonrpc", errorCode: -32_000 },
      ...{
        durationMs: 1_234,
        ttfbMs: 0,
        timings: {
          ...{ blockedMs: 0.11, dnsMs: 1.5, connectMs: 2, tlsMs: 30.02, sendMs: 0.04 },
          ...{ waitMs: 1_000.5, receiveMs: null, overheadMs: 0.21 },
        },
        sourceIp: "::1",
        headers: { "user-agent": "curl", __x: "" },
      },
      ...{ sessionId: "0123456789abcdef0123456789abcdef", protocolVersion: "2025-11-25" },
      ...{ clientName: "Cursor", clientVersion: "1.2", requestBytes: 2, responseBytes: 5_000_000 },
      ...{ requestTruncated: false, responseTruncated: true },
      ...{ traceId: "4bf92f3577b34da6a3ce929d0e0e4736", startedAtMs: now - 1 },
      messages: [{ atMs: now, offsetMs: 1, direction: "server", body: '{"method":"x"}' }],
    });
    await rig.log.append([call]);
    const expected: WireCall = {
      id: call.id,
      parent_id: call.parentId,
      logical_id: call.logicalId,
      replay_of: call.replayOf ?? "",
      ...{ path: "/a?b=[redacted:param:1a2b3c4d]", result_type: "input_required" },
      header_mismatches: ["mcp-name"],
      team_id: rig.founder.teamId,
      mcp_server_id: call.serverId,
      ...{ kind: "request", direction: "server", method: "sampling/createMessage", tool_name: "t" },
      ...{
        rpc_id: '"7"',
        request_body: "{}",
        response_body: "[]",
        status: "error",
        status_code: 502,
      },
      ...{ error_message: "it broke", error_kind: "jsonrpc", error_code: -32_000 },
      ...{ duration_ms: 1_234, ttfb_ms: 0, source_ip: "::1" },
      timings: {
        ...{ blocked_ms: 0.11, dns_ms: 1.5, connect_ms: 2, tls_ms: 30.02, send_ms: 0.04 },
        ...{ wait_ms: 1_000.5, receive_ms: null, overhead_ms: 0.21 },
      },
      headers: { "user-agent": "curl", __x: "" },
      ...{ session_id: "0123456789abcdef0123456789abcdef", protocol_version: "2025-11-25" },
      ...{ client_name: "Cursor", client_version: "1.2", request_bytes: 2 },
      ...{ response_bytes: 5_000_000, request_truncated: false, response_truncated: true },
      ...{ request_preview: false, response_preview: false },
      trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
      created_at: "2026-11-20T12:34:56.788Z",
    };
    expect(await rig.ask("GET", `${path}/${call.id}`)).toMatchObject({ status: 200 });
    expect((await rig.ask("GET", `${path}/${call.id}`)).body).toEqual(expected);
    expect((await list(rig)).data).toEqual([expected]);
    const messages = await rig.ask<WireCallMessages>("GET", `${path}/${call.id}/messages`);
    expect(messages.body).toEqual({
      data: [
        {
          at: "2026-11-20T12:34:56.789Z",
          offset_ms: 1,
          direction: "server",
          body: '{"method":"x"}',
        },
      ],
    });
  });

  test("what a call does not know is null, and what is documented as text stays text", async () => {
    await using rig = await openRig(engine);
    const empty = {
      ttfbMs: null,
      toolName: "",
      rpcId: "",
      statusCode: 0,
      responseBody: "",
      resultType: "",
    } as const;
    const call = callOf(rig.founder, { ...empty, headers: {} });
    await rig.log.append([call]);
    expect((await rig.ask("GET", `${path}/${call.id}`)).body).toMatchObject({
      ...{ rpc_id: null, session_id: null, protocol_version: null, client_name: null },
      ...{ client_version: null, trace_id: null, error_code: null, ttfb_ms: null, timings: null },
      ...{ tool_name: "", response_body: "", error_message: "", error_kind: "", status_code: 0 },
      ...{ parent_id: null, logical_id: call.id, replay_of: null, path: "" },
      ...{ result_type: "" },
      ...{ headers: {}, header_mismatches: [] },
    });
  });

  test("a deleted call is gone from list, count, metrics and its own address", async () => {
    await using rig = await openRig(engine);
    const [gone, kept] = [callOf(rig.founder), callOf(rig.founder)];
    await rig.log.append([gone, kept]);
    expect(await rig.ask("DELETE", `${path}/${gone.id}`)).toMatchObject({ status: 204, text: "" });
    expect((await rig.ask("GET", `${path}/${gone.id}`)).status).toBe(404);
    expect((await rig.ask("DELETE", `${path}/${gone.id}`)).status).toBe(404);
    expect((await list(rig)).data.map(({ id }) => id)).toEqual([kept.id]);
    expect(await count(rig)).toBe(1);
    expect((await rig.ask("GET", `${path}/metrics`)).body).toMatchObject({ total_calls: 1 });
  });

  describe("a filter finds what matches, in list and count alike", () => {
    let rig: Rig;
    let calls: Readonly<Record<string, Call>>;
    beforeAll(async () => {
      rig = await openRig(engine);
      calls = fourCalls(rig);
      await rig.log.append(Object.values(calls));
    });
    afterAll(() => rig[Symbol.asyncDispose]());

    test.for([
      ["", "abcd"],
      [`?server_id=${serverA}`, "ab"],
      [`?server_id=${serverA.toUpperCase()}`, "ab"],
      [`?server_id=${serverA}&server_id=${serverB}`, "abcd"],
      [`?server_id=${newId()}`, ""],
      ["?method=tools/call", "abc"],
      ["?method=tools%2Fcall&method=initialize", "abcd"],
      ["?tool_name=forecast", "a"],
      ["?tool_name=", "d"],
      ["?tool_name=Forecast", ""],
      ["?status=success", "ad"],
      ["?status=error&status=timeout", "bc"],
      ["?kind=notification", "d"],
      ["?direction=server", "b"],
      ["?session_id=5e55", "c"],
      [`?parent_id=${first}`, "d"],
      [`?parent_id=${newId()}&parent_id=${first.toUpperCase()}`, "d"],
      [`?logical_id=${first}`, "ac"],
      [`?logical_id=${first}&status=timeout`, "c"],
      [`?logical_id=${newId()}`, ""],
      ["?client_name=Claude%20Code", "b"],
      ["?client_name=", "acd"],
      ["?error_kind=tool", "b"],
      ["?error_kind=tool&error_kind=timeout", "bc"],
      ["?error_kind=", "ad"],
      ["?exclude_error_kind=&exclude_status=timeout", "b"],
      ["?exclude_tool_name=forecast&exclude_tool_name=", "bc"],
      [`?exclude_server_id=${newId()}&status=success`, "ad"],
      ["?min_duration_ms=20", "bcd"],
      ["?min_duration_ms=20&max_duration_ms=20", "b"],
      ["?max_duration_ms=10", "a"],
      ["?from=2026-11-20T12:00:02Z", "cd"],
      ["?to=2026-11-20T12:00:02.000Z", "ab"],
      ["?from=2026-11-20T12:00:01Z&to=2026-11-20T12:00:03Z", "bc"],
      ["?from=2026-11-20T13:00:02%2B01:00", "cd"],
      ["?from=2026-11-20T13:00:02+01:00", "cd"],
      ["?from=2026-11-21", ""],
      ["?from=2026-11-20&to=2026-11-21", "abcd"],
      ["?from=2026-11-20T12:00:01Z&to=2026-11-20T12:00:01Z", ""],
      ["?q=needle", "ac"],
      ["?q=NEEDLE%20other", "c"],
      ["?q=%20", "abcd"],
      ["?q=no-such-word", ""],
      [`?server_id=${serverA}&status=error&method=tools/call&q=words`, "b"],
      [`?server_id=${serverA}&status=timeout`, ""],
      ["?method='%20OR%201=1%20--", ""],
    ] as const)("%s", async ([query, expected]) => {
      const { data } = await list(rig, query);
      const names = data.map(
        ({ id }) => Object.entries(calls).find(([, call]) => call.id === id)?.[0],
      );
      expect(names.toReversed().join("")).toBe(expected);
      expect(await count(rig, query)).toBe(expected.length);
    });
  });

  test("pages by limit and offset meet without gap or overlap, and say whether more follows", async () => {
    await using rig = await openRig(engine);
    const calls = Array.from({ length: 7 }, (_, index) =>
      callOf(rig.founder, { startedAtMs: now - 10_000 + index }),
    );
    await rig.log.append(calls);
    const newestFirst = calls.map(({ id }) => id).toReversed();
    const first = await list(rig, "?limit=3");
    const second = await list(rig, "?limit=3&offset=3");
    const third = await list(rig, "?limit=3&offset=6");
    const beyond = await list(rig, "?limit=3&offset=10000000");
    const pages = [first, second, third, beyond];
    expect(pages.flatMap(({ data }) => data.map(({ id }) => id))).toEqual(newestFirst);
    expect(pages.map(({ has_more }) => has_more)).toEqual([true, true, false, false]);
    expect(pages.map(({ next_cursor }) => next_cursor !== null)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(pages.map(({ limit }) => limit)).toEqual([3, 3, 3, 3]);
    expect(pages.map(({ offset }) => offset)).toEqual([0, 3, 6, 10_000_000]);
  });

  test("without a limit fifty calls are listed, with one up to a thousand", async () => {
    await using rig = await openRig(engine);
    await rig.log.append(Array.from({ length: 1_001 }, () => callOf(rig.founder)));
    const first = await list(rig);
    expect(first).toMatchObject({ limit: 50, offset: 0, has_more: true });
    expect(first.data).toHaveLength(50);
    expect((await list(rig, "?limit=1000")).data).toHaveLength(1_000);
  });

  test("a cursor walk returns what was there at its first page exactly once, under writes", async () => {
    await using rig = await openRig(engine);
    const calls = Array.from({ length: 25 }, (_, index) =>
      callOf(rig.founder, { startedAtMs: now - 50_000 + Math.floor(index / 3) }),
    );
    await rig.log.append(calls);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: WireCallList = await list(rig, `?limit=4${cursor ? `&cursor=${cursor}` : ""}`);
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
      const later = { startedAtMs: now + 1_000 };
      await rig.log.append([callOf(rig.founder), callOf(rig.founder, later)]);
    } while (cursor);
    const there = calls.map(({ id }) => id).toReversed();
    expect(seen.filter((id) => there.includes(id))).toEqual(there);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test.for([
    { why: "ASCII, exactly the limit", body: "a".repeat(16_384), kept: 16_384, preview: false },
    { why: "ASCII, one byte over", body: "a".repeat(16_385), kept: 16_384, preview: true },
    { why: "two bytes each, exactly", body: "é".repeat(8_192), kept: 8_192, preview: false },
    { why: "two bytes each, over", body: "é".repeat(8_193), kept: 8_192, preview: true },
    { why: "three bytes each, over", body: "漢".repeat(6_000), kept: 5_461, preview: true },
    {
      why: "surrogate pairs, over",
      body: `a${"😀".repeat(5_000)}`,
      kept: 1 + 2 * 4_095,
      preview: true,
    },
    { why: "a megabyte", body: "m".repeat(1_048_576), kept: 16_384, preview: true },
  ])("lists cut a body to 16 KiB between two characters: $why", async ({ body, kept, preview }) => {
    await using rig = await openRig(engine);
    const call = callOf(rig.founder, { requestBody: body, responseBody: "short" });
    const mirrored = callOf(rig.founder, { requestBody: "short", responseBody: body });
    await rig.log.append([call, mirrored]);
    const { data } = await list(rig);
    expect(data[1]).toMatchObject({ request_preview: preview, response_preview: false });
    expect(data[1]?.request_body === body.slice(0, kept)).toBe(true);
    expect(data[0]).toMatchObject({ request_preview: false, response_preview: preview });
    expect(data[0]?.response_body === body.slice(0, kept)).toBe(true);
    expect(body.slice(0, kept).isWellFormed()).toBe(true);

    const whole = await rig.ask<WireCall>("GET", `${path}/${call.id}`);
    expect(whole.body).toMatchObject({ request_preview: false, response_preview: false });
    expect(whole.body.request_body === body).toBe(true);
  });
});

test.for(["", "/messages"])("an unknown call%s is 404", async (suffix) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("GET", `${path}/${newId()}${suffix}`);
  expect(answer.status).toBe(404);
  expect(answer.body).toEqual({
    error: { code: "resource_not_found", message: "MCP call not found", details: [] },
  });
});

test.for(["GET", "DELETE"])("%s of an id that is no UUID is 400 that names it", async (method) => {
  await using rig = await openRig("memory");
  for (const id of ["7", "Count", `${newId()}0`, "%00"]) {
    const answer = await rig.ask(method, `${path}/${id}`);
    expect(answer.status).toBe(400);
    expect(answer.body.error.details.map(({ field }) => field)).toEqual(["id"]);
  }
});

function fourCalls({ founder }: Rig): Record<"a" | "b" | "c" | "d", Call> {
  const second = Date.parse("2026-11-20T12:00:00Z");
  return {
    a: callOf(founder, {
      ...{ serverId: serverA, toolName: "forecast", durationMs: 10, startedAtMs: second },
      ...{ id: first, logicalId: first },
      requestBody: '{"find":"needle"}',
    }),
    b: callOf(founder, {
      ...{ serverId: serverA, toolName: "search", status: "error", errorKind: "tool" },
      ...{ direction: "server", clientName: "Claude Code", errorMessage: "two words" },
      ...{ durationMs: 20, startedAtMs: second + 1_000 },
    }),
    c: callOf(founder, {
      ...{ serverId: serverB, toolName: "search", status: "timeout", errorKind: "timeout" },
      ...{ logicalId: first, sessionId: "5e55", durationMs: 30, startedAtMs: second + 2_000 },
      responseBody: '{"Needle":"Other"}',
    }),
    d: callOf(founder, {
      ...{ serverId: serverB, toolName: "", kind: "notification", method: "initialize" },
      ...{ parentId: first, durationMs: 40, startedAtMs: second + 3_000 },
    }),
  };
}
