/** What `metrics` promises, beside that its groups agree with every filter (filtering.ts). */
import { describe, expect, test } from "vitest";
import { call, calls, id, startMs, teamId } from "../builders.ts";
import { hourMs, type OpenCallLog } from "./walks.ts";

export function metrics(open: OpenCallLog): void {
  describe("metrics", () => {
    const window = { sinceMs: startMs, untilMs: startMs + hourMs };

    test("every number of calls agrees with count", async () => {
      await using log = await open();
      await log.append([
        ...calls(30, { serverId: id("s1") }),
        call("x", { status: "error", toolName: "t", method: "m", clientName: "" }),
        call("y", { status: "timeout", toolName: "", startedAtMs: startMs + hourMs - 1 }),
        call("before", { startedAtMs: startMs - 1 }),
        call("after", { startedAtMs: startMs + hourMs }),
      ]);
      const metrics = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(metrics.total.totalCalls).toBe(await log.count(teamId, { window }));
      for (const [status, number] of [
        ["success", metrics.total.successCount],
        ["error", metrics.total.errorCount],
        ["timeout", metrics.total.timeoutCount],
      ] as const) {
        expect(number).toBe(await log.count(teamId, { window, statuses: [status] }));
      }
      for (const { name, totalCalls } of metrics.byTool) {
        expect(totalCalls).toBe(await log.count(teamId, { window, toolNames: [name] }));
      }
      for (const { name, totalCalls } of metrics.byMethod) {
        expect(totalCalls).toBe(await log.count(teamId, { window, methods: [name] }));
      }
      for (const { name, totalCalls } of metrics.byServer) {
        expect(totalCalls).toBe(await log.count(teamId, { window, serverIds: [name] }));
      }
      for (const { name, totalCalls } of metrics.byClient) {
        expect(totalCalls).toBe(await log.count(teamId, { window, clientNames: [name] }));
      }
    });

    test("groups are ordered by number of calls, then by name, and no tool is no group", async () => {
      await using log = await open();
      await log.append([
        call("1", { toolName: "b" }),
        call("2", { toolName: "a" }),
        call("3", { toolName: "z" }),
        call("4", { toolName: "z" }),
        call("5", { toolName: "", method: "tools/list", clientName: "" }),
      ]);
      const { byTool, byMethod, byClient } = await log.metrics(teamId, {
        window,
        bucketMs: hourMs,
      });
      expect(byTool.map(({ name }) => name)).toEqual(["z", "a", "b"]);
      expect(byMethod.map(({ name }) => name)).toEqual(["tools/call", "tools/list"]);
      expect(byClient.map(({ name }) => name)).toEqual(["agent", ""]);
    });

    test("at most a thousand groups of a kind are listed, calls without a tool not among the tools", async () => {
      await using log = await open();
      const all = Array.from({ length: 1_100 }, (_, n) => n).flatMap((n) => {
        const changes = { toolName: `tool ${`${n}`.padStart(4, "0")}`, startedAtMs: startMs + n };
        return [call(`${n}`, changes), ...(n < 5 ? [call(`more ${n}`, changes)] : [])];
      });
      const unnamed = calls(7, { toolName: "", method: "ping" }).map((each, n) => ({
        ...each,
        id: id(`unnamed ${n}`),
      }));
      await log.append([...all, ...unnamed]);
      const { total, byTool } = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(total.totalCalls).toBe(1_112);
      expect(byTool).toHaveLength(1_000);
      expect(byTool.map(({ name }) => name)).toEqual(
        Array.from({ length: 1_000 }, (_, n) => `tool ${`${n}`.padStart(4, "0")}`),
      );
    });

    test("equally many calls are ordered by the UTF-16 units of their names", async () => {
      await using log = await open();
      const names = ["\uffff", "😀", "b", "B", "", "é", "a\u0000", "a"];
      await log.append(names.map((clientName, n) => call(`${n}`, { clientName })));
      const { byClient } = await log.metrics(teamId, { window, bucketMs: hourMs });
      const ordered = ["", "B", "a", "a\u0000", "b", "é", "😀", "\uffff"];
      expect(byClient.map(({ name }) => name)).toEqual(ordered);
    });

    test("sums and maxima hold for calls that ran for months, too", async () => {
      await using log = await open();
      const durations = [2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 40, 0];
      await log.append(durations.map((durationMs, n) => call(`${n}`, { durationMs })));
      const { total } = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(total.maxDurationMs).toBe(2 ** 40);
      expect(total.avgDurationMs).toBe(Math.round((3 * 2 ** 32 + 2 ** 40) / 5));
    });

    test("percentiles are within 2 % or 1 ms of the exact ones", async () => {
      await using log = await open();
      const durations = Array.from({ length: 500 }, (_, index) => Math.round(1.03 ** index % 1e6));
      await log.append(calls(500).map((each, i) => ({ ...each, durationMs: durations[i] ?? 0 })));
      const { total } = await log.metrics(teamId, { window, bucketMs: hourMs });
      const sorted = durations.toSorted((a, b) => a - b);
      for (const [fraction, found] of [
        [0.5, total.p50DurationMs],
        [0.95, total.p95DurationMs],
        [0.99, total.p99DurationMs],
      ] as const) {
        const exact = sorted[Math.ceil(fraction * 500) - 1] ?? Number.NaN;
        expect(Math.abs((found ?? Number.NaN) - exact)).toBeLessThanOrEqual(
          Math.max(1, exact * 0.02),
        );
      }
      expect(total.maxDurationMs).toBe(sorted.at(-1));
      const sum = durations.reduce((a, b) => a + b);
      expect(total.avgDurationMs).toBe(Math.round(sum / 500));
    });

    test("the series holds every bucket that overlaps the window, empty ones included", async () => {
      await using log = await open();
      const minute = 60_000;
      const base = Math.floor(startMs / minute) * minute;
      await log.append([
        call("a", { startedAtMs: base + minute }),
        call("b", { startedAtMs: base + 3 * minute - 1, status: "error" }),
      ]);
      const { series } = await log.metrics(teamId, {
        window: { sinceMs: base + 1, untilMs: base + 3 * minute + 1 },
        bucketMs: minute,
      });
      expect(series.map(({ startMs: at }) => at)).toEqual(
        [0, 1, 2, 3].map((index) => base + index * minute),
      );
      expect(series.map(({ totalCalls }) => totalCalls)).toEqual([0, 1, 1, 0]);
      expect(series[2]).toMatchObject({ errorCount: 1, maxDurationMs: 12 });
      expect(series[0]).toMatchObject({ avgDurationMs: null, p50DurationMs: null });
    });

    test("no call makes zeros and nulls", async () => {
      await using log = await open();
      const { total, byTool, byServer } = await log.metrics(teamId, { window, bucketMs: hourMs });
      expect(total).toEqual({
        totalCalls: 0,
        successCount: 0,
        errorCount: 0,
        timeoutCount: 0,
        avgDurationMs: null,
        p50DurationMs: null,
        p95DurationMs: null,
        p99DurationMs: null,
        maxDurationMs: null,
      });
      expect([byTool, byServer]).toEqual([[], []]);
    });

    test("filters narrow the metrics", async () => {
      await using log = await open();
      await log.append([
        call("a", { toolName: "t" }),
        call("b", { toolName: "u" }),
        call("c", { serverId: id("s2"), toolName: "t" }),
      ]);
      const query = { window, bucketMs: hourMs, serverIds: [id("server")], toolNames: ["t"] };
      const { total, byServer } = await log.metrics(teamId, query);
      expect(total.totalCalls).toBe(1);
      expect(byServer.map(({ name }) => name)).toEqual([id("server")]);
    });

    test("a series of too many buckets is refused", async () => {
      await using log = await open();
      const query = { window: { sinceMs: 0, untilMs: startMs }, bucketMs: 1 };
      await expect(log.metrics(teamId, query)).rejects.toMatchObject({ code: "validation_error" });
    });
  });
}
