import { describe, expect, test } from "vitest";
import { callOf, engines, fieldError, now, openRig, type Rig } from "../../test/api/rig.ts";
import { newId } from "../id.ts";
import type { WireCallMetrics } from "./wire.ts";

const path = "/v1/mcp/calls/metrics";
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

async function measure(rig: Rig, query = ""): Promise<WireCallMetrics> {
  const answer = await rig.ask<WireCallMetrics>("GET", `${path}${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

const noDurations = {
  avg_duration_ms: null,
  p50_duration_ms: null,
  p95_duration_ms: null,
  p99_duration_ms: null,
  max_duration_ms: null,
};

describe.for(engines)("metrics on %s", (engine) => {
  test("without calls the counts are 0, and rates and durations are null", async () => {
    await using rig = await openRig(engine);
    const { series, ...rest } = await measure(rig);
    expect(rest).toEqual({
      days: 30,
      from: "2026-10-21T12:34:56.789Z",
      to: "2026-11-20T12:34:56.789Z",
      ...{ total_calls: 0, success_count: 0, error_count: 0, timeout_count: 0 },
      ...{ success_rate: null, error_rate: null, ...noDurations },
      by_status: { success: 0, error: 0, timeout: 0 },
      ...{ by_tool: [], by_method: [], by_server: [], by_client: [] },
    });
    expect(series).toHaveLength(31);
    expect(series[0]).toEqual({
      start: "2026-10-21T00:00:00.000Z",
      ...{ total_calls: 0, success_count: 0, error_count: 0, timeout_count: 0 },
      ...{ p50_duration_ms: null, p95_duration_ms: null, p99_duration_ms: null },
    });
    expect(series.at(-1)?.start).toBe("2026-11-20T00:00:00.000Z");
  });

  test("numbers of a known set of calls are right, in total and in each group", async () => {
    await using rig = await openRig(engine);
    const [north, south] = [await rig.addServer("north"), await rig.addServer("south")];
    await rig.log.append([
      callOf(rig.founder, { serverId: north.id, durationMs: 10, clientName: "Cursor" }),
      callOf(rig.founder, { serverId: north.id, durationMs: 20 }),
      callOf(rig.founder, { serverId: north.id, durationMs: 30, status: "error" }),
      callOf(rig.founder, { serverId: north.id, durationMs: 40, status: "timeout" }),
      callOf(rig.founder, { serverId: south.id, durationMs: 100, toolName: "", method: "ping" }),
    ]);
    const measured = await measure(rig);
    expect(measured).toMatchObject({
      ...{ total_calls: 5, success_count: 3, error_count: 1, timeout_count: 1 },
      ...{ success_rate: 0.6, error_rate: 0.2, avg_duration_ms: 40, max_duration_ms: 100 },
      by_status: { success: 3, error: 1, timeout: 1 },
    });
    // Within 2 % or 1 ms of the third and the fifth of the durations in order.
    expect(Math.abs((measured.p50_duration_ms ?? 0) - 30)).toBeLessThanOrEqual(1);
    expect(Math.abs((measured.p95_duration_ms ?? 0) - 100)).toBeLessThanOrEqual(2);
    expect(Math.abs((measured.p99_duration_ms ?? 0) - 100)).toBeLessThanOrEqual(2);

    const four = { total_calls: 4, success_count: 2, error_count: 1, timeout_count: 1 };
    const rates = { success_rate: 0.5, error_rate: 0.25, avg_duration_ms: 25, max_duration_ms: 40 };
    const one = { total_calls: 1, success_count: 1, success_rate: 1, error_rate: 0 };
    expect(measured.by_tool).toMatchObject([{ tool_name: "forecast", ...four, ...rates }]);
    expect(measured.by_method).toMatchObject([
      { method: "tools/call", ...four },
      { method: "ping", ...one },
    ]);
    expect(measured.by_server).toMatchObject([
      { server_id: north.id, name: "north", ...four },
      { server_id: south.id, name: "south", ...one, avg_duration_ms: 100 },
    ]);
    expect(measured.by_client).toMatchObject([
      { client_name: null, total_calls: 4 },
      { client_name: "Cursor", total_calls: 1 },
    ]);
    expect(measured.series.at(-1)).toMatchObject({
      start: "2026-11-20T00:00:00.000Z",
      ...{ total_calls: 5, success_count: 3, error_count: 1, timeout_count: 1 },
    });
  });

  test.for([
    { query: "?days=3", buckets: 73, widthMs: hourMs },
    { query: "?days=4", buckets: 5, widthMs: dayMs },
    { query: "?days=365", buckets: 366, widthMs: dayMs },
    { query: "?from=2026-11-01&to=2026-11-04", buckets: 72, widthMs: hourMs },
    { query: "?from=2026-11-01&to=2026-11-05", buckets: 4, widthMs: dayMs },
    {
      query: "?from=2026-11-01T05:00:00Z&to=2026-11-01T05:00:00.001Z",
      buckets: 1,
      widthMs: hourMs,
    },
    { query: "?from=2026-11-01&to=2026-11-01", buckets: 0, widthMs: hourMs },
  ])(
    "buckets are hours up to three days, else days: $query",
    async ({ query, buckets, widthMs }) => {
      await using rig = await openRig(engine);
      const { series } = await measure(rig, query);
      expect(series).toHaveLength(buckets);
      const starts = series.map(({ start }) => Date.parse(start));
      expect(starts.every((start) => start % widthMs === 0)).toBe(true);
      expect(
        starts.slice(1).every((start, index) => start - (starts[index] ?? 0) === widthMs),
      ).toBe(true);
    },
  );

  test("the window is half-open, and every number agrees with count over it", async () => {
    await using rig = await openRig(engine);
    const [from, to] = [Date.parse("2026-11-01T00:30:00Z"), Date.parse("2026-11-02T00:30:00Z")];
    const starts = [from - 1, from, to - 1, to];
    await rig.log.append(starts.map((startedAtMs) => callOf(rig.founder, { startedAtMs })));
    const query = "?from=2026-11-01T00:30:00Z&to=2026-11-02T00:30:00Z";
    const measured = await measure(rig, query);
    const { body } = await rig.ask("GET", `/v1/mcp/calls/count${query}`);
    expect(measured.total_calls).toBe(2);
    expect(body).toEqual({ count: 2 });
    expect(measured.series.reduce((sum, bucket) => sum + bucket.total_calls, 0)).toBe(2);
    expect(measured.days).toBe(1);
  });

  test.for([
    { query: "method=ping", found: 1 },
    { query: "method=ping&method=tools/call", found: 3 },
    { query: "tool_name=forecast", found: 1 },
    { query: "tool_name=forecast&tool_name=search", found: 2 },
    { query: "server_id=0192aaaa-0000-7000-8000-00000000000b", found: 1 },
    { query: "server_id=0192aaaa-0000-7000-8000-00000000000c", found: 0 },
    { query: "status=error", found: 1 },
    { query: "exclude_status=error", found: 2 },
    { query: "exclude_method=ping&exclude_tool_name=search", found: 1 },
    { query: "exclude_server_id=0192aaaa-0000-7000-8000-00000000000b", found: 2 },
    { query: "client_name=Cursor", found: 1 },
    { query: "exclude_client_name=", found: 1 },
    { query: "min_duration_ms=500", found: 1 },
    { query: "days=1", found: 2 },
    { query: "days=1&to=2026-11-19T00:00:00Z", found: 1 },
  ])("a filter narrows them: $query", async ({ query, found }) => {
    await using rig = await openRig(engine);
    const serverId = "0192aaaa-0000-7000-8000-00000000000b";
    await rig.log.append([
      callOf(rig.founder, { toolName: "forecast", durationMs: 500, clientName: "Cursor" }),
      callOf(rig.founder, { toolName: "search", serverId, status: "error", errorKind: "tool" }),
      callOf(rig.founder, { toolName: "", method: "ping", startedAtMs: now - 2 * dayMs }),
    ]);
    expect((await measure(rig, `?${query}`)).total_calls).toBe(found);
  });
});

const range = "must be a whole number from 1 to 365, is";

test.for([
  { query: "days=0", field: "days", message: `${range} "0"` },
  { query: "days=366", field: "days", message: `${range} "366"` },
  { query: "days=1.5", field: "days", message: `${range} "1.5"` },
  { query: "days=", field: "days", message: `${range} ""` },
  { query: "days=7&from=2026-11-01", field: "days", message: "cannot be combined with from" },
  {
    query: "from=2025-01-01&to=2026-11-01",
    field: "from",
    message: "is more than 365 days before to, which is the limit",
  },
  { query: "from=2027-01-01", field: "from", message: "must not be greater than to" },
  { query: "server_id=x", field: "server_id", message: 'must be a UUID, is "x"' },
])("metrics refuse ?$query", async ({ query, field, message }) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("GET", `${path}?${query}`);
  expect(answer).toMatchObject({ status: 400, body: fieldError(field, message) });
});

test.for(["limit=5", "q=x", "cursor=x", "bucket_ms=1"])(
  "metrics know no parameter of lists: %s",
  async (query) => {
    await using rig = await openRig("memory");
    const answer = await rig.ask("GET", `${path}?${query}`);
    const field = query.split("=")[0] ?? "";
    expect(answer.status).toBe(400);
    expect(answer.body.error.details).toEqual([
      { field, message: expect.stringMatching(/^is unknown, known: /) },
    ]);
  },
);

test("a group of a server that was deleted meanwhile has no name", async () => {
  await using rig = await openRig("memory");
  await rig.log.append([callOf(rig.founder, { serverId: newId() })]);
  expect((await measure(rig)).by_server).toMatchObject([{ name: "", total_calls: 1 }]);
});
