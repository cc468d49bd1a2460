import { describe, expect, test } from "vitest";
import { engines, fieldError, openRig } from "../../test/api/rig.ts";
import { newId } from "../id.ts";
import type { Role } from "../team.ts";
import type { WireMemberList } from "./wire-teams.ts";

function placeOf({ teamId }: { readonly teamId: string }, userId = ""): string {
  return `/v1/teams/${teamId}/members${userId && `/${userId}`}`;
}

describe.for(engines)("members on %s", (engine) => {
  test("are listed with address and role, oldest first, to whoever is one", async () => {
    await using rig = await openRig(engine);
    const viewer = await rig.addMember("viewer");
    const { body } = await rig.ask<WireMemberList>("GET", placeOf(viewer), { key: viewer.token });
    expect(body).toMatchObject({
      total: 2,
      data: [
        { user_id: rig.founder.userId, email: "owner@example.com", role: "owner" },
        { user_id: viewer.userId, email: viewer.email, role: "viewer" },
      ],
    });
  });

  test("are shown to no API key without the scope admin", async () => {
    await using rig = await openRig(engine);
    const { key } = await rig.addKey(rig.founder, { scopes: ["calls:read", "keys:manage"] });
    const answer = await rig.ask("GET", placeOf(rig.founder), { key });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: "forbidden" } } });
    expect(answer.text).toContain("this needs the scope admin, which this API key");
  });

  test("get the role that an admin gives them, told with the old one in the audit log", async () => {
    await using rig = await openRig(engine);
    const admin = await rig.addMember("admin");
    const { userId } = await rig.addMember("viewer");
    const asked = { key: admin.key, body: { role: "admin" } };
    const { body } = await rig.ask("PUT", placeOf(admin, userId), asked);
    expect(body).toMatchObject({ user_id: userId, role: "admin" });
    expect(await rig.registry.roleOf(admin.teamId, userId)).toBe("admin");
    const [entry] = await rig.registry.audit(admin.teamId, { limit: 1, actions: [] });
    expect(entry).toMatchObject({
      ...{ action: "member.role_changed", userId: admin.userId, credentialId: admin.keyId },
      ...{ subjectId: userId, details: { old_role: "viewer", new_role: "admin" } },
    });
  });

  test("lose what the new role does not allow with the next request", async () => {
    await using rig = await openRig(engine);
    const admin = await rig.addMember("admin");
    expect((await rig.ask("GET", "/v1/audit", { key: admin.key })).status).toBe(200);
    await rig.ask("PUT", placeOf(admin, admin.userId), { body: { role: "viewer" } });
    expect((await rig.ask("GET", "/v1/audit", { key: admin.key })).status).toBe(403);
    expect((await rig.ask("GET", "/v1/audit", { key: admin.token })).status).toBe(403);
  });

  test("who is removed is out at once, with key and token, and the audit log says who it was", async () => {
    await using rig = await openRig(engine);
    const member = await rig.addMember("member");
    expect((await rig.ask("DELETE", placeOf(member, member.userId))).status).toBe(204);
    for (const key of [member.key, member.token]) {
      expect((await rig.ask("GET", "/v1/mcp/servers", { key })).status).toBe(401);
    }
    const [entry] = await rig.registry.audit(member.teamId, { limit: 1, actions: [] });
    expect(entry).toMatchObject({
      action: "member.removed",
      details: { email: member.email, role: "member" },
    });
  });

  test("anybody may leave, but nobody else", async () => {
    await using rig = await openRig(engine);
    const [viewer, other] = [await rig.addMember("viewer"), await rig.addMember("viewer")];
    const asked = { key: viewer.token };
    expect((await rig.ask("DELETE", placeOf(viewer, other.userId), asked)).status).toBe(403);
    expect((await rig.ask("DELETE", placeOf(viewer, viewer.userId), asked)).status).toBe(204);
    expect(await rig.registry.roleOf(viewer.teamId, viewer.userId)).toBeUndefined();
    expect(await rig.registry.roleOf(viewer.teamId, other.userId)).toBe("viewer");
  });

  test("the last owner neither leaves nor gives up that role", async () => {
    await using rig = await openRig(engine);
    const own = placeOf(rig.founder, rig.founder.userId);
    for (const answer of [
      await rig.ask("DELETE", own),
      await rig.ask("PUT", own, { body: { role: "admin" } }),
    ]) {
      expect(answer).toMatchObject({ status: 403, body: { error: { code: "forbidden" } } });
    }
    expect(await rig.registry.roleOf(rig.founder.teamId, rig.founder.userId)).toBe("owner");
  });
});

const admin: Role = "admin";
test.for([
  { as: admin, whose: "viewer", to: "owner" },
  { as: admin, whose: "owner", to: "admin" },
  { as: admin, whose: "owner", to: "owner" },
] as const)("an $as does not make a $whose an $to", async ({ as, whose, to }) => {
  await using rig = await openRig("memory");
  const [actor, target] = [await rig.addMember(as), await rig.addMember(whose)];
  const asked = { key: actor.token, body: { role: to } };
  const answer = await rig.ask("PUT", placeOf(actor, target.userId), asked);
  expect(answer).toMatchObject({
    status: 403,
    body: { error: { message: "this needs the role owner, and yours is admin" } },
  });
  expect(await rig.registry.roleOf(actor.teamId, target.userId)).toBe(whose);
});

test("an admin does not remove an owner", async () => {
  await using rig = await openRig("memory");
  const [actor, owner] = [await rig.addMember("admin"), await rig.addMember("owner")];
  const answer = await rig.ask("DELETE", placeOf(actor, owner.userId), { key: actor.token });
  expect(answer.status).toBe(403);
  expect(await rig.registry.roleOf(actor.teamId, owner.userId)).toBe("owner");
});

test("an owner makes another, and may go then", async () => {
  await using rig = await openRig("memory");
  const next = await rig.addMember("member");
  await rig.ask("PUT", placeOf(next, next.userId), { body: { role: "owner" } });
  expect((await rig.ask("DELETE", placeOf(next, rig.founder.userId))).status).toBe(204);
  expect(await rig.registry.members(next.teamId)).toMatchObject([{ userId: next.userId }]);
});

test.for(["PUT", "DELETE"])("%s of a stranger and of nobody are the same: 404", async (method) => {
  await using rig = await openRig("memory");
  const stranger = await rig.addStranger();
  const body = method === "PUT" ? { body: { role: "viewer" } } : {};
  const answers = [stranger.userId, newId()].map((id) =>
    rig.ask(method, placeOf(rig.founder, id), body),
  );
  const [foreign, unknown] = await Promise.all(answers);
  expect(foreign).toMatchObject({ status: 404, text: unknown?.text });
});

test("a role that there is not is refused by name, and each malformed id by its own", async () => {
  await using rig = await openRig("memory");
  const { founder } = rig;
  const wrong = await rig.ask("PUT", placeOf(founder, founder.userId), { body: { role: "root" } });
  expect(wrong.status).toBe(400);
  expect(wrong.body.error.details).toMatchObject([{ field: "role" }]);
  const bad = await rig.ask("DELETE", placeOf(founder, "x"));
  expect(bad.body).toEqual(fieldError("user_id", 'must be a UUID, is "x"'));
  const team = await rig.ask("DELETE", placeOf({ teamId: "y" }, founder.userId));
  expect(team.body).toEqual(fieldError("id", 'must be a UUID, is "y"'));
});

/** A body of which nothing comes, from when it is read on, until something else was done. */
function after(done: () => Promise<unknown>, body: object) {
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
    await done();
    controller.enqueue(Buffer.from(JSON.stringify(body)));
    controller.close();
  };
  return new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 });
}

test.for(["viewer", "removed"] as const)(
  "who is %s while a request comes in changes nobody with it, and invites nobody",
  async (next) => {
    await using rig = await openRig("memory");
    const { founder, registry } = rig;
    const target = await rig.addMember("viewer");
    const requests = [
      { method: "PUT", path: placeOf(founder, target.userId), body: { role: "admin" } },
      {
        method: "POST",
        path: `/v1/teams/${founder.teamId}/invitations`,
        body: { email: "back@example.com", role: "admin" },
      },
    ];
    for (const { method, path, body } of requests) {
      const admin = await rig.addMember("admin");
      const own = placeOf(founder, admin.userId);
      const demote = () =>
        next === "removed"
          ? rig.ask("DELETE", own)
          : rig.ask("PUT", own, { body: { role: "viewer" } });
      const answer = await rig.app.request(path, {
        method,
        headers: { authorization: `Bearer ${admin.token}` },
        body: after(demote, body),
        duplex: "half",
      } as RequestInit);
      expect([401, 403, 404]).toContain(answer.status);
    }
    expect(await registry.roleOf(founder.teamId, target.userId)).toBe("viewer");
    expect(await registry.invitations(founder.teamId)).toEqual([]);
  },
);
