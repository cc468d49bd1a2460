/** What the registry promises of servers, of their slugs and of what their teams use. */
import { describe, expect, test } from "vitest";
import { captureLevels } from "../../../src/server.ts";
import { id, otherTeamId, server, startMs, teamId } from "../builders.ts";
import { addUser, event, type OpenRegistry, openFounded, team, trailOf } from "./samples.ts";

export function servers(open: OpenRegistry): void {
  describe("servers", () => {
    test("a server comes back as it was added", async () => {
      await using registry = await openFounded(open);
      const odd = server("odd", {
        name: "'\"\u0000é😀",
        isActive: false,
        updatedAtMs: startMs + 5,
      });
      await registry.addServer(odd, 0);
      expect(await registry.findServer(teamId, odd.id)).toEqual(odd);
      expect(await registry.servers(teamId)).toEqual([odd]);
    });

    test("servers are listed newest first: by creation, then by id", async () => {
      await using registry = await openFounded(open);
      const [old, young] = [server("old", { createdAtMs: 1 }), server("young", { createdAtMs: 3 })];
      const twins = [server("x", { createdAtMs: 2 }), server("y", { createdAtMs: 2 })];
      for (const each of [old, young, ...twins]) await registry.addServer(each, 0);
      const byId = twins.toSorted((a, b) => (a.id < b.id ? 1 : -1));
      expect(await registry.servers(teamId)).toEqual([young, ...byId, old]);
    });

    test("parallel additions never exceed the limit", async () => {
      await using registry = await openFounded(open);
      const attempts = Array.from({ length: 50 }, (_, i) => registry.addServer(server(`${i}`), 3));
      const results = await Promise.allSettled(attempts);
      const refused = results.filter((result) => result.status === "rejected");
      expect(refused).toHaveLength(47);
      for (const { reason } of refused)
        expect(reason).toMatchObject({ code: "plan_limit_reached" });
      expect(await registry.servers(teamId)).toHaveLength(3);
    });

    test("a refused server leaves its slug unspent, a removed one makes room", async () => {
      await using registry = await openFounded(open);
      await registry.addServer(server("a"), 1);
      await expect(registry.addServer(server("b"), 1)).rejects.toMatchObject({
        code: "plan_limit_reached",
      });
      await registry.removeServer(teamId, server("a").id);
      await registry.addServer(server("b"), 1);
      expect(await registry.servers(teamId)).toEqual([server("b")]);
    });

    test("a slug is never given out twice, not even after its server is gone", async () => {
      await using registry = await openFounded(open);
      await registry.addServer(server("a"), 0);
      const thief = server("b", { slug: server("a").slug });
      await expect(registry.addServer(thief, 0)).rejects.toMatchObject({ code: "resource_exists" });
      await registry.removeServer(teamId, server("a").id);
      await registry.forgetServer(teamId, server("a").id);
      await expect(registry.addServer(thief, 0)).rejects.toMatchObject({ code: "resource_exists" });
      const sameId = server("b", { id: server("c").id });
      await registry.addServer(server("c"), 0);
      await expect(registry.addServer(sameId, 0)).rejects.toMatchObject({
        code: "resource_exists",
      });
    });

    test("a change keeps what it does not name and moves updatedAtMs", async () => {
      await using registry = await openFounded(open);
      await registry.addServer(server("a"), 0);
      const changed = await registry.changeServer(
        teamId,
        server("a").id,
        { name: "renamed", isActive: false },
        startMs + 50,
      );
      const expected = server("a", { name: "renamed", isActive: false, updatedAtMs: startMs + 50 });
      expect(changed).toEqual(expected);
      expect(await registry.findServer(teamId, server("a").id)).toEqual(expected);
    });

    test("updatedAtMs moves forward even when the clock does not", async () => {
      await using registry = await openFounded(open);
      await registry.addServer(server("a"), 0);
      const first = await registry.changeServer(teamId, server("a").id, {}, startMs);
      expect(first?.updatedAtMs).toBe(startMs + 1);
      const targetUrl = "https://elsewhere.example/mcp";
      const second = await registry.changeServer(teamId, server("a").id, { targetUrl }, 5);
      expect(second).toEqual(server("a", { targetUrl, updatedAtMs: startMs + 2 }));
    });

    test("another team neither sees, changes nor removes a server", async () => {
      await using registry = await openFounded(open);
      await registry.addServer(server("a"), 0);
      const { id: serverId } = server("a");
      expect(await registry.servers(otherTeamId)).toEqual([]);
      expect(await registry.findServer(otherTeamId, serverId)).toBeUndefined();
      const change = registry.changeServer(otherTeamId, serverId, { name: "mine" }, startMs);
      expect(await change).toBeUndefined();
      expect(await registry.removeServer(otherTeamId, serverId)).toBe(false);
      expect(await registry.findServer(teamId, serverId)).toEqual(server("a"));
    });

    test("a removed server is gone, and listed as removed until forgotten by its team", async () => {
      await using registry = await openFounded(open);
      await registry.addServer(server("a"), 0);
      const removed = { teamId, id: server("a").id };
      expect(await registry.removeServer(teamId, removed.id)).toBe(true);
      expect(await registry.removeServer(teamId, removed.id)).toBe(false);
      expect(await registry.findServer(teamId, removed.id)).toBeUndefined();
      expect(await registry.changeServer(teamId, removed.id, {}, startMs)).toBeUndefined();
      expect(await registry.servers(teamId)).toEqual([]);
      expect(await registry.removedServers()).toEqual([removed]);
      await registry.forgetServer(otherTeamId, removed.id);
      expect(await registry.removedServers()).toEqual([removed]);
      await registry.forgetServer(teamId, removed.id);
      expect(await registry.removedServers()).toEqual([]);
    });

    test.for([
      { name: "team", stray: { teamId: id("nowhere") } },
      { name: "user", stray: { userId: id("nobody") } },
    ])("a server of an unknown $name is refused, and its slug is not spent", async ({ stray }) => {
      await using registry = await openFounded(open);
      const adding = registry.addServer(server("a", stray), 0, event("server.created"));
      await expect(adding).rejects.toMatchObject({ code: "resource_not_found" });
      expect(await trailOf(registry)).toEqual([]);
      await registry.addServer(server("a"), 0);
    });

    test.for([
      ...captureLevels.map((captureLevel) => ({ captureLevel })),
      { upstreamIdleTimeoutMs: 100 },
      { upstreamIdleTimeoutMs: 86_400_000 },
    ])("a server with %j comes back as it was added, and as it was changed", async (fields) => {
      await using registry = await openFounded(open);
      await registry.addServer(server("a", fields), 0);
      await registry.addServer(server("b"), 0);
      const changed = await registry.changeServer(teamId, server("b").id, fields, startMs + 1);
      expect(await registry.findServer(teamId, server("a").id)).toEqual(server("a", fields));
      const expected = server("b", { ...fields, updatedAtMs: startMs + 1 });
      expect(changed).toEqual(expected);
      expect(await registry.findServer(teamId, server("b").id)).toEqual(expected);
    });

    test("a time limit of its own can be taken back", async () => {
      await using registry = await openFounded(open);
      const { id: ownId } = server("a");
      await registry.addServer(server("a", { upstreamIdleTimeoutMs: 500 }), 0);
      const kept = await registry.changeServer(teamId, ownId, { name: "n" }, startMs + 1);
      expect(kept?.upstreamIdleTimeoutMs).toBe(500);
      const changes = { name: "a", upstreamIdleTimeoutMs: null };
      const without = await registry.changeServer(teamId, ownId, changes, startMs + 2);
      expect(without).toStrictEqual(server("a", { updatedAtMs: startMs + 2 }));
      expect(await registry.findServer(teamId, ownId)).toStrictEqual(without);
    });

    test("a limit counts the servers of its own team", async () => {
      await using registry = await openFounded(open);
      const stranger = await addUser(registry, "other");
      const elsewhere = { teamId: team("other").id, userId: stranger.id };
      await registry.addServer(server("elsewhere", elsewhere), 1);
      await registry.addServer(server("a"), 1);
      const refused = registry.addServer(server("b"), 1, event("server.created"));
      await expect(refused).rejects.toMatchObject({ code: "plan_limit_reached" });
      expect(await trailOf(registry)).toEqual([]);
      await registry.addServer(server("b"), 0);
    });

    test("a new slug takes the place of the old one, which stays spent", async () => {
      await using registry = await openFounded(open);
      await registry.addServer(server("a"), 0);
      const { id: ownId, slug: oldSlug } = server("a");
      const changed = await registry.changeServer(teamId, ownId, { slug: "new" }, startMs + 1);
      const expected = server("a", { slug: "new", updatedAtMs: startMs + 1 });
      expect(changed).toEqual(expected);
      expect(await registry.servers(teamId)).toEqual([expected]);
      for (const slug of [oldSlug, "new"]) {
        const thief = registry.addServer(server("thief", { slug }), 0);
        await expect(thief).rejects.toMatchObject({ code: "resource_exists" });
      }
    });

    test.for([
      { whose: "another server's", slug: server("b").slug },
      { whose: "a removed server's", slug: server("gone").slug },
      { whose: "its own", slug: server("a").slug },
    ])("$whose slug is refused, and nothing is changed", async ({ slug }) => {
      await using registry = await openFounded(open);
      for (const label of ["a", "b", "gone"]) await registry.addServer(server(label), 0);
      await registry.removeServer(teamId, server("gone").id);
      const changes = { name: "changed", slug };
      const trail = [event("server.slug_rotated")];
      const changing = registry.changeServer(teamId, server("a").id, changes, startMs, trail);
      await expect(changing).rejects.toMatchObject({ code: "resource_exists" });
      expect(await registry.findServer(teamId, server("a").id)).toEqual(server("a"));
      expect(await trailOf(registry)).toEqual([]);
    });

    test("what happens to a server is audited, each event of a change in its order", async () => {
      await using registry = await openFounded(open);
      const { id: ownId } = server("a");
      await registry.addServer(server("a"), 0, event("server.created"));
      const events = [event("server.changed"), event("server.rerouted")];
      await registry.changeServer(teamId, ownId, { isActive: false }, startMs, events);
      await registry.changeServer(teamId, id("nothing"), { isActive: false }, startMs, events);
      await registry.removeServer(otherTeamId, ownId, event("server.removed"));
      await registry.removeServer(teamId, ownId, event("server.removed"));
      await registry.removeServer(teamId, ownId, event("server.removed"));
      const told = ["server.created", "server.changed", "server.rerouted", "server.removed"];
      expect(await trailOf(registry)).toEqual(told);
    });
  });

  describe("usage", () => {
    test("what is used in a month adds up by team", async () => {
      await using registry = await openFounded(open);
      expect(await registry.usage("2026-11")).toEqual(new Map());
      await registry.addUsage("2026-11", [
        { teamId, calls: 5 },
        { teamId: otherTeamId, calls: 1 },
        { teamId, calls: 2 },
      ]);
      await registry.addUsage("2026-11", [{ teamId, calls: 10 }]);
      await registry.addUsage("2026-12", [{ teamId, calls: 3 }]);
      expect(await registry.usage("2026-11")).toEqual(
        new Map([
          [teamId, 17],
          [otherTeamId, 1],
        ]),
      );
      expect(await registry.usage("2026-12")).toEqual(new Map([[teamId, 3]]));
    });

    test("a team that used nothing is absent", async () => {
      await using registry = await openFounded(open);
      await registry.addUsage("2026-11", [{ teamId, calls: 0 }]);
      await registry.addUsage("2026-11", []);
      expect(await registry.usage("2026-11")).toEqual(new Map());
    });

    test("nothing of what is added at once is lost", async () => {
      await using registry = await openFounded(open);
      const adding = Array.from({ length: 100 }, () =>
        registry.addUsage("2026-11", [{ teamId, calls: 1 }]),
      );
      await Promise.all(adding);
      expect(await registry.usage("2026-11")).toEqual(new Map([[teamId, 100]]));
    });
  });
}
