import { expect, test } from "vitest";
import { dayMs, openAccessRig } from "../../test/access/rig.ts";
import { newId } from "../id.ts";
import { digestOf, newSecretText } from "./secret-text.ts";

const ip = "192.0.2.1";
const ada = {
  email: "ada@example.com",
  password: "correct horse battery",
  teamName: undefined,
  invitation: undefined,
};

async function openInvited() {
  const rig = await openAccessRig();
  const invitation = newSecretText("invitation");
  const { team, user } = rig.owner;
  const trail = { teamId: team.id, sourceIp: "", subjectId: "", details: {}, atMs: 1 };
  const id = newId();
  await rig.registry.addInvitation(
    {
      ...{ id, teamId: team.id, userId: user.id, email: ada.email, role: "member" },
      secretDigest: digestOf(invitation),
      ...{ createdAtMs: rig.clock.nowMs(), expiresAtMs: rig.clock.nowMs() + dayMs },
    },
    { ...trail, action: "invitation.created" },
  );
  const revoke = () =>
    rig.registry.removeInvitation(team.id, id, { ...trail, action: "invitation.revoked" });
  return { rig, invitation, revoke, [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() };
}

test("of many registrations by one invitation exactly one succeeds", async () => {
  await using it = await openInvited();
  const { registration } = it.rig.access;
  const many = Array.from({ length: 20 }, () =>
    registration.register({ ...ada, invitation: it.invitation }, ip),
  );
  const outcomes = await Promise.allSettled(many);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  for (const outcome of outcomes)
    if (outcome.status === "rejected")
      expect(["resource_exists", "forbidden"]).toContain(outcome.reason.code);
  expect(await it.rig.registry.members(it.rig.owner.team.id)).toHaveLength(2);
});

test("an invitation that was revoked lets in nobody", async () => {
  await using it = await openInvited();
  await it.revoke();
  const answer = it.rig.access.registration.register({ ...ada, invitation: it.invitation }, ip);
  await expect(answer).rejects.toMatchObject({ code: "forbidden" });
  expect(await it.rig.registry.findUserByEmail(ada.email)).toBeUndefined();
});

test("what is written down is who joined, by which address and in which role", async () => {
  await using it = await openInvited();
  await it.rig.access.registration.register({ ...ada, invitation: it.invitation }, ip);
  expect((await it.rig.audited()).at(-1)).toMatchObject({
    action: "member.joined",
    sourceIp: ip,
    details: { email: ada.email, role: "member" },
  });
});

test("a network registers a hundred accounts in a quarter of an hour, and no more", async () => {
  await using rig = await openAccessRig({ isSignupOpen: true });
  const register = (n: number) =>
    rig.access.registration.register({ ...ada, email: `u${n}@example.com` }, ip);
  for (let n = 0; n < 100; n++) await register(n);
  await expect(register(100)).rejects.toMatchObject({ code: "rate_limited" });
});
