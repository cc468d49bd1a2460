/** What the registry promises of invitations. */
import { describe, expect, test } from "vitest";
import { roles } from "../../../src/team.ts";
import { id, otherTeamId, startMs, teamId, userId } from "../builders.ts";
import {
  addMember,
  addUser,
  digest,
  event,
  founding,
  invitation,
  type OpenRegistry,
  openFounded,
  team,
  trailOf,
  user,
} from "./samples.ts";

const { teamId: _, ...joining } = event("member.joined");

export function invitations(open: OpenRegistry): void {
  const invite = async (changes: Parameters<typeof invitation>[1] = {}) => {
    const registry = await openFounded(open);
    const guest = await addUser(registry, "guest");
    const invited = invitation("guest", changes);
    await registry.addInvitation(invited, event("invitation.created"));
    return { registry, guest, invited };
  };

  describe("invitations", () => {
    test("an invitation is found by the digest of its secret", async () => {
      const { registry, invited } = await invite();
      await using _registry = registry;
      expect(await registry.findInvitation(invited.secretDigest)).toEqual(invited);
      expect(await registry.findInvitation(digest("another"))).toBeUndefined();
      expect(await registry.findInvitation("' OR 1=1 --")).toBeUndefined();
      expect(await trailOf(registry)).toEqual(["invitation.created"]);
    });

    test("invitations are listed newest first, those that are over too, to their team only", async () => {
      const { registry, invited } = await invite();
      await using _registry = registry;
      const old = invitation("old", { createdAtMs: 1, expiresAtMs: 2 });
      const young = invitation("young", { createdAtMs: startMs + 1 });
      for (const each of [young, old])
        await registry.addInvitation(each, event("invitation.created"));
      expect(await registry.invitations(teamId)).toEqual([young, invited, old]);
      expect(await registry.invitations(otherTeamId)).toEqual([]);
    });

    test("a second one of the same address to the same team replaces the first", async () => {
      const { registry, guest, invited } = await invite();
      await using _registry = registry;
      const again = invitation("again", { email: invited.email, role: "viewer" });
      await registry.addInvitation(again, event("invitation.created"));
      const others = team("others");
      await registry.addTeam(others, userId, event("team.created", { teamId: others.id }));
      const elsewhere = invitation("elsewhere", { email: invited.email, teamId: others.id });
      await registry.addInvitation(elsewhere, event("invitation.created", { teamId: others.id }));
      expect(await registry.invitations(teamId)).toEqual([again]);
      expect(await registry.invitations(others.id)).toEqual([elsewhere]);
      expect(await registry.acceptInvitation(invited.secretDigest, guest, joining)).toBeUndefined();
      expect(await registry.acceptInvitation(again.secretDigest, guest, joining)).toBeDefined();
      expect(await registry.roleOf(teamId, guest.id)).toBe("viewer");
    });

    test("who is a member already cannot be invited, nobody else's invitation is lost", async () => {
      await using registry = await openFounded(open);
      await registry.addInvitation(invitation("a"), event("invitation.created"));
      const twice = invitation("b", { email: founding.user.email });
      const adding = registry.addInvitation(twice, event("invitation.created"));
      await expect(adding).rejects.toMatchObject({ code: "resource_exists" });
      expect(await registry.invitations(teamId)).toEqual([invitation("a")]);
      expect(await trailOf(registry)).toEqual(["invitation.created"]);
    });

    test("parallel additions never exceed the limit, for which what they replace does not count", async () => {
      await using registry = await openFounded(open);
      const add = (name: string, email = invitation(name).email) =>
        registry.addInvitation(invitation(name, { email }), event("invitation.created"), 3);
      const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => add(`${i}`)));
      const refused = results.filter((result) => result.status === "rejected");
      expect(refused).toHaveLength(17);
      for (const { reason } of refused)
        expect(reason).toMatchObject({ code: "plan_limit_reached" });
      await add("again", invitation("0").email);
      expect(await registry.invitations(teamId)).toHaveLength(3);
      expect(await trailOf(registry)).toHaveLength(4);
    });

    test.for([
      { name: "id", changes: { id: invitation("guest").id } },
      { name: "secret", changes: { secretDigest: invitation("guest").secretDigest } },
    ])(
      "one with an $name that is taken is refused, and the one it would replace stays",
      async ({ changes }) => {
        const { registry, invited } = await invite();
        await using _registry = registry;
        const present = invitation("present");
        await registry.addInvitation(present, event("invitation.created"));
        const twin = invitation("twin", { email: present.email, ...changes });
        const adding = registry.addInvitation(twin, event("invitation.created"));
        await expect(adding).rejects.toMatchObject({ code: "resource_exists" });
        expect(await registry.findInvitation(present.secretDigest)).toEqual(present);
        expect(await registry.findInvitation(invited.secretDigest)).toEqual(invited);
      },
    );

    test.for([
      { name: "team", changes: { teamId: id("nowhere") } },
      { name: "user", changes: { userId: id("nobody") } },
    ])("one of an unknown $name is refused", async ({ changes }) => {
      await using registry = await openFounded(open);
      const adding = registry.addInvitation(invitation("a", changes), event("invitation.created"));
      await expect(adding).rejects.toMatchObject({ code: "resource_not_found" });
      expect(await trailOf(registry)).toEqual([]);
    });

    test.for([
      { who: "a stranger", as: undefined, to: "viewer" },
      { who: "a member", as: "member", to: "viewer" },
      { who: "an admin", as: "admin", to: "owner" },
    ] as const)("one by $who to be $to is refused", async ({ as, to }) => {
      await using registry = await openFounded(open);
      const by = as ? await addMember(registry, "by", as) : await addUser(registry, "by");
      const before = await trailOf(registry);
      const asked = invitation("guest", { userId: by.id, role: to });
      const adding = registry.addInvitation(asked, event("invitation.created"));
      await expect(adding).rejects.toMatchObject({ code: "forbidden" });
      expect(await registry.invitations(teamId)).toEqual([]);
      expect(await trailOf(registry)).toEqual(before);
    });

    test("a removed one is gone, and only its team removes it", async () => {
      const { registry, guest, invited } = await invite();
      await using _registry = registry;
      const trail = event("invitation.revoked");
      expect(await registry.removeInvitation(otherTeamId, invited.id, trail)).toBe(false);
      expect(await registry.removeInvitation(teamId, invited.id, trail)).toBe(true);
      expect(await registry.removeInvitation(teamId, invited.id, trail)).toBe(false);
      expect(await registry.findInvitation(invited.secretDigest)).toBeUndefined();
      expect(await registry.acceptInvitation(invited.secretDigest, guest, joining)).toBeUndefined();
      expect(await trailOf(registry)).toEqual(["invitation.created", "invitation.revoked"]);
    });

    test("who accepts becomes a member at that time, and the invitation is spent", async () => {
      const { registry, guest, invited } = await invite({ role: "admin" });
      await using _registry = registry;
      const trail = { ...joining, atMs: startMs + 7 };
      const accepted = await registry.acceptInvitation(invited.secretDigest, guest, trail);
      expect(accepted).toEqual(founding.team);
      const { email } = guest;
      const member = { userId: guest.id, email, role: "admin", createdAtMs: startMs + 7 };
      expect((await registry.members(teamId))[1]).toEqual(member);
      expect(await registry.findInvitation(invited.secretDigest)).toBeUndefined();
      const again = await registry.acceptInvitation(invited.secretDigest, guest, trail);
      expect(again).toBeUndefined();
      expect(await trailOf(registry)).toEqual(["invitation.created", "member.joined"]);
    });

    test("of two who accept at once exactly one succeeds", async () => {
      const { registry, guest, invited } = await invite();
      await using _registry = registry;
      const results = await Promise.all(
        Array.from({ length: 10 }, () =>
          registry.acceptInvitation(invited.secretDigest, guest, joining),
        ),
      );
      expect(results.filter((accepted) => accepted !== undefined)).toHaveLength(1);
      expect(await trailOf(registry)).toEqual(["invitation.created", "member.joined"]);
    });

    test.for([
      { why: "the secret is unknown", secret: digest("another") },
      { why: "it is over", atMs: startMs + 10 },
      { why: "it is meant for another address", by: user("thief") },
      {
        why: "the user says to have its address",
        by: user("thief", { email: user("guest").email }),
      },
      { why: "there is no such user", by: user("nobody", { email: user("guest").email }) },
    ])("nobody joins when $why", async ({ secret, atMs = startMs, by }) => {
      const { registry, guest, invited } = await invite({ expiresAtMs: startMs + 10 });
      await using _registry = registry;
      await addUser(registry, "thief");
      const given = secret ?? invited.secretDigest;
      const trail = { ...joining, atMs };
      expect(await registry.acceptInvitation(given, by ?? guest, trail)).toBeUndefined();
      expect(await registry.members(teamId)).toHaveLength(1);
      expect(await registry.findInvitation(invited.secretDigest)).toEqual(invited);
      expect(await trailOf(registry)).toEqual(["invitation.created"]);
    });

    test.for(roles)("one to be %s makes that", async (role) => {
      const { registry, guest, invited } = await invite({ role });
      await using _registry = registry;
      await registry.acceptInvitation(invited.secretDigest, guest, joining);
      expect(await registry.roleOf(teamId, guest.id)).toBe(role);
    });

    test("it is good until it is over", async () => {
      const { registry, guest, invited } = await invite({ expiresAtMs: startMs + 10 });
      await using _registry = registry;
      const trail = { ...joining, atMs: startMs + 9 };
      expect(await registry.acceptInvitation(invited.secretDigest, guest, trail)).toBeDefined();
    });
  });
}
