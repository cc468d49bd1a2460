/** What the registry promises of API keys. */
import { describe, expect, test } from "vitest";
import { scopes } from "../../../src/api-key.ts";
import { apiKey, id, otherTeamId, startMs, teamId } from "../builders.ts";
import { addUser, event, type OpenRegistry, openFounded, team, trailOf } from "./samples.ts";

export function keys(open: OpenRegistry): void {
  describe("keys", () => {
    test("a key is found by the digest of its secret", async () => {
      await using registry = await openFounded(open);
      await registry.addKey(apiKey("a"), 0);
      expect(await registry.findKey(apiKey("a").secretDigest)).toEqual(apiKey("a"));
      expect(await registry.findKey(apiKey("b").secretDigest)).toBeUndefined();
      expect(await registry.findKey("' OR 1=1 --")).toBeUndefined();
    });

    test.for([
      { name: "every scope", key: apiKey("a", { scopes }) },
      { name: "no scope", key: apiKey("a", { scopes: [] }) },
      { name: "an end", key: apiKey("a", { expiresAtMs: startMs + 1 }) },
      { name: "an end long ago", key: apiKey("a", { expiresAtMs: 1 }) },
      {
        name: "a use",
        key: apiKey("a", { lastUsedAtMs: startMs + 2, lastUsedIp: "2001:db8::1" }),
      },
    ])("a key with $name comes back as it was added", async ({ key }) => {
      await using registry = await openFounded(open);
      await registry.addKey(key, 0);
      expect(await registry.findKey(key.secretDigest)).toEqual(key);
      expect(await registry.keys(teamId)).toEqual([key]);
    });

    test("keys are listed newest first: by creation, then by id", async () => {
      await using registry = await openFounded(open);
      const [old, young] = [apiKey("old", { createdAtMs: 1 }), apiKey("young", { createdAtMs: 3 })];
      const twins = [apiKey("x", { createdAtMs: 2 }), apiKey("y", { createdAtMs: 2 })];
      for (const key of [old, young, ...twins]) await registry.addKey(key, 0);
      const byId = twins.toSorted((a, b) => (a.id < b.id ? 1 : -1));
      expect(await registry.keys(teamId)).toEqual([young, ...byId, old]);
      expect(await registry.keys(otherTeamId)).toEqual([]);
    });

    test.for([
      { name: "id", twin: apiKey("b", { id: apiKey("a").id }) },
      { name: "secret", twin: apiKey("b", { secretDigest: apiKey("a").secretDigest }) },
    ])("a second key with the same $name is refused", async ({ twin }) => {
      await using registry = await openFounded(open);
      await registry.addKey(apiKey("a"), 0);
      const adding = registry.addKey(twin, 0, event("key.created"));
      await expect(adding).rejects.toMatchObject({ code: "resource_exists" });
      expect(await registry.keys(teamId)).toEqual([apiKey("a")]);
      expect(await trailOf(registry)).toEqual([]);
    });

    test.for([
      { name: "team", stray: { teamId: id("nowhere") } },
      { name: "user", stray: { userId: id("nobody") } },
    ])("a key of an unknown $name is refused", async ({ stray }) => {
      await using registry = await openFounded(open);
      const adding = registry.addKey(apiKey("a", stray), 0, event("key.created"));
      await expect(adding).rejects.toMatchObject({ code: "resource_not_found" });
      expect(await registry.findKey(apiKey("a").secretDigest)).toBeUndefined();
      expect(await trailOf(registry)).toEqual([]);
    });

    test("parallel additions never exceed the limit", async () => {
      await using registry = await openFounded(open);
      const attempts = Array.from({ length: 50 }, (_, i) =>
        registry.addKey(apiKey(`${i}`), 3, event("key.created")),
      );
      const results = await Promise.allSettled(attempts);
      const refused = results.filter((result) => result.status === "rejected");
      expect(refused).toHaveLength(47);
      for (const { reason } of refused)
        expect(reason).toMatchObject({ code: "plan_limit_reached" });
      expect(await registry.keys(teamId)).toHaveLength(3);
      expect(await trailOf(registry)).toHaveLength(3);
    });

    test("keys count towards the limit of their own team until they are over", async () => {
      await using registry = await openFounded(open);
      const stranger = await addUser(registry, "other");
      const elsewhere = { teamId: team("other").id, userId: stranger.id };
      await registry.addKey(apiKey("elsewhere", elsewhere), 1);
      await registry.addKey(apiKey("a", { expiresAtMs: startMs + 10 }), 1);
      const early = apiKey("early", { createdAtMs: startMs + 9 });
      await expect(registry.addKey(early, 1)).rejects.toMatchObject({ code: "plan_limit_reached" });
      await registry.addKey(apiKey("late", { createdAtMs: startMs + 10 }), 1);
      const third = registry.addKey(apiKey("third", { createdAtMs: startMs + 11 }), 1);
      await expect(third).rejects.toMatchObject({ code: "plan_limit_reached" });
      await registry.removeKey(teamId, apiKey("late").id);
      await registry.addKey(apiKey("third", { createdAtMs: startMs + 11 }), 1);
      await registry.addKey(apiKey("any number"), 0);
    });

    test("a removed key is not found, and only its team removes it", async () => {
      await using registry = await openFounded(open);
      await registry.addKey(apiKey("a"), 0);
      const trail = event("key.revoked");
      expect(await registry.removeKey(otherTeamId, apiKey("a").id, trail)).toBe(false);
      expect(await registry.removeKey(teamId, apiKey("a").id, trail)).toBe(true);
      expect(await registry.removeKey(teamId, apiKey("a").id, trail)).toBe(false);
      expect(await registry.findKey(apiKey("a").secretDigest)).toBeUndefined();
      expect(await registry.keys(teamId)).toEqual([]);
      expect(await trailOf(registry)).toEqual(["key.revoked"]);
    });

    test("a key remembers its last use, and changes in nothing else", async () => {
      await using registry = await openFounded(open);
      const key = apiKey("a", { expiresAtMs: startMs + 5 });
      await registry.addKey(key, 0);
      await registry.addKey(apiKey("b"), 0);
      for (const [atMs, ip] of [
        [startMs + 1, "192.0.2.1"],
        [startMs + 2, "192.0.2.2"],
      ] as const) {
        await registry.noteKeyUse(key.id, atMs, ip);
        const used = { ...key, lastUsedAtMs: atMs, lastUsedIp: ip };
        expect(await registry.findKey(key.secretDigest)).toEqual(used);
      }
      expect(await registry.findKey(apiKey("b").secretDigest)).toEqual(apiKey("b"));
      await registry.noteKeyUse(id("no key"), startMs, "192.0.2.1", event("key.created"));
      expect(await trailOf(registry)).toEqual([]);
    });

    test("a use is audited when it is from another address than the last one", async () => {
      await using registry = await openFounded(open);
      await registry.addKey(apiKey("a"), 0);
      const addresses = ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.1"];
      const noting = addresses.map((ip, n) => {
        const trail = event("key.used_from_new_address", { sourceIp: ip });
        return registry.noteKeyUse(apiKey("a").id, startMs + n, ip, trail);
      });
      await Promise.all(noting);
      const entries = await registry.audit(teamId, { limit: 10, actions: [] });
      const told = entries.map(({ sourceIp }) => sourceIp).reverse();
      expect(told).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.1"]);
    });
  });
}
