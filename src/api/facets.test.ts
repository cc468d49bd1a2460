import { describe, expect, test } from "vitest";
import { callOf, engines, fieldError, now, openRig } from "../../test/api/rig.ts";
import type { WireCallCount, WireCallFacets } from "./wire.ts";

const path = "/v1/mcp/calls/facets";
const other = "0192aaaa-0000-7000-8000-000000000002";

describe.for(engines)("facets on %s", (engine) => {
  test("each field's values come most frequent first, as many as asked for", async () => {
    await using rig = await openRig(engine);
    const tools = ["b", "c", "a", "a", "c", "d", "a"];
    await rig.log.append(tools.map((toolName) => callOf(rig.founder, { toolName })));
    const answer = await rig.ask<WireCallFacets>("GET", `${path}?field=tool_name&limit=3`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual({
      data: [
        {
          field: "tool_name",
          values: [
            { value: "a", count: 3 },
            { value: "c", count: 2 },
            { value: "b", count: 1 },
          ],
        },
      ],
    });
  });

  test("fields come in the order asked for, each once, under the names of their filters", async () => {
    await using rig = await openRig(engine);
    await rig.log.append([callOf(rig.founder, { status: "error", errorKind: "tool" })]);
    const asked = "?field=status&field=server_id&field=error_kind&field=status";
    const { body } = await rig.ask<WireCallFacets>("GET", `${path}${asked}`);
    expect(body.data).toEqual([
      { field: "status", values: [{ value: "error", count: 1 }] },
      { field: "server_id", values: [{ value: callOf(rig.founder).serverId, count: 1 }] },
      { field: "error_kind", values: [{ value: "tool", count: 1 }] },
    ]);
  });

  test("without a field all are told but sessions", async () => {
    await using rig = await openRig(engine);
    const { body } = await rig.ask<WireCallFacets>("GET", path);
    expect(body.data.map(({ field }) => field)).toEqual(
      "server_id method tool_name status kind direction client_name error_kind".split(" "),
    );
  });

  test("every filter of the list narrows them, and each value counts as its filter does", async () => {
    await using rig = await openRig(engine);
    await rig.log.append([
      callOf(rig.founder, { clientName: "Cursor", requestBody: "needle here" }),
      callOf(rig.founder, { clientName: "Cursor", requestBody: "needle", serverId: other }),
      callOf(rig.founder, { clientName: "", requestBody: "needle" }),
      callOf(rig.founder, { clientName: "Claude", requestBody: "hay" }),
      callOf(rig.founder, { startedAtMs: now - 86_400_000, requestBody: "needle" }),
    ]);
    const filter = `q=needle&from=${new Date(now - 3_600_000).toISOString()}`;
    const { body } = await rig.ask<WireCallFacets>("GET", `${path}?field=client_name&${filter}`);
    expect(body.data[0]?.values).toEqual([
      { value: "Cursor", count: 2 },
      { value: "", count: 1 },
    ]);
    for (const { value, count } of body.data[0]?.values ?? []) {
      const same = `/v1/mcp/calls/count?client_name=${value}&${filter}`;
      expect((await rig.ask<WireCallCount>("GET", same)).body).toEqual({ count });
    }
  });

  test("another team's calls are in nobody else's facets", async () => {
    await using rig = await openRig(engine);
    await rig.log.append([callOf({ ...rig.founder, teamId: other })]);
    const { body } = await rig.ask<WireCallFacets>("GET", `${path}?field=method`);
    expect(body.data).toEqual([{ field: "method", values: [] }]);
  });
});

test.for([
  ["?field=headers", "field", /^must be one of server_id, method, .*, is "headers"$/],
  ["?limit=0", "limit", /from 1 to 1000, is "0"/],
  ["?limit=1001", "limit", /from 1 to 1000, is "1001"/],
  ["?offset=1", "offset", /^is unknown/],
  ["?from=2026-11-20&to=2026-11-19", "from", /must not be greater than to/],
] as const)("what is no facet is refused by name: %s", async ([query, field, message]) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("GET", `${path}${query}`);
  expect(answer.status).toBe(400);
  expect(answer.body.error.details).toEqual([{ field, message: expect.stringMatching(message) }]);
  expect(fieldError("x", "y").error.code).toBe(answer.body.error.code);
});
