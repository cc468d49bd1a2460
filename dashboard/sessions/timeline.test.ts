import { expect, test } from "vitest";
import type { WireCall } from "../../src/api/wire.ts";
import { moved, ticksOf, toTimeline, zoomed } from "./timeline.ts";

const at = (ms: number) => new Date(1_760_000_000_000 + ms).toISOString();
const call = (id: string, startMs: number, durationMs: number, parent: string | null = null) =>
  ({ id, created_at: at(startMs), duration_ms: durationMs, parent_id: parent }) as WireCall;

test("what a server asked stands below the call it asked it in", () => {
  const { bars, lengthMs } = toTimeline([
    call("a", 0, 100),
    call("b", 10, 500),
    call("a1", 20, 30, "a"),
    call("a1x", 25, 5, "a1"),
    call("lost", 40, 5, "gone"),
  ]);
  expect(bars.map(({ call: { id }, depth }) => `${depth}${id}`)).toEqual([
    ...["0a", "1a1", "2a1x", "0b", "0lost"],
  ]);
  expect(lengthMs).toBe(510);
});

test("calls that name each other as parents are shown once each", () => {
  const { bars } = toTimeline([call("a", 0, 1, "b"), call("b", 0, 1, "a"), call("c", 0, 1, "c")]);
  expect(bars.map(({ call: { id } }) => id).sort()).toEqual(["a", "b", "c"]);
});

test("a span comes nearer around its middle and never leaves the whole", () => {
  expect(zoomed({ fromMs: 0, toMs: 1_000 }, 0.5, 1_000)).toEqual({ fromMs: 250, toMs: 750 });
  expect(zoomed({ fromMs: 250, toMs: 750 }, 4, 1_000)).toEqual({ fromMs: 0, toMs: 1_000 });
  expect(moved({ fromMs: 250, toMs: 750 }, 0.5, 1_000)).toEqual({ fromMs: 500, toMs: 1_000 });
  expect(moved({ fromMs: 500, toMs: 1_000 }, 0.5, 1_000)).toEqual({ fromMs: 500, toMs: 1_000 });
});

test.for([
  [{ fromMs: 0, toMs: 1_000 }, [0, 200, 400, 600, 800, 1_000]],
  [{ fromMs: 130, toMs: 160 }, [130, 140, 150, 160]],
  [{ fromMs: 0, toMs: 2 }, [0, 1, 2]],
] as const)("ticks are round: %j", ([span, ticks]) => {
  expect(ticksOf(span, 5)).toEqual(ticks);
});
