import { expect, test } from "vitest";
import { engines, now, openRig } from "../../test/api/rig.ts";

test.for(engines)("a team sees what it has used of what, on %s", async (engine) => {
  const plan = { name: "free", serversMax: 3, keysMax: 9, callsPerMonth: 100, retentionDays: 7 };
  await using rig = await openRig(engine, {
    plan,
    usedBy: (teamId) => ({ month: "2026-11", calls: teamId === rig.founder.teamId ? 42 : 0 }),
  });
  await rig.addServer();
  await rig.addKey(rig.founder, { expiresAtMs: now });
  const viewer = await rig.addMember("viewer");
  expect((await rig.ask("GET", "/v1/usage", { key: viewer.token })).body).toEqual({
    ...{ plan: "free", month: "2026-11" },
    servers: { used: 1, limit: 3 },
    api_keys: { used: 2, limit: 9 },
    calls: { used: 42, limit: 100 },
    retention_days: 7,
    api_requests_per_minute: null,
  });
});
