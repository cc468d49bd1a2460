import { describe, expect, test } from "vitest";
import { engines, now, openRig } from "../../test/api/rig.ts";
import type { Loss } from "../loss.ts";
import type { WireCallLosses } from "./wire.ts";

const path = "/v1/mcp/calls/losses";
const serverId = "0192aaaa-0000-7000-8000-000000000001";
const elsewhere = "0192aaaa-0000-7000-8000-000000000002";

describe.for(engines)("losses on %s", (engine) => {
  test("what the log has lost is told newest first, of the caller's team alone", async () => {
    await using rig = await openRig(engine);
    const { teamId } = rig.founder;
    const loss = (n: number, changes: Partial<Loss> = {}): Loss => ({
      ...{ id: `0192bbbb-0000-7000-8000-00000000000${n}`, teamId, serverId },
      ...{ kind: "call", reason: "queue_full", calls: n },
      ...{ fromMs: now - 10_000 + n, untilMs: now - 5_000 },
      ...changes,
    });
    const bodies = { kind: "bodies", serverId: elsewhere } as const;
    await rig.log.addLosses([loss(1), loss(2, bodies), loss(3, { teamId: elsewhere })]);
    const answer = await rig.ask<WireCallLosses>("GET", path);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.body).toEqual({
      data: [
        {
          ...{ id: loss(2).id, team_id: teamId, mcp_server_id: elsewhere, kind: "bodies" },
          ...{ reason: "queue_full", count: 2 },
          ...{ first_at: "2026-11-20T12:34:46.791Z", last_at: "2026-11-20T12:34:51.789Z" },
        },
        {
          ...{ id: loss(1).id, team_id: teamId, mcp_server_id: serverId, kind: "call" },
          ...{ reason: "queue_full", count: 1 },
          ...{ first_at: "2026-11-20T12:34:46.790Z", last_at: "2026-11-20T12:34:51.789Z" },
        },
      ],
      limit: 100,
    });
    const ids = async (query: string) =>
      (await rig.ask<WireCallLosses>("GET", `${path}${query}`)).body.data.map(({ id }) => id);
    expect(await ids(`?server_id=${serverId}`)).toEqual([loss(1).id]);
    expect(await ids("?limit=1")).toEqual([loss(2).id]);
    expect(await ids("?from=2026-11-20T12:34:51.790Z")).toEqual([]);
    expect(await ids("?to=2026-11-20T12:34:46.791Z")).toEqual([loss(1).id]);
  });
});

test.for([
  ["?limit=1001", "limit"],
  ["?method=x", "method"],
  ["?from=2026-11-21&to=2026-11-20", "from"],
  ["?server_id=7", "server_id"],
])("what is no question about losses is refused by name: %s", async ([query, field]) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("GET", `${path}${query}`);
  expect(answer.status).toBe(400);
  expect(answer.body.error.details.map((each) => each.field)).toEqual([field]);
});
