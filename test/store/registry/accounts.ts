/** What the registry promises of users and of how they prove who they are. */
import { describe, expect, test } from "vitest";
import { id, otherTeamId, server, startMs, teamId, userId } from "../builders.ts";
import {
  addUser,
  digest,
  event,
  founding,
  foundingOf,
  type OpenRegistry,
  openFounded,
  session,
  team,
  trailOf,
  user,
} from "./samples.ts";

export function accounts(open: OpenRegistry): void {
  describe("bootstrap", () => {
    test("the first one founds, later ones return what it made", async () => {
      await using registry = await open();
      expect(await registry.bootstrap(founding)).toEqual({ ...founding, created: true });
      const other = {
        user: { id: id("other"), email: "other@example.com", createdAtMs: 1 },
        team: team("others", { id: otherTeamId }),
      };
      expect(await registry.bootstrap(other)).toEqual({ ...founding, created: false });
      expect(await registry.findUser(other.user.id)).toBeUndefined();
      await expect(
        registry.addServer(server("a", { teamId: otherTeamId }), 0),
      ).rejects.toMatchObject({ code: "resource_not_found" });
    });

    test("the founder owns the team", async () => {
      await using registry = await openFounded(open);
      expect(await registry.roleOf(teamId, userId)).toBe("owner");
      expect(await registry.findUser(userId)).toEqual(founding.user);
      expect(await registry.passwordHash(userId)).toBeUndefined();
    });

    test("a later one returns the team as it is by then", async () => {
      await using registry = await openFounded(open);
      await registry.changeTeam(teamId, { name: "Renamed" }, event("team.renamed"));
      const renamed = { ...founding.team, name: "Renamed" };
      expect(await registry.bootstrap(founding)).toEqual({
        user: founding.user,
        team: renamed,
        created: false,
      });
    });

    test("an address that is taken founds nothing", async () => {
      await using registry = await open();
      await addUser(registry, "early");
      const late = { user: user("late", { email: user("early").email }), team: team("late") };
      await expect(registry.bootstrap(late)).rejects.toMatchObject({ code: "resource_exists" });
      expect(await registry.findTeam(late.team.id)).toBeUndefined();
      expect((await registry.bootstrap(founding)).created).toBe(true);
    });
  });

  describe("users", () => {
    test("a user has an address, a team to own, and a password or none", async () => {
      await using registry = await openFounded(open);
      const [ada, bob] = [foundingOf("ada"), foundingOf("bob")];
      await registry.addUser(ada, "$argon2id$…", event("user.registered", { teamId: ada.team.id }));
      await registry.addUser(bob, undefined, event("user.registered", { teamId: bob.team.id }));
      expect(await registry.findUser(ada.user.id)).toEqual(ada.user);
      expect(await registry.findUserByEmail("ada@example.com")).toEqual(ada.user);
      expect(await registry.findTeam(ada.team.id)).toEqual(ada.team);
      expect(await registry.roleOf(ada.team.id, ada.user.id)).toBe("owner");
      expect(await registry.passwordHash(ada.user.id)).toBe("$argon2id$…");
      expect(await registry.passwordHash(bob.user.id)).toBeUndefined();
      expect(await trailOf(registry, ada.team.id)).toEqual(["user.registered"]);
    });

    test("nobody is found who is not there", async () => {
      await using registry = await openFounded(open);
      expect(await registry.findUser(id("nobody"))).toBeUndefined();
      expect(await registry.findUserByEmail("nobody@example.com")).toBeUndefined();
      expect(await registry.findUserByEmail("OWNER@example.com")).toBeUndefined();
      expect(await registry.findUserByEmail("' OR 1=1 --")).toBeUndefined();
      expect(await registry.passwordHash(id("nobody"))).toBeUndefined();
    });

    test.for([
      { name: "address", twin: { user: user("b", { email: user("a").email }), team: team("b") } },
      { name: "id", twin: { user: user("b", { id: user("a").id }), team: team("b") } },
      { name: "team's id", twin: { user: user("b"), team: team("b", { id: team("a").id }) } },
    ])(
      "a second user with the same $name is refused, and nothing is left of it",
      async ({ twin }) => {
        await using registry = await openFounded(open);
        await addUser(registry, "a");
        const trail = event("user.registered", { teamId: twin.team.id });
        const adding = registry.addUser(twin, "hash", trail);
        await expect(adding).rejects.toMatchObject({ code: "resource_exists" });
        expect(await registry.findUserByEmail(user("a").email)).toEqual(user("a"));
        expect(await registry.findUserByEmail(user("b").email)).toBeUndefined();
        expect(await registry.passwordHash(user("a").id)).toBeUndefined();
        expect(await registry.teams()).toHaveLength(2);
        expect(await trailOf(registry, team("a").id)).toEqual(["user.registered"]);
        expect(await trailOf(registry, team("b").id)).toEqual([]);
      },
    );

    test("of parallel registrations of one address exactly one succeeds", async () => {
      await using registry = await openFounded(open);
      const email = "ada@example.com";
      const attempts = Array.from({ length: 20 }, (_, n) => {
        const made = { user: user(`${n}`, { email }), team: team(`${n}`) };
        return registry.addUser(made, undefined, event("user.registered"));
      });
      const results = await Promise.allSettled(attempts);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(await registry.teams()).toHaveLength(2);
    });
  });

  describe("passwords", () => {
    test("one hashed anew replaces the hash it was made from, and ends nothing", async () => {
      await using registry = await openFounded(open);
      await registry.setPasswordHash(
        userId,
        undefined,
        "old",
        undefined,
        event("user.password_changed"),
      );
      await registry.addSession(session("kept"), digest("kept"));
      await registry.upgradePasswordHash(userId, "old", "new");
      expect(await registry.passwordHash(userId)).toBe("new");
      await registry.upgradePasswordHash(userId, "old", "stale");
      expect(await registry.passwordHash(userId)).toBe("new");
      expect(await registry.findSession(session("kept").id)).toBeDefined();
      expect(await trailOf(registry, teamId)).toEqual(["user.password_changed"]);
    });

    test("a new one ends every session and sign-in link of its user but the kept session", async () => {
      await using registry = await openFounded(open);
      const other = await addUser(registry, "other");
      await registry.addSession(session("kept"), digest("kept"));
      await registry.addSession(session("gone"), digest("gone"));
      await registry.addSession(session("other", { userId: other.id }), digest("other"));
      await registry.addSignInLink(digest("link"), userId, startMs + 1);
      await registry.addSignInLink(digest("other link"), other.id, startMs + 1);
      const kept = session("kept").id;
      await registry.setPasswordHash(
        userId,
        undefined,
        "new",
        kept,
        event("user.password_changed"),
      );
      expect(await registry.passwordHash(userId)).toBe("new");
      expect(await registry.passwordHash(other.id)).toBeUndefined();
      expect(await registry.findSessionBySecret(digest("kept"))).toEqual(session("kept"));
      expect(await registry.findSession(session("gone").id)).toBeUndefined();
      expect(await registry.findSessionBySecret(digest("gone"))).toBeUndefined();
      expect(await registry.findSessionBySecret(digest("other"))).toBeDefined();
      expect(await registry.spendSignInLink(digest("link"), startMs)).toBeUndefined();
      expect(await registry.spendSignInLink(digest("other link"), startMs)).toEqual(other);
      expect(await trailOf(registry)).toEqual(["user.password_changed"]);
    });

    test("without a session to keep it ends them all", async () => {
      await using registry = await openFounded(open);
      for (const label of ["a", "b"]) await registry.addSession(session(label), digest(label));
      const trail = event("user.password_changed");
      await registry.setPasswordHash(userId, undefined, "new", undefined, trail);
      expect(await registry.sessions(userId)).toEqual([]);
    });

    test("one that another hash was there for when it was decided on changes nothing", async () => {
      await using registry = await openFounded(open);
      const trail = event("user.password_changed");
      const set = (from: string | undefined, to: string) =>
        registry.setPasswordHash(userId, from, to, undefined, trail);
      await registry.addSession(session("kept"), digest("kept"));
      expect(await set("none", "stolen")).toBe(false);
      expect(await registry.passwordHash(userId)).toBeUndefined();
      expect(await Promise.all(["a", "b"].map((to) => set(undefined, to)))).toEqual([true, false]);
      await registry.addSession(session("later"), digest("later"));
      for (const from of [undefined, "b", ""]) expect(await set(from, "stolen")).toBe(false);
      expect(await registry.passwordHash(userId)).toBe("a");
      expect(await registry.sessions(userId)).toEqual([session("later")]);
      expect(await trailOf(registry)).toEqual(["user.password_changed"]);
    });

    test("one for nobody changes nothing", async () => {
      await using registry = await openFounded(open);
      const nobody = id("nobody");
      const trail = event("user.password_changed");
      expect(await registry.setPasswordHash(nobody, undefined, "new", undefined, trail)).toBe(
        false,
      );
      expect(await registry.passwordHash(nobody)).toBeUndefined();
      expect(await trailOf(registry)).toEqual([]);
    });
  });

  describe("identities", () => {
    const issuer = "https://login.example.com";

    test("a provider's subject is found as its user, of that provider only", async () => {
      await using registry = await openFounded(open);
      await registry.addIdentity(issuer, "subject", userId);
      expect(await registry.findIdentity(issuer, "subject")).toEqual(founding.user);
      expect(await registry.findIdentity(`${issuer}s`, "ubject")).toBeUndefined();
      expect(await registry.findIdentity("https://evil.example", "subject")).toBeUndefined();
      expect(await registry.findIdentity(issuer, "another")).toBeUndefined();
    });

    test("a subject belongs to one user, who may have several", async () => {
      await using registry = await openFounded(open);
      const other = await addUser(registry, "other");
      await registry.addIdentity(issuer, "subject", userId);
      await registry.addIdentity(issuer, "second", userId);
      for (const thief of [other.id, userId])
        await expect(registry.addIdentity(issuer, "subject", thief)).rejects.toMatchObject({
          code: "resource_exists",
        });
      expect(await registry.findIdentity(issuer, "subject")).toEqual(founding.user);
      expect(await registry.findIdentity(issuer, "second")).toEqual(founding.user);
    });

    test("whether a provider knows a user is told of that provider and user only", async () => {
      await using registry = await openFounded(open);
      const other = await addUser(registry, "other");
      await registry.addIdentity(issuer, "subject", userId);
      expect(await registry.hasIdentity(issuer, userId)).toBe(true);
      expect(await registry.hasIdentity(issuer, other.id)).toBe(false);
      for (const another of [`${issuer}s`, issuer.slice(0, -1), ""])
        expect(await registry.hasIdentity(another, userId)).toBe(false);
    });

    test("one of nobody is refused", async () => {
      await using registry = await openFounded(open);
      const adding = registry.addIdentity(issuer, "subject", id("nobody"));
      await expect(adding).rejects.toMatchObject({ code: "resource_not_found" });
      expect(await registry.findIdentity(issuer, "subject")).toBeUndefined();
    });
  });
}
