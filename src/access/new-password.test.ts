import { expect, test } from "vitest";
import { cheap, openAccessRig } from "../../test/access/rig.ts";
import { Passwords } from "./passwords.ts";

test("of two first passwords at once one is set, and the other is refused as not knowing it", async () => {
  await using rig = await openAccessRig();
  const { user, team } = rig.owner;
  const sessions = [await rig.begin(rig.owner, "cookie"), await rig.begin(rig.owner, "cookie")];
  const setting = sessions.map(({ session: { id } }, nth) => {
    const credential = { kind: "cookie", id } as const;
    const who = { userId: user.id, teamId: team.id, role: "owner", sourceIp: "" } as const;
    const caller = { ...who, scopes: new Set<never>(), credential };
    return rig.access.setPassword(caller, undefined, `the password of number ${nth}`);
  });
  const outcomes = await Promise.allSettled(setting);
  const won = outcomes.findIndex(({ status }) => status === "fulfilled");
  expect(outcomes[1 - won]).toMatchObject({
    reason: { code: "validation_error", details: [{ field: "current_password" }] },
  });
  const hash = await rig.registry.passwordHash(user.id);
  const verdict = await new Passwords(cheap).verify(`the password of number ${won}`, hash);
  expect(verdict.matches).toBe(true);
  const left = await rig.registry.sessions(user.id);
  expect(left.map(({ id }) => id)).toEqual([sessions[won]?.session.id]);
});
