/** What the registry promises to who watches servers. */
import { describe, expect, test } from "vitest";
import { Directory } from "../../../src/proxy/directory.ts";
import type { ServerChange } from "../../../src/store/registry.ts";
import { id, server, startMs, teamId } from "../builders.ts";
import { type OpenRegistry, openFounded } from "./samples.ts";

export function watching(open: OpenRegistry): void {
  describe("watching servers", () => {
    test("a watcher is told of what is there, then of each change before its promise resolves", async () => {
      await using registry = await openFounded(open);
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
      await using registry = await openFounded(open);
      const told: ServerChange[] = [];
      using _watching = await registry.watchServers((change) => void told.push(change));
      await registry.addServer(server("a", { teamId: id("nowhere") }), 0).catch(() => {});
      await registry.changeServer(teamId, id("nothing"), { name: "c" }, startMs);
      await registry.removeServer(teamId, id("nothing"));
      expect(told).toEqual([]);
    });

    test("a disposed watcher is told nothing more, the others are", async () => {
      await using registry = await openFounded(open);
      const told: string[] = [];
      const first = await registry.watchServers(() => void told.push("first"));
      using _second = await registry.watchServers(() => void told.push("second"));
      first[Symbol.dispose]();
      await registry.addServer(server("a"), 0);
      expect(told).toEqual(["second"]);
    });

    test.for([
      { captureLevel: "off" },
      { upstreamIdleTimeoutMs: 5_000 },
      { slug: "a".repeat(26) },
      { isActive: false },
      { targetUrl: "https://elsewhere.example/mcp" },
    ] as const)("a change to %j is told", async (changes) => {
      await using registry = await openFounded(open);
      await registry.addServer(server("a"), 0);
      const told: ServerChange[] = [];
      using _watching = await registry.watchServers((change) => void told.push(change));
      await registry.changeServer(teamId, server("a").id, changes, startMs);
      const changed = server("a", { ...changes, updatedAtMs: startMs + 1 });
      expect(told.slice(1)).toEqual([{ kind: "present", server: changed }]);
    });

    test("the proxy finds a server by its new slug at once, and by the old one no more", async () => {
      await using registry = await openFounded(open);
      await registry.addServer(server("a"), 0);
      const directory = new Directory();
      using _watching = await registry.watchServers((change) => {
        if (change.kind === "present") directory.put(change.server);
        else directory.remove(change.server);
      });
      expect(directory.find(server("a").slug)).toMatchObject({ serverId: server("a").id });
      await registry.changeServer(teamId, server("a").id, { slug: "b".repeat(26) }, startMs);
      expect(directory.find(server("a").slug)).toBeUndefined();
      expect(directory.find("b".repeat(26))).toMatchObject({ serverId: server("a").id });
    });
  });
}
