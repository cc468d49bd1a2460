import { describe, expect, test } from "vitest";
import { dayMs, minuteMs, openAccessRig } from "../../test/access/rig.ts";
import { newSecretText } from "./secret-text.ts";
import type { Secured } from "./user-sessions.ts";

const ip = "192.0.2.1";

describe("a session begins", () => {
  test("new each time, for seven days, with a secret that rests as a digest alone", async () => {
    await using rig = await openAccessRig();
    const [one, two] = [await rig.begin(rig.owner, "token"), await rig.begin(rig.owner, "token")];
    expect(one.session.id).not.toBe(two.session.id);
    expect(one.secret).not.toBe(two.secret);
    expect(one.session.expiresAtMs - one.session.createdAtMs).toBe(7 * dayMs);
    expect(JSON.stringify(await rig.registry.sessions(rig.owner.user.id))).not.toContain("hwr_");
  });

  test("in the team worked in last, if the user still is in it, else in the oldest", async () => {
    await using rig = await openAccessRig();
    const ada = await rig.addUser("ada@example.com");
    expect((await rig.begin(ada, "token")).session.teamId).toBe(ada.team.id);
    await rig.join(ada, "member");
    rig.pass(1);
    await rig.begin(ada, "cookie", rig.owner.team.id);
    rig.pass(1);
    expect((await rig.begin(ada, "token")).session.teamId).toBe(rig.owner.team.id);
    const removed = { teamId: rig.owner.team.id, action: "member.removed" } as const;
    const trail = { ...removed, sourceIp: "", subjectId: ada.user.id, details: {}, atMs: 1 };
    await rig.registry.removeMember(rig.owner.team.id, ada.user.id, trail);
    expect((await rig.begin(ada, "token")).session.teamId).toBe(ada.team.id);
  });

  test("and beyond fifty of a user the oldest one ends", async () => {
    await using rig = await openAccessRig();
    const first = await rig.begin(rig.owner, "token");
    for (let at = 0; at < 49; at++) {
      rig.pass(1);
      await rig.begin(rig.owner, "token");
    }
    expect(await rig.registry.findSession(first.session.id)).toBeDefined();
    rig.pass(1);
    await rig.begin(rig.owner, "token");
    expect(await rig.registry.findSession(first.session.id)).toBeUndefined();
    expect(await rig.registry.sessions(rig.owner.user.id)).toHaveLength(50);
  });
});

describe("a refresh token", () => {
  test("goes on to the end of the session, and not beyond", async () => {
    await using rig = await openAccessRig();
    let present: Secured = await rig.begin(rig.owner, "token");
    const refresh = async (): Promise<void> => {
      present = await rig.access.sessions.refresh(present.secret, ip);
    };
    for (let day = 0; day < 6; day++) {
      rig.pass(dayMs);
      await refresh();
      expect(present.session.lastUsedAtMs).toBe(rig.clock.nowMs());
    }
    rig.pass(dayMs - minuteMs);
    await refresh();
    expect((await rig.access.accessToken(present.session)).expiresInS).toBe(60);
    rig.pass(minuteMs);
    await expect(refresh()).rejects.toMatchObject({ code: "invalid_token" });
  });

  test.for([
    ["of another kind", newSecretText("cookie")],
    ["unknown", newSecretText("refresh")],
    ["mistyped", `${newSecretText("refresh").slice(0, -1)}!`],
    ["empty", ""],
  ] as const)("%s refreshes nothing", async ([, text]) => {
    await using rig = await openAccessRig();
    const answer = rig.access.sessions.refresh(text, ip);
    await expect(answer).rejects.toMatchObject({ code: "invalid_token" });
  });

  test("that stands for a cookie's session refreshes nothing", async () => {
    await using rig = await openAccessRig();
    const { secret, session } = await rig.begin(rig.owner, "cookie");
    const answer = rig.access.sessions.refresh(secret, ip);
    await expect(answer).rejects.toMatchObject({ code: "invalid_token" });
    expect(await rig.registry.findSession(session.id)).toBeDefined();
  });

  test("that comes twice ends the session of whoever has the copy, and is told to the team", async () => {
    await using rig = await openAccessRig();
    const first = await rig.begin(rig.owner, "token");
    const next = await rig.access.sessions.refresh(first.secret, ip);
    const thief = rig.access.sessions.refresh(first.secret, "203.0.113.9");
    await expect(thief).rejects.toMatchObject({ code: "invalid_token" });
    const owner = rig.access.sessions.refresh(next.secret, ip);
    await expect(owner).rejects.toMatchObject({ code: "invalid_token" });
    expect((await rig.audited()).at(-1)).toMatchObject({
      action: "session.reuse_detected",
      sourceIp: "203.0.113.9",
      userId: rig.owner.user.id,
      subjectId: first.session.id,
    });
  });

  test("goes on in another team when its user has left the one it was for", async () => {
    await using rig = await openAccessRig();
    const ada = await rig.addUser("ada@example.com");
    await rig.join(ada, "member");
    const { secret } = await rig.begin(ada, "token", rig.owner.team.id);
    const removed = { teamId: rig.owner.team.id, action: "member.removed" } as const;
    const trail = { ...removed, sourceIp: "", subjectId: ada.user.id, details: {}, atMs: 1 };
    await rig.registry.removeMember(rig.owner.team.id, ada.user.id, trail);
    const { session } = await rig.access.sessions.refresh(secret, ip);
    expect(session.teamId).toBe(ada.team.id);
    expect((await rig.registry.findSession(session.id))?.teamId).toBe(ada.team.id);
  });
});
