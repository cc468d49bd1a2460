import { expect, test, vi } from "vitest";
import type { Plan } from "../plan.ts";
import { Problem } from "../problem.ts";
import { silentLog } from "../telemetry.ts";
import { Plans } from "./plans.ts";
import { PlanUsage } from "./plans-usage.ts";

const november = Date.parse("2026-11-20T12:00:00Z");
const lastSecond = Date.parse("2026-11-30T23:59:59Z");
const team = { name: "ours", createdAtMs: 1 };

/** A registry of usage that remembers what it was told. */
function registryWith(usage: Record<string, number> = {}) {
  const used = new Map<string, Map<string, number>>([["2026-11", new Map(Object.entries(usage))]]);
  const plans = new Map<string, string>();
  return {
    used,
    plans,
    findTeam: async () => undefined,
    teams: async () => [...plans].map(([id, plan]) => ({ ...team, id, plan })),
    usage: async (month: string) => new Map(used.get(month)),
    addUsage: async (month: string, counts: readonly { teamId: string; calls: number }[]) => {
      const total = used.get(month) ?? new Map<string, number>();
      used.set(month, total);
      for (const { teamId, calls } of counts) total.set(teamId, (total.get(teamId) ?? 0) + calls);
    },
  };
}

function plansOf(callsPerMonth: number, other = 0) {
  const none = { serversMax: 0, keysMax: 0, retentionDays: 0, apiRequestsPerMinute: 0 };
  const first: Plan = { name: "first", ...none, callsPerMonth };
  const second: Plan = { name: "second", ...none, callsPerMonth: other };
  return {
    default: first,
    limitCalls: true,
    of: ({ plan }: { readonly plan: string }) => (plan === "second" ? second : first),
  };
}

async function openUsage(
  registry: ReturnType<typeof registryWith>,
  plans: ReturnType<typeof plansOf>,
  startMs = november,
) {
  const time = { nowMs: startMs };
  const clock = { nowMs: () => time.nowMs };
  const options = { registry, plans, clock, log: silentLog, tickMs: 5 };
  return { time, usage: await PlanUsage.open(options) };
}

test("a team calls as often as its plan says and no more, counted on from an earlier start", async () => {
  const registry = registryWith({ a: 8 });
  const { usage } = await openUsage(registry, plansOf(10));
  await using _ = usage;
  expect(usage.usedBy("a")).toEqual({ month: "2026-11", calls: 8 });
  expect([usage.refusal("a"), usage.refusal("a")]).toEqual([undefined, undefined]);
  expect(usage.refusal("a")).toEqual({
    status: 429,
    retryAfterSeconds: (Date.parse("2026-12-01") - november) / 1_000,
    message: "the plan has room for 10 calls a month, and they are used up",
  });
  expect(usage.usedBy("a").calls).toBe(10);
  expect(usage.refusal("b")).toBeUndefined();
});

test("what is counted is in the registry within a tick, and the rest of it at the end", async () => {
  const registry = registryWith();
  const { usage } = await openUsage(registry, plansOf(0));
  for (let call = 0; call < 3; call += 1) usage.refusal("a");
  await vi.waitFor(() => expect(registry.used.get("2026-11")?.get("a")).toBe(3));
  usage.refusal("a");
  usage.refusal("b");
  await usage[Symbol.asyncDispose]();
  expect(Object.fromEntries(registry.used.get("2026-11") ?? [])).toEqual({ a: 4, b: 1 });
});

test("a registry that is away for a while loses no count and gets none twice", async () => {
  const registry = registryWith();
  const away = vi.spyOn(registry, "addUsage").mockRejectedValue(new Problem("unavailable", "away"));
  const { usage } = await openUsage(registry, plansOf(0));
  usage.refusal("a");
  await vi.waitFor(() => expect(away.mock.calls.length).toBeGreaterThan(2));
  usage.refusal("a");
  away.mockRestore();
  await usage[Symbol.asyncDispose]();
  expect(registry.used.get("2026-11")?.get("a")).toBe(2);
});

test("a month begins at nothing, and what is left of the old one is added to the old one", async () => {
  const registry = registryWith({ a: 9 });
  const { time, usage } = await openUsage(registry, plansOf(10), lastSecond);
  expect(usage.refusal("a")).toBeUndefined();
  expect(usage.refusal("a")).toMatchObject({ retryAfterSeconds: 1 });
  const away = vi.spyOn(registry, "addUsage").mockRejectedValue(new Problem("unavailable", "away"));
  await vi.waitFor(() => expect(away.mock.calls.length).toBeGreaterThan(2));
  time.nowMs += 1_000;
  expect(usage.usedBy("a")).toEqual({ month: "2026-12", calls: 0 });
  away.mockRestore();
  expect(usage.refusal("a")).toBeUndefined();
  await usage[Symbol.asyncDispose]();
  expect(registry.used.get("2026-11")?.get("a")).toBe(10);
  expect(registry.used.get("2026-12")?.get("a")).toBe(1);
});

test("a plan that is changed elsewhere holds after the next tick", async () => {
  const registry = registryWith({ a: 5 });
  const { usage } = await openUsage(registry, plansOf(5, 7));
  await using _ = usage;
  expect(usage.refusal("a")).toBeDefined();
  registry.plans.set("a", "second");
  await vi.waitFor(() => expect(usage.refusal("a")).toBeUndefined());
});

test("a team on a plan that is no longer there is on the default plan", async () => {
  const plans = new Plans(
    { signup: "closed", serversMax: 0, retentionDays: 30, plansFile: "docs/plans.example.json" },
    registryWith(),
  );
  expect(plans.of({ plan: "gone" })).toBe(plans.default);
  expect(plans.of({ plan: "pro" }).serversMax).toBe(25);
  expect((await plans.ofTeam("nobody")).name).toBe("free");
});

test("each team's calls are kept as its plan says, where any plan says so", async () => {
  const registry = registryWith();
  registry.plans.set("a", "pro").set("b", "gone").set("c", "business");
  const plans = new Plans(
    { signup: "closed", serversMax: 0, retentionDays: 0, plansFile: "docs/plans.example.json" },
    registry,
  );
  expect(await plans.retention?.()).toEqual([
    { teamId: "a", retentionDays: 30 },
    { teamId: "b", retentionDays: 3 },
    { teamId: "c", retentionDays: 365 },
  ]);
  expect(
    new Plans({ signup: "closed", serversMax: 0, retentionDays: 0 }, registry).retention,
  ).toBeUndefined();
});

test("without a file there is one plan, with a limit of servers alone", () => {
  const plans = new Plans({ signup: "closed", serversMax: 7, retentionDays: 0 }, registryWith());
  expect(plans.names).toEqual(["default"]);
  expect(plans.limitCalls).toBe(false);
  expect(plans.default).toEqual({
    ...{ name: "default", serversMax: 7, keysMax: 0, callsPerMonth: 0 },
    ...{ retentionDays: 0, apiRequestsPerMinute: 0 },
  });
});

test.for([
  { installation: 30, plan: "free", kept: 3 },
  { installation: 2, plan: "free", kept: 2 },
  { installation: 0, plan: "free", kept: 3 },
  { installation: 30, plan: "unknown", kept: 3 },
])(
  "an installation that keeps calls $installation days keeps those of plan $plan $kept days",
  ({ installation: retentionDays, plan, kept }) => {
    const plans = new Plans(
      { signup: "closed", serversMax: 0, retentionDays, plansFile: "docs/plans.example.json" },
      registryWith(),
    );
    expect(plans.of({ plan }).retentionDays).toBe(kept);
  },
);

test("without plans calls are kept as long as the installation keeps them", () => {
  expect(
    new Plans({ signup: "closed", serversMax: 0, retentionDays: 30 }, registryWith()).default
      .retentionDays,
  ).toBe(30);
});

test("where anyone may sign up each team is held to 600 API requests a minute", () => {
  const plans = new Plans({ signup: "open", serversMax: 0, retentionDays: 0 }, registryWith());
  expect(plans.default.apiRequestsPerMinute).toBe(600);
});
