import { expect, test } from "vitest";
import { phasesOf } from "./phases.ts";

const shown = (call: Parameters<typeof phasesOf>[0]) =>
  phasesOf(call).map(({ name, fromMs, toMs }) => [name, fromMs, toMs]);

test("each phase that was entered follows the one before; what was not entered is not there", () => {
  const timings = {
    ...{ blocked_ms: 0.5, dns_ms: null, connect_ms: 1.5, tls_ms: null, send_ms: 0 },
    ...{ wait_ms: 98, receive_ms: 20, overhead_ms: 0.3 },
  };
  expect(shown({ timings, ttfb_ms: 100, duration_ms: 120 })).toEqual([
    ["Before the server", 0, 0.5],
    ["Connecting", 0.5, 2],
    ["Sending the request", 2, 2],
    ["Waiting for the answer", 2, 100],
    ["Receiving it", 100, 120],
  ]);
});

test("a call that was not measured shows no more than its first byte tells", () => {
  expect(shown({ timings: null, ttfb_ms: 100, duration_ms: 120 })).toEqual([
    ["Until the answer", 0, 100],
    ["Receiving it", 100, 120],
  ]);
  expect(shown({ timings: null, ttfb_ms: null, duration_ms: 120 })).toEqual([
    ["Until the answer", 0, 120],
  ]);
});
