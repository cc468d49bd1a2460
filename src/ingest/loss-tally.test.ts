import { expect, test } from "vitest";
import { startMs, teamId } from "../../test/store/builders.ts";
import { LossTally } from "./loss-tally.ts";

const minuteMs = 60_000;
const lost = (serverId: string, afterMs = 0) => ({
  teamId,
  serverId,
  startedAtMs: startMs + afterMs,
});

test("losses of one server, kind, reason and minute are one loss that grows", () => {
  const tally = new LossTally();
  tally.add(lost("a", 9_000), "call", "queue_full");
  tally.add(lost("a", 2_000), "call", "queue_full", 2);
  const [first, ...others] = tally.untoldLosses();
  expect(others).toEqual([]);
  const span = { fromMs: startMs + 2_000, untilMs: startMs + 9_000 };
  expect(first).toMatchObject({ serverId: "a", kind: "call", calls: 3, ...span });
  tally.add(lost("a"), "bodies", "queue_full");
  tally.add(lost("a"), "call", "shutdown");
  tally.add(lost("b"), "call", "queue_full");
  tally.add(lost("a", minuteMs), "call", "queue_full");
  expect(tally.untoldLosses()).toHaveLength(5);
});

test("a loss that the log was told of is told again, under its id, when it has grown since", () => {
  const tally = new LossTally();
  tally.add(lost("a"), "call", "queue_full");
  const told = tally.untoldLosses();
  tally.add(lost("a"), "call", "queue_full");
  tally.told(told, startMs);
  expect(tally.untoldLosses()).toEqual([{ ...told[0], calls: 2 }]);
  tally.told(tally.untoldLosses(), startMs);
  expect(tally.untoldLosses()).toEqual([]);
  tally.add(lost("a"), "call", "queue_full");
  expect(tally.untoldLosses()).toEqual([{ ...told[0], calls: 3 }]);
});

test("losses of minutes past are forgotten once told, and not before", () => {
  const tally = new LossTally();
  tally.add(lost("a"), "call", "queue_full");
  const [first] = tally.untoldLosses();
  tally.told([], startMs + 10 * minuteMs);
  expect(tally.untoldLosses()).toEqual([first]);
  tally.told(tally.untoldLosses(), startMs + 10 * minuteMs);
  tally.add(lost("a"), "call", "queue_full");
  expect(tally.untoldLosses()[0]?.id).not.toBe(first?.id);
});

test("beyond the limit minutes of one server are joined, and the rest is counted alone", () => {
  const tally = new LossTally(2);
  tally.add(lost("a"), "call", "queue_full");
  tally.add(lost("b"), "call", "queue_full");
  tally.add(lost("a", 5 * minuteMs), "call", "queue_full");
  tally.add(lost("c"), "call", "queue_full", 4);
  const [a, b, ...others] = tally.untoldLosses();
  expect(a).toMatchObject({ serverId: "a", calls: 2, fromMs: startMs });
  expect(a?.untilMs).toBe(startMs + 5 * minuteMs);
  expect(b).toMatchObject({ serverId: "b", calls: 1 });
  expect(others).toEqual([]);
  expect(tally.untold).toBe(4);
});

test("totals name 50 servers and sum up the others", () => {
  const tally = new LossTally();
  for (let n = 0; n < 60; n += 1) tally.add(lost(`s${n}`), "call", "queue_full");
  tally.add(lost("s0"), "call", "shutdown");
  tally.add(lost("s0"), "bodies", "queue_full");
  expect(tally.byServer).toMatchObject({ s0: 2, s49: 1, other: 10 });
  expect(Object.keys(tally.byServer)).toHaveLength(51);
});
