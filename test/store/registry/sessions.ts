/** What the registry promises of sessions, their secrets and links that sign in. */
import { describe, expect, test } from "vitest";
import { sessionSecretsMax } from "../../../src/store/registry.ts";
import { id, otherTeamId, startMs, userId } from "../builders.ts";
import {
  addUser,
  dayMs,
  digest,
  founding,
  type OpenRegistry,
  openFounded,
  session,
  team,
} from "./samples.ts";

export function sessions(open: OpenRegistry): void {
  const begun = async (changes: Parameters<typeof session>[1] = {}) => {
    const registry = await openFounded(open);
    await registry.addSession(session("a", changes), digest("first"));
    return registry;
  };

  describe("sessions", () => {
    test("a session is found by its id and by its secret", async () => {
      await using registry = await begun({ kind: "cookie", lastUsedAtMs: startMs + 3 });
      const expected = session("a", { kind: "cookie", lastUsedAtMs: startMs + 3 });
      expect(await registry.findSession(expected.id)).toEqual(expected);
      expect(await registry.findSessionBySecret(digest("first"))).toEqual(expected);
      expect(await registry.findSession(id("another"))).toBeUndefined();
      expect(await registry.findSessionBySecret(digest("another"))).toBeUndefined();
      expect(await registry.findSessionBySecret("' OR 1=1 --")).toBeUndefined();
    });

    test.for([
      { name: "id", twin: session("b", { id: session("a").id }), secret: digest("second") },
      { name: "secret", twin: session("b"), secret: digest("first") },
      {
        name: "secret, replaced since,",
        twin: session("b"),
        secret: digest("first"),
        replaced: true,
      },
    ])("a second one with the same $name is refused", async ({ twin, secret, replaced }) => {
      await using registry = await begun();
      if (replaced) await registry.rotateSession(digest("first"), digest("new"), startMs);
      const adding = registry.addSession(twin, secret);
      await expect(adding).rejects.toMatchObject({ code: "resource_exists" });
      expect(await registry.sessions(userId)).toEqual([session("a")]);
      expect(await registry.findSessionBySecret(digest("second"))).toBeUndefined();
    });

    test.for([
      { name: "user", changes: { userId: id("nobody") } },
      { name: "team", changes: { teamId: otherTeamId } },
    ])("one of an unknown $name is refused", async ({ changes }) => {
      await using registry = await openFounded(open);
      const adding = registry.addSession(session("a", changes), digest("a"));
      await expect(adding).rejects.toMatchObject({ code: "resource_not_found" });
      expect(await registry.findSession(session("a").id)).toBeUndefined();
    });

    test("a user's sessions are listed newest first: by creation, then by id", async () => {
      await using registry = await openFounded(open);
      const other = await addUser(registry, "other");
      const [old, young] = [session("o", { createdAtMs: 1 }), session("y", { createdAtMs: 3 })];
      const twins = [session("x", { createdAtMs: 2 }), session("z", { createdAtMs: 2 })];
      const others = session("others", { userId: other.id });
      for (const each of [old, young, ...twins, others])
        await registry.addSession(each, digest(each.id));
      const byId = twins.toSorted((a, b) => (a.id < b.id ? 1 : -1));
      expect(await registry.sessions(userId)).toEqual([young, ...byId, old]);
      expect(await registry.sessions(id("nobody"))).toEqual([]);
    });

    test("a change keeps what it does not name", async () => {
      await using registry = await begun();
      const { id: ownId } = session("a");
      await addUser(registry, "host");
      const { id: teamId } = team("host");
      const moved = session("a", { teamId });
      expect(await registry.changeSession(ownId, { teamId })).toEqual(moved);
      const used = { ...moved, lastUsedAtMs: startMs + 9 };
      expect(await registry.changeSession(ownId, { lastUsedAtMs: startMs + 9 })).toEqual(used);
      expect(await registry.findSessionBySecret(digest("first"))).toEqual(used);
      expect(await registry.changeSession(id("another"), { teamId })).toBeUndefined();
    });

    test("one cannot be moved to a team that is not there", async () => {
      await using registry = await begun();
      const moving = registry.changeSession(session("a").id, { teamId: otherTeamId });
      await expect(moving).rejects.toMatchObject({ code: "resource_not_found" });
      expect(await registry.findSession(session("a").id)).toEqual(session("a"));
    });

    test("an ended one is gone, with every secret it had", async () => {
      await using registry = await begun();
      await registry.rotateSession(digest("first"), digest("second"), startMs);
      expect(await registry.endSession(session("a").id)).toBe(true);
      expect(await registry.endSession(session("a").id)).toBe(false);
      for (const secret of [digest("first"), digest("second")]) {
        expect(await registry.findSessionBySecret(secret)).toBeUndefined();
        expect(await registry.rotateSession(secret, digest("new"), startMs)).toBeUndefined();
      }
      await registry.addSession(session("b"), digest("first"));
    });
  });

  describe("rotation", () => {
    test("the new secret takes the place of the old one", async () => {
      await using registry = await begun();
      const used = session("a", { lastUsedAtMs: startMs + 5 });
      const rotated = await registry.rotateSession(digest("first"), digest("second"), startMs + 5);
      expect(rotated).toEqual({ kind: "rotated", session: used });
      expect(await registry.findSessionBySecret(digest("second"))).toEqual(used);
      expect(await registry.findSessionBySecret(digest("first"))).toBeUndefined();
      expect(await registry.findSession(used.id)).toEqual(used);
    });

    test.for([1, 2, 5])(
      "a secret replaced %i rotations ago ends the session",
      async (rotations) => {
        await using registry = await begun();
        const secretOf = (n: number) => digest(n === 0 ? "first" : `${n}`);
        for (let n = 0; n < rotations; n++)
          await registry.rotateSession(secretOf(n), secretOf(n + 1), startMs + n);
        const reused = await registry.rotateSession(secretOf(0), digest("stolen"), startMs + 9);
        const last = session("a", { lastUsedAtMs: startMs + rotations - 1 });
        expect(reused).toEqual({ kind: "reused", session: last });
        expect(await registry.findSession(last.id)).toBeUndefined();
        for (const secret of [secretOf(0), secretOf(rotations), digest("stolen")]) {
          expect(await registry.findSessionBySecret(secret)).toBeUndefined();
          expect(await registry.rotateSession(secret, digest("new"), startMs)).toBeUndefined();
        }
      },
    );

    test("the end of one session is no other's", async () => {
      await using registry = await begun();
      await registry.addSession(session("b"), digest("b"));
      await registry.rotateSession(digest("first"), digest("second"), startMs);
      await registry.rotateSession(digest("first"), digest("third"), startMs);
      expect(await registry.sessions(userId)).toEqual([session("b")]);
    });

    test("of two at once exactly one succeeds, the other one is a reuse", async () => {
      await using registry = await begun();
      const results = await Promise.all([
        registry.rotateSession(digest("first"), digest("mine"), startMs),
        registry.rotateSession(digest("first"), digest("theirs"), startMs),
      ]);
      expect(results.map((result) => result?.kind).sort()).toEqual(["reused", "rotated"]);
      expect(await registry.sessions(userId)).toEqual([]);
    });

    test("an unknown secret rotates nothing", async () => {
      await using registry = await begun();
      expect(await registry.rotateSession(digest("x"), digest("y"), startMs)).toBeUndefined();
      expect(await registry.findSessionBySecret(digest("y"))).toBeUndefined();
    });

    test("a session is over at its time, not before", async () => {
      await using registry = await begun({ expiresAtMs: startMs + dayMs });
      const over = startMs + dayMs;
      expect(await registry.rotateSession(digest("first"), digest("b"), over)).toBeUndefined();
      const last = await registry.rotateSession(digest("first"), digest("b"), over - 1);
      expect(last).toMatchObject({ kind: "rotated" });
      expect(await registry.rotateSession(digest("first"), digest("c"), over)).toBeUndefined();
    });

    test("a session ends with the last of its secrets, of which it has so many and no more", async () => {
      await using registry = await begun();
      const secretOf = (n: number) => (n === 0 ? digest("first") : `secret ${n}`);
      const last = sessionSecretsMax - 1;
      for (let n = 0; n < last; n++)
        await registry.rotateSession(secretOf(n), secretOf(n + 1), startMs);
      expect(await registry.findSessionBySecret(secretOf(last))).toEqual(session("a"));
      const over = await registry.rotateSession(secretOf(last), "one more", startMs);
      expect(over).toBeUndefined();
      expect(await registry.findSession(session("a").id)).toBeUndefined();
      expect(await registry.findSessionBySecret("one more")).toBeUndefined();
    });

    test.for(["first", "other", "replaced"])(
      "a new secret that is taken (%s) is refused, and the old one stays good",
      async (label) => {
        await using registry = await begun();
        await registry.addSession(session("b"), digest("replaced"));
        await registry.rotateSession(digest("replaced"), digest("other"), startMs);
        const rotating = registry.rotateSession(digest("first"), digest(label), startMs + 5);
        await expect(rotating).rejects.toMatchObject({ code: "resource_exists" });
        expect(await registry.findSessionBySecret(digest("first"))).toEqual(session("a"));
        expect(await registry.findSessionBySecret(digest("other"))).toEqual(session("b"));
      },
    );
  });

  describe("pruning", () => {
    test("sessions and links that ended before a time are gone, and counted", async () => {
      await using registry = await openFounded(open);
      for (const [label, at] of Object.entries({ old: 9, edge: 10, young: 11 })) {
        await registry.addSession(session(label, { expiresAtMs: at }), digest(label));
        await registry.addSignInLink(digest(`${label} link`), userId, at);
      }
      expect(await registry.pruneSessions(10)).toBe(2);
      expect(await registry.pruneSessions(10)).toBe(0);
      expect(await registry.findSession(session("old").id)).toBeUndefined();
      expect(await registry.findSessionBySecret(digest("old"))).toBeUndefined();
      expect(await registry.findSession(session("edge").id)).toBeDefined();
      expect(await registry.spendSignInLink(digest("old link"), 1)).toBeUndefined();
      expect(await registry.spendSignInLink(digest("edge link"), 1)).toEqual(founding.user);
      await registry.addSession(session("old"), digest("old"));
    });
  });

  describe("sign-in links", () => {
    test("a link signs its user in once", async () => {
      await using registry = await openFounded(open);
      await registry.addSignInLink(digest("link"), userId, startMs + 5);
      expect(await registry.spendSignInLink(digest("another"), startMs)).toBeUndefined();
      expect(await registry.spendSignInLink(digest("link"), startMs + 4)).toEqual(founding.user);
      expect(await registry.spendSignInLink(digest("link"), startMs + 4)).toBeUndefined();
    });

    test("of many at once exactly one succeeds", async () => {
      await using registry = await openFounded(open);
      await registry.addSignInLink(digest("link"), userId, startMs + 5);
      const spending = Array.from({ length: 10 }, () =>
        registry.spendSignInLink(digest("link"), startMs),
      );
      const spent = (await Promise.all(spending)).filter((user) => user !== undefined);
      expect(spent).toEqual([founding.user]);
    });

    test("a link is over at its time", async () => {
      await using registry = await openFounded(open);
      await registry.addSignInLink(digest("link"), userId, startMs + 5);
      expect(await registry.spendSignInLink(digest("link"), startMs + 5)).toBeUndefined();
    });

    test("a link of nobody, and a second one with the same secret, are refused", async () => {
      await using registry = await openFounded(open);
      const other = await addUser(registry, "other");
      await registry.addSignInLink(digest("link"), userId, startMs + 5);
      const stray = registry.addSignInLink(digest("stray"), id("nobody"), startMs + 5);
      await expect(stray).rejects.toMatchObject({ code: "resource_not_found" });
      const twin = registry.addSignInLink(digest("link"), other.id, startMs + 5);
      await expect(twin).rejects.toMatchObject({ code: "resource_exists" });
      expect(await registry.spendSignInLink(digest("link"), startMs)).toEqual(founding.user);
    });
  });
}
