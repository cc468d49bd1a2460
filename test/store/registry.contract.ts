/** The promises of `src/store/registry.ts`, as tests. Each driver runs all of them. */
import { describe, expect, test } from "vitest";
import type { Founding, Registry, ServerChange } from "../../src/store/registry.ts";
import { apiKey, id, otherTeamId, server, startMs, teamId, userId } from "./builders.ts";

const founding: Founding = {
  user: { id: userId, email: "owner@example.com", createdAtMs: startMs },
  team: { id: teamId, name: "Owners", createdAtMs: startMs },
};

export function registryContract(open: () => Promise<Registry>): void {
  const founded = async () => {
    const registry = await open();
    await registry.bootstrap(founding);
    return registry;
  };

  describe("bootstrap", () => {
    test("the first one founds, later ones return what it made", async () => {
      await using registry = await open();
      expect(await registry.bootstrap(founding)).toEqual({ ...founding, created: true });
      const other = {
        user: { id: id("other"), email: "other@example.com", createdAtMs: 1 },
        team: { id: otherTeamId, name: "Others", createdAtMs: 1 },
      };
      expect(await registry.bootstrap(other)).toEqual({ ...founding, created: false });
      await expect(
        registry.addServer(server("a", { teamId: otherTeamId }), 0),
      ).rejects.toMatchObject({ code: "resource_not_found" });
    });
  });

  describe("keys", () => {
    test("a key is found by the digest of its secret", async () => {
      await using registry = await founded();
      await registry.addKey(apiKey("a"));
      expect(await registry.findKey(apiKey("a").secretDigest)).toEqual(apiKey("a"));
      expect(await registry.findKey(apiKey("b").secretDigest)).toBeUndefined();
      expect(await registry.findKey("' OR 1=1 --")).toBeUndefined();
    });

    test("keys are listed newest first", async () => {
      await using registry = await founded();
      const [old, young] = [apiKey("old", { createdAtMs: 1 }), apiKey("young", { createdAtMs: 3 })];
      const twins = [apiKey("x", { createdAtMs: 2 }), apiKey("y", { createdAtMs: 2 })];
      for (const key of [old, young, ...twins]) await registry.addKey(key);
      const byId = twins.toSorted((a, b) => (a.id < b.id ? 1 : -1));
      expect(await registry.keys(teamId)).toEqual([young, ...byId, old]);
    });

    test.for([
      { name: "id", twin: apiKey("b", { id: apiKey("a").id }) },
      { name: "secret", twin: apiKey("b", { secretDigest: apiKey("a").secretDigest }) },
    ])("a second key with the same $name is refused", async ({ twin }) => {
      await using registry = await founded();
      await registry.addKey(apiKey("a"));
      await expect(registry.addKey(twin)).rejects.toMatchObject({ code: "resource_exists" });
      expect(await registry.keys(teamId)).toEqual([apiKey("a")]);
    });

    test.for([
      { name: "team", stray: { teamId: id("nowhere") } },
      { name: "user", stray: { userId: id("nobody") } },
    ])("a key or server of an unknown $name is refused", async ({ stray }) => {
      await using registry = await founded();
      const refusal = { code: "resource_not_found" };
      await expect(registry.addKey(apiKey("a", stray))).rejects.toMatchObject(refusal);
      await expect(registry.addServer(server("a", stray), 0)).rejects.toMatchObject(refusal);
    });

    test("a removed key is not found, and only its team removes it", async () => {
      await using registry = await founded();
      await registry.addKey(apiKey("a"));
      expect(await registry.removeKey(otherTeamId, apiKey("a").id)).toBe(false);
      expect(await registry.removeKey(teamId, apiKey("a").id)).toBe(true);
      expect(await registry.removeKey(teamId, apiKey("a").id)).toBe(false);
      expect(await registry.findKey(apiKey("a").secretDigest)).toBeUndefined();
      expect(await registry.keys(teamId)).toEqual([]);
    });
  });

  describe("servers", () => {
    test("a server comes back as it was added", async () => {
      await using registry = await founded();
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
      await using registry = await founded();
      const [old, young] = [server("old", { createdAtMs: 1 }), server("young", { createdAtMs: 3 })];
      const twins = [server("x", { createdAtMs: 2 }), server("y", { createdAtMs: 2 })];
      for (const each of [old, young, ...twins]) await registry.addServer(each, 0);
      const byId = twins.toSorted((a, b) => (a.id < b.id ? 1 : -1));
      expect(await registry.servers(teamId)).toEqual([young, ...byId, old]);
    });

    test("parallel additions never exceed the limit", async () => {
      await using registry = await founded();
      const attempts = Array.from({ length: 50 }, (_, i) => registry.addServer(server(`${i}`), 3));
      const results = await Promise.allSettled(attempts);
      const refused = results.filter((result) => result.status === "rejected");
      expect(refused).toHaveLength(47);
      for (const { reason } of refused)
        expect(reason).toMatchObject({ code: "plan_limit_reached" });
      expect(await registry.servers(teamId)).toHaveLength(3);
    });

    test("a refused server leaves its slug unspent, a removed one makes room", async () => {
      await using registry = await founded();
      await registry.addServer(server("a"), 1);
      await expect(registry.addServer(server("b"), 1)).rejects.toMatchObject({
        code: "plan_limit_reached",
      });
      await registry.removeServer(teamId, server("a").id);
      await registry.addServer(server("b"), 1);
      expect(await registry.servers(teamId)).toEqual([server("b")]);
    });

    test("a slug is never given out twice, not even after its server is gone", async () => {
      await using registry = await founded();
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
      await using registry = await founded();
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
      await using registry = await founded();
      await registry.addServer(server("a"), 0);
      const first = await registry.changeServer(teamId, server("a").id, {}, startMs);
      expect(first?.updatedAtMs).toBe(startMs + 1);
      const targetUrl = "https://elsewhere.example/mcp";
      const second = await registry.changeServer(teamId, server("a").id, { targetUrl }, 5);
      expect(second).toEqual(server("a", { targetUrl, updatedAtMs: startMs + 2 }));
    });

    test("another team neither sees, changes nor removes a server", async () => {
      await using registry = await founded();
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
      await using registry = await founded();
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
  });

  describe("watching servers", () => {
    test("a watcher is told of what is there, then of each change before its promise resolves", async () => {
      await using registry = await founded();
      await registry.addServer(server("a"), 0);
      const told: ServerChange[] = [];
      using _watching = await registry.watchServers((change) => void told.push(change));
      expect(told).toEqual([{ kind: "present", server: server("a") }]);
      await registry.addServer(server("b"), 0);
      expect(told.slice(1)).toEqual([{ kind: "present", server: server("b") }]);
      const changed = await registry.changeServer(teamId, server("a").id, { name: "c" }, startMs);
      expect(told.slice(2)).toEqual([{ kind: "present", server: changed }]);
      await registry.removeServer(teamId, server("a").id);
      expect(told.slice(3)).toEqual([{ kind: "removed", server: changed }]);
    });

    test("a change that does not happen is not told", async () => {
      await using registry = await founded();
      const told: ServerChange[] = [];
      using _watching = await registry.watchServers((change) => void told.push(change));
      await registry.addServer(server("a", { teamId: id("nowhere") }), 0).catch(() => {});
      await registry.changeServer(teamId, id("nothing"), { name: "c" }, startMs);
      await registry.removeServer(teamId, id("nothing"));
      expect(told).toEqual([]);
    });

    test("a disposed watcher is told nothing more, the others are", async () => {
      await using registry = await founded();
      const told: string[] = [];
      const first = await registry.watchServers(() => void told.push("first"));
      using _second = await registry.watchServers(() => void told.push("second"));
      first[Symbol.dispose]();
      await registry.addServer(server("a"), 0);
      expect(told).toEqual(["second"]);
    });
  });

  describe("secrets", () => {
    test("a secret is 32 random bytes, the same ever after, another for each name", async () => {
      await using registry = await open();
      const first = await registry.secret("session");
      expect(first).toHaveLength(32);
      expect(await registry.secret("session")).toEqual(first);
      expect(await registry.secret("other")).not.toEqual(first);
    });
  });
}
