import { describe, expect, test } from "vitest";
import { engines, fieldError, now, openRig, type Rig } from "../../test/api/rig.ts";
import { newSecretText } from "../access/secret-text.ts";
import { newId } from "../id.ts";
import type { WireInvitationList, WireMadeInvitation, WireTeam } from "./wire-teams.ts";

const accept = "/v1/invitations/accept";
const dayMs = 86_400_000;

function placeOf({ founder }: Rig, id = ""): string {
  return `/v1/teams/${founder.teamId}/invitations${id && `/${id}`}`;
}

async function invite(
  rig: Rig,
  email: string,
  role = "member",
  key = rig.founder.key,
): Promise<WireMadeInvitation> {
  const asked = { key, body: { email, role } };
  return (await rig.ask<WireMadeInvitation>("POST", placeOf(rig), asked)).body;
}

describe.for(engines)("invitations on %s", (engine) => {
  test("one is shown once, with a link, and lets the user of its address join", async () => {
    await using rig = await openRig(engine);
    const guest = await rig.addStranger();
    const made = await invite(rig, ` ${guest.email.toUpperCase()} `);
    expect(made).toMatchObject({
      ...{ email: guest.email, role: "member", user_id: rig.founder.userId },
      expires_at: new Date(now + dayMs).toISOString(),
      url: `https://hookwatch.example/invitation#token=${made.token}`,
    });
    expect(made.token).toMatch(/^hwi_[0-9A-Za-z]{49}$/);
    const list = await rig.ask<WireInvitationList>("GET", placeOf(rig));
    const { token, url: _, ...shown } = made;
    expect(list.body).toEqual({ data: [shown], total: 1 });

    const asked = { key: guest.token, body: { token } };
    const joined = await rig.ask<WireTeam>("POST", accept, asked);
    expect(joined).toMatchObject({
      status: 200,
      body: { id: rig.founder.teamId, role: "member", is_active: false },
    });
    expect(await rig.registry.roleOf(rig.founder.teamId, guest.userId)).toBe("member");
    expect((await rig.ask("GET", placeOf(rig))).body).toEqual({ data: [], total: 0 });
    const entries = await rig.registry.audit(rig.founder.teamId, { limit: 2, actions: [] });
    expect(entries).toMatchObject([
      { action: "member.joined", userId: guest.userId },
      { action: "invitation.created", userId: rig.founder.userId, subjectId: made.id },
    ]);
    expect(JSON.stringify(entries)).not.toContain(token);
  });

  test("what cannot be accepted is refused in one way: spent, revoked, expired, another's, unknown", async () => {
    let nowMs = now;
    const clock = { nowMs: () => nowMs, monotonicMs: () => 0 };
    await using rig = await openRig(engine, { clock });
    const guest = await rig.addStranger();
    const take = (token: string, key = guest.token) =>
      rig.ask("POST", accept, { key, body: { token } });
    const other = await rig.addStranger();
    const texts = new Set<string>();
    const refused = async (token: string, key?: string) => {
      const { status, text } = await take(token, key);
      expect(status).toBe(404);
      texts.add(text);
    };

    await refused(newSecretText("invitation"));
    const meant = await invite(rig, guest.email);
    await refused(meant.token, other.token);
    const replaced = meant.token;
    const revoked = await invite(rig, guest.email);
    await refused(replaced);
    expect((await rig.ask("DELETE", placeOf(rig, revoked.id))).status).toBe(204);
    await refused(revoked.token);
    const late = await invite(rig, guest.email);
    nowMs = now + dayMs;
    const fresh = await rig.tokenOf(guest.userId, guest.teamId);
    await refused(late.token, fresh);
    nowMs = now + dayMs - 1;
    expect((await take(late.token)).status).toBe(401);
    expect((await take(late.token, fresh)).status).toBe(200);
    await refused(late.token, fresh);
    expect(texts.size).toBe(1);
  });

  test("a key accepts none, and text that can be none is told so", async () => {
    await using rig = await openRig(engine);
    const guest = await rig.addStranger();
    const { token } = await invite(rig, guest.email);
    const byKey = await rig.ask("POST", accept, { key: guest.key, body: { token } });
    expect(byKey.status).toBe(403);
    const asked = { key: guest.token, body: { token: `${token}x` } };
    const message = "is no invitation; was the link copied whole?";
    expect((await rig.ask("POST", accept, asked)).body).toEqual(fieldError("token", message));
  });

  test("nobody invites to a role above their own, nor a member once more", async () => {
    await using rig = await openRig(engine);
    const admin = await rig.addMember("admin");
    const asked = { key: admin.key, body: { email: "new@example.com", role: "owner" } };
    expect(await rig.ask("POST", placeOf(rig), asked)).toMatchObject({
      status: 403,
      body: { error: { message: "this needs the role owner, and yours is admin" } },
    });
    const again = { body: { email: admin.email, role: "viewer" } };
    expect((await rig.ask("POST", placeOf(rig), again)).status).toBe(409);
  });

  test("who is sent away or demoted leaves no invitation behind to come back by", async () => {
    await using rig = await openRig(engine);
    const [first, second] = [await rig.addMember("admin"), await rig.addMember("admin")];
    await invite(rig, "a@example.com", "admin", first.key);
    await invite(rig, "b@example.com", "viewer", second.key);
    const kept = await invite(rig, "c@example.com", "admin");
    const members = `/v1/teams/${rig.founder.teamId}/members`;
    await rig.ask("DELETE", `${members}/${first.userId}`);
    await rig.ask("PUT", `${members}/${second.userId}`, { body: { role: "member" } });
    const { body } = await rig.ask<WireInvitationList>("GET", placeOf(rig));
    expect(body.data.map(({ id }) => id)).toEqual([kept.id]);
  });
});

test("a hundred invitations are the limit, of which expired ones make room", async () => {
  let nowMs = now;
  const clock = { nowMs: () => nowMs, monotonicMs: () => 0 };
  await using rig = await openRig("memory", { clock });
  for (let made = 0; made < 100; made += 1) await invite(rig, `guest${made}@example.com`);
  const asked = { body: { email: "one.more@example.com", role: "viewer" } };
  expect(await rig.ask("POST", placeOf(rig), asked)).toMatchObject({
    status: 403,
    body: { error: { code: "plan_limit_reached" } },
  });
  nowMs += dayMs;
  expect((await rig.ask("POST", placeOf(rig), asked)).status).toBe(201);
  expect(await rig.registry.invitations(rig.founder.teamId)).toHaveLength(1);
});

test.for([
  [{ email: "no address", role: "viewer" }, "email"],
  [{ email: "a@example.com", role: "boss" }, "role"],
  [{ email: "a@example.com", role: "viewer", team_id: newId() }, "team_id"],
  [{ role: "viewer" }, "email"],
] as const)("an invitation is refused with the name of the field: %j", async ([body, field]) => {
  await using rig = await openRig("memory");
  const answer = await rig.ask("POST", placeOf(rig), { body });
  expect(answer.status).toBe(400);
  expect(answer.body.error.details).toMatchObject([{ field }]);
});

test("another team's invitation is not revoked, and looks like none", async () => {
  await using rig = await openRig("memory");
  const stranger = await rig.addStranger();
  const { id } = await invite(rig, "guest@example.com");
  const place = `/v1/teams/${stranger.teamId}/invitations`;
  const foreign = await rig.ask("DELETE", `${place}/${id}`, { key: stranger.key });
  const unknown = await rig.ask("DELETE", `${place}/${newId()}`, { key: stranger.key });
  expect(foreign).toMatchObject({ status: 404, text: unknown.text });
  expect(await rig.registry.invitations(rig.founder.teamId)).toHaveLength(1);
});
