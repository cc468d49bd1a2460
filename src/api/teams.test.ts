import { describe, expect, test } from "vitest";
import { engines, fieldError, openRig } from "../../test/api/rig.ts";
import { newId } from "../id.ts";
import type { WireTeam, WireTeamList } from "./wire-teams.ts";

const path = "/v1/teams";
const notFound = {
  error: { code: "resource_not_found", message: "team not found", details: [] },
};

describe.for(engines)("teams on %s", (engine) => {
  test("a user sees each team with the role there, an API key the one it is bound to", async () => {
    await using rig = await openRig(engine);
    const { founder } = rig;
    const member = await rig.addMember("viewer");
    const byToken = await rig.ask<WireTeamList>("GET", path, { key: member.token });
    expect(byToken.body).toMatchObject({
      total: 2,
      data: [
        { role: "owner", is_active: false },
        { id: founder.teamId, role: "viewer", is_active: true, plan: "default" },
      ],
    });
    const byKey = await rig.ask<WireTeamList>("GET", path, { key: member.key });
    expect(byKey.body.data.map(({ id, role }) => ({ id, role }))).toEqual([
      { id: founder.teamId, role: "viewer" },
    ]);
  });

  test("who creates a team owns it, on the default plan, and stays where they were", async () => {
    await using rig = await openRig(engine);
    const key = rig.founder.token;
    const { status, body } = await rig.ask<WireTeam>("POST", path, {
      key,
      body: { name: " New " },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({ name: "New", role: "owner", plan: "default", is_active: false });
    expect((await rig.ask("GET", `${path}/${body.id}`, { key })).body).toEqual(body);
    const [entry] = await rig.registry.audit(body.id, { limit: 9, actions: [] });
    expect(entry).toMatchObject({ action: "team.created", userId: rig.founder.userId, seq: 1 });
  });

  test("an API key creates no team", async () => {
    await using rig = await openRig(engine);
    const answer = await rig.ask("POST", path, { body: { name: "New" } });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "forbidden" } } });
    expect(await rig.registry.teamsOf(rig.founder.userId)).toHaveLength(1);
  });

  test("an admin renames the team, which the audit log tells with both names", async () => {
    await using rig = await openRig(engine);
    const { key } = await rig.addMember("admin");
    const own = `${path}/${rig.founder.teamId}`;
    const { body } = await rig.ask<WireTeam>("PUT", own, { key, body: { name: "Ours now" } });
    expect(body).toMatchObject({ name: "Ours now", role: "admin" });
    expect((await rig.ask("GET", own)).body).toMatchObject({ name: "Ours now", role: "owner" });
    const [entry] = await rig.registry.audit(rig.founder.teamId, { limit: 1, actions: [] });
    expect(entry).toMatchObject({
      action: "team.renamed",
      details: { old_name: "ours", new_name: "Ours now" },
    });
  });

  test("what a role allows is decided by the team in the path, not by the active one", async () => {
    await using rig = await openRig(engine);
    const { userId, token: key } = await rig.addMember("viewer");
    const [home] = await rig.registry.teamsOf(userId);
    const rename = (id: string) => rig.ask("PUT", `${path}/${id}`, { key, body: { name: "x" } });
    expect((await rename(home?.team.id ?? "")).status).toBe(200);
    expect(await rename(rig.founder.teamId)).toMatchObject({
      status: 403,
      body: {
        error: { message: "this needs the scope admin, which the role viewer does not have" },
      },
    });
  });

  test("a key is bound to its team even where its user is in others", async () => {
    await using rig = await openRig(engine);
    const { userId, key } = await rig.addMember("admin");
    const [home] = await rig.registry.teamsOf(userId);
    const answer = await rig.ask("GET", `${path}/${home?.team.id}`, { key });
    expect(answer).toMatchObject({ status: 404, body: notFound });
  });
});

test("who is in a hundred teams creates no more", async () => {
  await using rig = await openRig("memory");
  const key = rig.founder.token;
  const create = () => rig.ask("POST", path, { key, body: { name: "one more" } });
  for (let made = 1; made < 100; made += 1) expect((await create()).status).toBe(201);
  expect(await create()).toMatchObject({
    status: 403,
    body: { error: { code: "plan_limit_reached" } },
  });
});

test.for([
  ["", "must not be empty"],
  ["  ", "must not be empty"],
  ["x".repeat(101), "is 101 characters long, the limit is 100"],
  ["a\u0007b", "must not contain control characters or halves of characters"],
  [7, "must be a string"],
] as const)("a team cannot be named %j", async ([name, message]) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("PUT", `${path}/${rig.founder.teamId}`, { body: { name } });
  expect(answer).toMatchObject({ status: 400, body: fieldError("name", message) });
});

test.for(["id", "plan", "role", "owner_id", "__proto__", "constructor"])(
  "nobody sets the %s of a team with its name",
  async (field) => {
    await using rig = await openRig("memory");
    const body = `{"name":"n","${field}":"${newId()}"}`;
    for (const [method, place] of [
      ["POST", path],
      ["PUT", `${path}/${rig.founder.teamId}`],
    ] as const) {
      const answer = await rig.ask(method, place, { key: rig.founder.token, body });
      expect(answer).toMatchObject({
        status: 400,
        body: fieldError(field, "is unknown, known: name"),
      });
    }
  },
);
