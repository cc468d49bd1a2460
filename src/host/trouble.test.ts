import { expect, test } from "vitest";
import { troubleOf } from "./trouble.ts";

const calm = { reportedMs: 900, silentMs: 0, oldestMs: 0, lostMs: Number.POSITIVE_INFINITY };

test.for([
  [{}, undefined],
  [{ silentMs: 29_999, oldestMs: 29_999 }, undefined],
  [
    { silentMs: 30_000, oldestMs: 45_500 },
    "the call log has taken nothing for 30 s; the oldest call waits for 45 s",
  ],
  [{ reportedMs: 31_000 }, "the recorder has said nothing for 31 s"],
  [{ lostMs: 9_000 }, "calls are being lost; /metrics says how many and why"],
  [{ lostMs: 10_000 }, undefined],
  // A backlog of an hour that is being worked off is no trouble.
  [{ oldestMs: 3_600_000, silentMs: 20 }, undefined],
] as const)("%o is told as %s", ([ages, trouble]) => {
  expect(troubleOf({ ...calm, ...ages })).toBe(trouble);
});
