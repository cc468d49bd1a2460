import { describe, expect, test } from "vitest";
import { callOf, engines, now, openRig, type Rig } from "../../test/api/rig.ts";
import { bucketCount, bucketWidthMs } from "./bucket-width.ts";
import type { WireCallHistogram } from "./wire.ts";

const path = "/v1/mcp/calls/histogram";
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const iso = (atMs: number) => new Date(atMs).toISOString();

async function histogram(rig: Rig, query = ""): Promise<WireCallHistogram> {
  const answer = await rig.ask<WireCallHistogram>("GET", `${path}${query}`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}

describe.for(engines)("the histogram on %s", (engine) => {
  test("calls are counted by when they began and how they ended", async () => {
    await using rig = await openRig(engine);
    const at = Date.parse("2026-11-20T08:00:00Z");
    await rig.log.append([
      callOf(rig.founder, { startedAtMs: at }),
      callOf(rig.founder, { startedAtMs: at + 1, status: "error", errorKind: "tool" }),
      callOf(rig.founder, { startedAtMs: at + 2 * hourMs, status: "timeout" }),
      callOf(rig.founder, { startedAtMs: at + 3 * hourMs }),
      callOf(rig.founder, { startedAtMs: at - 1 }),
    ]);
    const window = `from=${iso(at)}&to=${iso(at + 3 * hourMs)}`;
    const none = { success_count: 0, error_count: 0, timeout_count: 0 };
    expect(await histogram(rig, `?${window}&bucket_ms=${hourMs}`)).toEqual({
      ...{ from: iso(at), to: iso(at + 3 * hourMs), bucket_ms: hourMs },
      ...{ total_calls: 3, success_count: 1, error_count: 1, timeout_count: 1 },
      series: [
        { start: iso(at), ...none, total_calls: 2, success_count: 1, error_count: 1 },
        { start: iso(at + hourMs), ...none, total_calls: 0 },
        { start: iso(at + 2 * hourMs), ...none, total_calls: 1, timeout_count: 1 },
      ],
    });
  });

  test("without bounds it is of the last 24 hours, in about sixty round buckets", async () => {
    await using rig = await openRig(engine);
    await rig.log.append([
      callOf(rig.founder, { startedAtMs: now - 1 }),
      callOf(rig.founder, { startedAtMs: now - dayMs }),
      callOf(rig.founder, { startedAtMs: now - dayMs - 1 }),
    ]);
    const answer = await histogram(rig);
    expect(answer).toMatchObject({ from: iso(now - dayMs), to: iso(now), total_calls: 2 });
    expect(answer.bucket_ms).toBe(30 * 60_000);
    expect(answer.series).toHaveLength(49);
    expect(answer.series.at(0)?.start).toBe("2026-11-19T12:30:00.000Z");
  });

  test("every filter of the list narrows it", async () => {
    await using rig = await openRig(engine);
    const calls = ["needle", "needle", "hay"].map((body, n) =>
      callOf(rig.founder, { requestBody: body, toolName: n === 0 ? "a" : "b" }),
    );
    await rig.log.append(calls);
    expect(await histogram(rig, "?q=needle")).toMatchObject({ total_calls: 2 });
    expect(await histogram(rig, "?q=needle&tool_name=b")).toMatchObject({ total_calls: 1 });
  });
});

test.for([
  ["?bucket_ms=1000", "bucket_ms", "makes 86401 buckets, the limit is 1000"],
  ["?bucket_ms=60000&buckets=5", "buckets", "cannot be combined with bucket_ms"],
  ["?buckets=1001", "buckets", 'must be a whole number from 2 to 1000, is "1001"'],
  ["?from=2026-11-20T13:00:00Z", "from", "must not be greater than to"],
] as const)("what makes no histogram is refused by name: %s", async ([query, field, message]) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("GET", `${path}${query}`);
  expect(answer.status).toBe(400);
  expect(answer.body.error.details).toEqual([{ field, message }]);
});

test.for([
  { sinceMs: now - 10_000, untilMs: now, buckets: 60, widthMs: 200 },
  { sinceMs: now - hourMs, untilMs: now, buckets: 60, widthMs: 2 * 60_000 },
  { sinceMs: now - dayMs, untilMs: now, buckets: 24, widthMs: 2 * hourMs },
  { sinceMs: now - 30 * dayMs, untilMs: now, buckets: 60, widthMs: dayMs },
  { sinceMs: 0, untilMs: now, buckets: 2, widthMs: 20_000 * dayMs },
  {
    sinceMs: -62_135_596_800_000,
    untilMs: 253_402_300_799_000,
    buckets: 2,
    widthMs: 5_000_000 * dayMs,
  },
])("the width for $buckets buckets is the smallest round one: $widthMs ms", (each) => {
  const { sinceMs, untilMs, buckets, widthMs } = each;
  expect(bucketWidthMs(sinceMs, untilMs, buckets)).toBe(widthMs);
  expect(bucketCount(sinceMs, untilMs, widthMs)).toBeLessThanOrEqual(buckets);
});

test("a window of no length has no buckets", () => {
  expect(bucketCount(now, now, 1)).toBe(0);
});
