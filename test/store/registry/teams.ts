/** What the registry promises of teams and their members. */
import { describe, expect, test } from "vitest";
import { apiKey, id, otherTeamId, startMs, teamId, userId } from "../builders.ts";
import {
  addMember,
  addUser,
  event,
  founding,
  invitation,
  type OpenRegistry,
  openFounded,
  team,
  trailOf,
} from "./samples.ts";

export function teams(open: OpenRegistry): void {
  describe("teams", () => {
    test("a team is owned by who added it, since it is there", async () => {
      await using registry = await openFounded(open);
      const added = team("new", { createdAtMs: startMs + 5, plan: "pro" });
      await registry.addTeam(added, userId, event("team.created", { teamId: added.id }));
      expect(await registry.findTeam(added.id)).toEqual(added);
      const { email } = founding.user;
      expect(await registry.members(added.id)).toEqual([
        { userId, email, role: "owner", createdAtMs: startMs + 5 },
      ]);
      expect(await trailOf(registry, added.id)).toEqual(["team.created"]);
    });

    test.for([
      { why: "of nobody", owner: id("nobody"), added: team("a"), code: "resource_not_found" },
      {
        why: "of an id that is taken",
        owner: userId,
        added: founding.team,
        code: "resource_exists",
      },
    ])("a team $why is refused", async ({ owner, added, code }) => {
      await using registry = await openFounded(open);
      const trail = event("team.created", { teamId: added.id });
      await expect(registry.addTeam(added, owner, trail)).rejects.toMatchObject({ code });
      expect(await registry.teams()).toEqual([founding.team]);
      expect(await trailOf(registry, added.id)).toEqual([]);
    });

    test("parallel additions never bring a user into more teams than the limit", async () => {
      await using registry = await openFounded(open);
      const attempts = Array.from({ length: 20 }, (_, i) =>
        registry.addTeam(team(`${i}`), userId, event("team.created"), 4),
      );
      const results = await Promise.allSettled(attempts);
      const refused = results.filter((result) => result.status === "rejected");
      expect(refused).toHaveLength(17);
      for (const { reason } of refused)
        expect(reason).toMatchObject({ code: "plan_limit_reached" });
      expect(await registry.teamsOf(userId)).toHaveLength(4);
      expect(await trailOf(registry)).toHaveLength(3);
    });

    test("teams are listed oldest first: by creation, then by id", async () => {
      await using registry = await openFounded(open);
      const young = team("young", { createdAtMs: startMs + 9 });
      const old = team("old", { createdAtMs: 1 });
      const twins = [team("x"), team("y"), founding.team];
      for (const added of [young, old, team("x"), team("y")])
        await registry.addTeam(added, userId, event("team.created"));
      const byId = twins.toSorted((a, b) => (a.id < b.id ? -1 : 1));
      expect(await registry.teams()).toEqual([old, ...byId, young]);
    });

    test("a user's teams are listed with the role there, oldest membership first", async () => {
      await using registry = await openFounded(open);
      const old = team("old", { createdAtMs: 1 });
      await registry.addTeam(old, userId, event("team.created"));
      const joining = await addMember(registry, "joining", "viewer", { atMs: startMs + 9 });
      expect(await registry.teamsOf(userId)).toEqual([
        { team: old, role: "owner" },
        { team: founding.team, role: "owner" },
      ]);
      expect(await registry.teamsOf(joining.id)).toEqual([
        { team: team("joining"), role: "owner" },
        { team: founding.team, role: "viewer" },
      ]);
      expect(await registry.teamsOf(id("nobody"))).toEqual([]);
    });

    test("a change keeps what it does not name", async () => {
      await using registry = await openFounded(open);
      const renamed = { ...founding.team, name: "Renamed" };
      const trail = event("team.renamed");
      expect(await registry.changeTeam(teamId, { name: "Renamed" }, trail)).toEqual(renamed);
      const planned = event("team.plan_changed");
      const changed = await registry.changeTeam(teamId, { plan: "pro" }, planned);
      expect(changed).toEqual({ ...renamed, plan: "pro" });
      expect(await registry.findTeam(teamId)).toEqual(changed);
      expect(await trailOf(registry)).toEqual(["team.renamed", "team.plan_changed"]);
    });

    test("a change to what is so already, or of no team, is no change", async () => {
      await using registry = await openFounded(open);
      const { name, plan } = founding.team;
      const trail = event("team.renamed");
      expect(await registry.changeTeam(teamId, { name, plan }, trail)).toEqual(founding.team);
      expect(await registry.changeTeam(teamId, {}, trail)).toEqual(founding.team);
      expect(await registry.changeTeam(otherTeamId, { name: "mine" }, trail)).toBeUndefined();
      expect(await registry.findTeam(otherTeamId)).toBeUndefined();
      expect(await trailOf(registry)).toEqual([]);
    });
  });

  describe("members", () => {
    test("members are listed with address and role, who joined first before the others", async () => {
      await using registry = await openFounded(open);
      const late = await addMember(registry, "late", "viewer", { atMs: startMs + 9 });
      const early = await addMember(registry, "early", "admin", { atMs: startMs + 1 });
      expect(await registry.members(teamId)).toEqual([
        { userId, email: "owner@example.com", role: "owner", createdAtMs: startMs },
        { userId: early.id, email: early.email, role: "admin", createdAtMs: startMs + 1 },
        { userId: late.id, email: late.email, role: "viewer", createdAtMs: startMs + 9 },
      ]);
      expect(await registry.members(otherTeamId)).toEqual([]);
    });

    test("a role is that in the team asked about", async () => {
      await using registry = await openFounded(open);
      const joined = await addMember(registry, "joined", "viewer");
      expect(await registry.roleOf(teamId, joined.id)).toBe("viewer");
      expect(await registry.roleOf(team("joined").id, joined.id)).toBe("owner");
      expect(await registry.roleOf(team("joined").id, userId)).toBeUndefined();
      expect(await registry.roleOf(teamId, id("nobody"))).toBeUndefined();
    });

    test("a role is changed in the team named, and nowhere else", async () => {
      await using registry = await openFounded(open);
      const joined = await addMember(registry, "joined", "viewer");
      const before = await trailOf(registry);
      const trail = event("member.role_changed");
      const { id: joinedId, email } = joined;
      const changed = { userId: joinedId, email, role: "admin", createdAtMs: startMs };
      expect(await registry.setRole(teamId, joinedId, "admin", trail)).toEqual(changed);
      expect(await registry.roleOf(teamId, joinedId)).toBe("admin");
      expect(await registry.roleOf(team("joined").id, joinedId)).toBe("owner");
      expect(await trailOf(registry)).toEqual([...before, "member.role_changed"]);
    });

    test("the role a member has already, and that of a stranger, are no change", async () => {
      await using registry = await openFounded(open);
      const stranger = await addUser(registry, "stranger");
      const trail = event("member.role_changed");
      expect(await registry.setRole(teamId, userId, "owner", trail)).toMatchObject({ userId });
      expect(await registry.setRole(teamId, stranger.id, "owner", trail)).toBeUndefined();
      expect(await registry.setRole(otherTeamId, userId, "viewer", trail)).toBeUndefined();
      expect(await registry.roleOf(teamId, stranger.id)).toBeUndefined();
      expect(await trailOf(registry)).toEqual([]);
    });

    test.for(["admin", "member", "viewer"] as const)(
      "the only owner cannot become %s",
      async (role) => {
        await using registry = await openFounded(open);
        await addMember(registry, "second", "admin");
        const before = await trailOf(registry);
        const stepping = registry.setRole(teamId, userId, role, event("member.role_changed"));
        await expect(stepping).rejects.toMatchObject({ code: "forbidden" });
        expect(await registry.roleOf(teamId, userId)).toBe("owner");
        expect(await trailOf(registry)).toEqual(before);
      },
    );

    test("the only owner cannot be removed", async () => {
      await using registry = await openFounded(open);
      await addMember(registry, "second", "admin");
      await registry.addKey(apiKey("a"), 0);
      const before = await trailOf(registry);
      const leaving = registry.removeMember(teamId, userId, event("member.removed"));
      await expect(leaving).rejects.toMatchObject({ code: "forbidden" });
      expect(await registry.members(teamId)).toHaveLength(2);
      expect(await registry.keys(teamId)).toEqual([apiKey("a")]);
      expect(await trailOf(registry)).toEqual(before);
    });

    test("of two owners one may go, not both, however parallel", async () => {
      await using registry = await openFounded(open);
      const second = await addMember(registry, "second", "owner");
      const results = await Promise.allSettled([
        registry.removeMember(teamId, userId, event("member.removed")),
        registry.setRole(teamId, second.id, "viewer", event("member.role_changed")),
      ]);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      const owners = (await registry.members(teamId)).filter(({ role }) => role === "owner");
      expect(owners).toHaveLength(1);
    });

    test("a removed member's keys of the team are gone, those of other teams and members are not", async () => {
      await using registry = await openFounded(open);
      const leaving = await addMember(registry, "leaving", "admin");
      const gone = apiKey("gone", { userId: leaving.id });
      const own = apiKey("own", { userId: leaving.id, teamId: team("leaving").id });
      const others = apiKey("others");
      for (const key of [gone, own, others]) await registry.addKey(key, 0);
      const before = await trailOf(registry);
      const trail = event("member.removed");
      expect(await registry.removeMember(teamId, leaving.id, trail)).toBe(true);
      expect(await registry.roleOf(teamId, leaving.id)).toBeUndefined();
      expect(await registry.findKey(gone.secretDigest)).toBeUndefined();
      expect(await registry.findKey(own.secretDigest)).toEqual(own);
      expect(await registry.keys(teamId)).toEqual([others]);
      expect(await registry.findUser(leaving.id)).toEqual(leaving);
      expect(await trailOf(registry)).toEqual([...before, "member.removed"]);
    });

    test("a change that other roles were looked at for is refused, and changes nothing", async () => {
      await using registry = await openFounded(open);
      const target = await addMember(registry, "target", "member");
      const admin = await addMember(registry, "admin", "admin");
      await registry.addKey(apiKey("a", { userId: target.id }), 0);
      const before = await trailOf(registry);
      const by = { userId: admin.id, role: "admin" } as const;
      const whom = { userId: target.id, role: "member" } as const;
      for (const decidedBy of [
        [{ ...by, role: "owner" }, whom],
        [by, { ...whom, role: "viewer" }],
        [{ userId: id("user nobody"), role: "admin" }, whom],
      ] as const) {
        const changes = [
          registry.setRole(teamId, target.id, "viewer", event("member.role_changed"), decidedBy),
          registry.setRole(teamId, target.id, "member", event("member.role_changed"), decidedBy),
          registry.removeMember(teamId, target.id, event("member.removed"), decidedBy),
        ];
        for (const change of changes)
          await expect(change).rejects.toMatchObject({ code: "forbidden" });
      }
      expect(await registry.roleOf(teamId, target.id)).toBe("member");
      expect(await registry.keys(teamId)).toHaveLength(1);
      expect(await trailOf(registry)).toEqual(before);
      const trail = event("member.removed");
      expect(await registry.removeMember(teamId, target.id, trail, [by, whom])).toBe(true);
    });

    test("of two changes that the same role was looked at for, however parallel, one is made", async () => {
      await using registry = await openFounded(open);
      const target = await addMember(registry, "target", "member");
      const decidedBy = [{ userId: target.id, role: "member" }] as const;
      const trail = event("member.role_changed");
      const results = await Promise.allSettled(
        (["owner", "viewer"] as const).map((role) =>
          registry.setRole(teamId, target.id, role, trail, decidedBy),
        ),
      );
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    });

    test.for(["removed", "viewer", "member", "admin"] as const)(
      "what a member invited to and could not as %s is gone at that moment, told of one by one",
      async (next) => {
        await using registry = await openFounded(open);
        const inviting = await addMember(registry, "inviting", "owner");
        const mine = { userId: inviting.id };
        const asOwner = invitation("x", { ...mine, role: "owner", createdAtMs: startMs + 1 });
        const asViewer = invitation("y", { ...mine, role: "viewer" });
        const others = invitation("z", { role: "owner" });
        const elsewhere = invitation("w", { ...mine, teamId: team("inviting").id });
        for (const each of [asOwner, asViewer, others, elsewhere])
          await registry.addInvitation(each, event("invitation.created"));
        const trail = event("member.role_changed");
        if (next === "removed") await registry.removeMember(teamId, inviting.id, trail);
        else await registry.setRole(teamId, inviting.id, next, trail);
        const gone = next === "admin" ? [asOwner] : [asOwner, asViewer];
        const kept = [...(next === "admin" ? [asViewer] : []), others];
        expect(new Set(await registry.invitations(teamId))).toEqual(new Set(kept));
        expect(await registry.findInvitation(elsewhere.secretDigest)).toEqual(elsewhere);
        const entries = await registry.audit(teamId, { limit: gone.length + 1, actions: [] });
        expect(entries.toReversed()).toMatchObject([
          trail,
          ...gone.map((each) => ({
            ...trail,
            ...{ action: "invitation.revoked", subjectId: each.id },
            details: { email: each.email, role: each.role },
          })),
        ]);
      },
    );

    test("who is no member cannot be removed", async () => {
      await using registry = await openFounded(open);
      const stranger = await addUser(registry, "stranger");
      const trail = event("member.removed");
      expect(await registry.removeMember(teamId, stranger.id, trail)).toBe(false);
      expect(await registry.removeMember(otherTeamId, userId, trail)).toBe(false);
      expect(await trailOf(registry)).toEqual([]);
    });
  });
}
